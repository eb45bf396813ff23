// SPDX-License-Identifier: Apache-2.0

package metrictest

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/quipu-metrics/quipu/engine"
)

// Compare compares families of the registry with the expected text of a page. It reports whether
// they are equal; if not, it marks the test as failed and shows the difference.
//
// Compare takes the families with the given names or, without names, those that the text mentions.
// Each family must have exactly the samples that the text has for it: a series too few or too many
// is a difference. To check that a metric has no series, give its name and leave it out of the
// text. A name that is not registered is an error.
//
// The order of lines and of labels does not matter, and lines may be indented. HELP and TYPE are
// compared only if the text has them. Values are compared as numbers: 1 equals 1.0, and NaN equals
// NaN.
func Compare(tb testing.TB, reg *engine.Registry, want string, names ...string) bool {
	tb.Helper()
	got := gather(tb, reg)
	expected, err := parseExpected(want, got)
	if err != nil {
		tb.Fatalf("the expected text is not valid: %v", err)
	}
	if len(names) == 0 {
		for _, f := range expected {
			names = append(names, f.Name)
		}
	}
	for _, f := range expected {
		if !slices.Contains(names, f.Name) {
			tb.Fatalf("the expected text has the family %s, which is not among those to compare: %s",
				f.Name, strings.Join(names, ", "))
		}
	}
	if len(names) == 0 {
		tb.Fatalf("nothing to compare: the expected text mentions no family and no name is given")
	}
	if unknown := undefined(reg, expected, got, names); len(unknown) > 0 {
		tb.Errorf("no such metric is registered: %s%s", strings.Join(unknown, ", "), listNames(got))
		return false
	}
	var d diff
	for _, name := range names {
		d.family(named(expected, name), named(got, name))
	}
	if !d.differs {
		return true
	}
	tb.Errorf("metrics differ (- is expected, + is exposed):\n%s", d.text())
	return false
}

// undefined returns the names that are neither registered nor expected to have samples. Comparing
// them would find no difference.
func undefined(reg *engine.Registry, expected, got []Family, names []string) (unknown []string) {
	known := make(map[string]bool)
	for info := range reg.All() {
		known[info.Name] = true
	}
	for _, families := range [][]Family{expected, got} {
		for _, f := range families {
			known[f.Name] = true
		}
	}
	for _, name := range names {
		if !known[name] {
			unknown = append(unknown, name)
		}
	}
	return unknown
}

// named returns the family with this name, or an empty one.
func named(families []Family, name string) Family {
	for _, f := range families {
		if f.Name == name {
			return f
		}
	}
	return Family{Name: name}
}

func sameValue(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }

// diff collects lines that begin with "-", "+" or, if they are the same on both sides, a space.
type diff struct {
	lines   []string
	differs bool
}

// family compares two families.
func (d *diff) family(want, got Family) {
	d.comment("HELP", want.Name, want.Help, got.Help)
	d.comment("TYPE", want.Name, want.Type, got.Type)
	w := slices.SortedFunc(slices.Values(want.Samples), Sample.compare)
	g := slices.SortedFunc(slices.Values(got.Samples), Sample.compare)
	for len(w) > 0 || len(g) > 0 {
		switch {
		case len(g) == 0 || len(w) > 0 && w[0].compare(g[0]) < 0:
			d.only("-", w[0].String())
			w = w[1:]
		case len(w) == 0 || w[0].compare(g[0]) > 0:
			d.only("+", g[0].String())
			g = g[1:]
		default:
			if sameValue(w[0].Value, g[0].Value) {
				d.lines = append(d.lines, "  "+g[0].String())
			} else {
				d.only("-", w[0].String())
				d.only("+", g[0].String())
			}
			w, g = w[1:], g[1:]
		}
	}
}

// comment compares a HELP or TYPE line if the text has one. It does not report that an exposed
// family is missing: the samples show that.
func (d *diff) comment(kind, name, want, got string) {
	switch {
	case want == "":
	case want == got:
		d.lines = append(d.lines, fmt.Sprintf("  # %s %s %s", kind, name, got))
	default:
		d.only("-", fmt.Sprintf("# %s %s %s", kind, name, want))
		if got != "" {
			d.only("+", fmt.Sprintf("# %s %s %s", kind, name, got))
		}
	}
}

// only adds a line that is on one side.
func (d *diff) only(side, line string) {
	d.lines = append(d.lines, side+" "+line)
	d.differs = true
}

// contextLines is how many equal lines are shown on each side of a difference.
const contextLines = 3

// text returns the differences, each with a few equal lines around it.
func (d *diff) text() string {
	near := make([]bool, len(d.lines))
	for i, line := range d.lines {
		if line[0] != ' ' {
			for j := max(0, i-contextLines); j <= min(i+contextLines, len(near)-1); j++ {
				near[j] = true
			}
		}
	}
	var b strings.Builder
	left := 0
	for i, line := range d.lines {
		if !near[i] {
			left++
			continue
		}
		leftOut(&b, left)
		left = 0
		b.WriteString(line + "\n")
	}
	leftOut(&b, left)
	return b.String()
}

// leftOut writes how many equal lines are left out.
func leftOut(b *strings.Builder, lines int) {
	if lines > 0 {
		fmt.Fprintf(b, "  (%d lines that are the same)\n", lines)
	}
}
