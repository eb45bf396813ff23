// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/internal/conventions"
	"github.com/quipu-metrics/quipu/metricdoc"
)

// view selects the series that top shows, and their order.
type view struct {
	sort   int // index of orders
	filter string
	typing bool // the filter is being typed
}

// orders are those of the key s. Numbers that are not known come last, and equal ones by name.
var orders = []struct {
	name string
	less func(a, b *row) int
}{
	{"rate", func(a, b *row) int { return descending(a.change.Rate, b.change.Rate) }},
	{"value", func(a, b *row) int { return descending(a.change.Value, b.change.Value) }},
	{"p99", func(a, b *row) int { return descending(a.change.P99, b.change.P99) }},
	{"name", func(a, b *row) int { return 0 }},
}

func descending(a, b float64) int {
	switch aNaN, bNaN := math.IsNaN(a), math.IsNaN(b); {
	case aNaN && bNaN:
		return 0
	case aNaN:
		return 1
	case bNaN:
		return -1
	}
	return cmp.Compare(b, a)
}

// row is a line of the table.
type row struct {
	name   string
	change *metricdoc.Change
}

// rows returns the lines in their order.
func (v *view) rows(changes []metricdoc.Change) (rows []row) {
	for i := range changes {
		name := seriesName(&changes[i])
		if strings.Contains(strings.ToLower(name), strings.ToLower(v.filter)) {
			rows = append(rows, row{name, &changes[i]})
		}
	}
	slices.SortFunc(rows, func(a, b row) int {
		return cmp.Or(orders[v.sort].less(&a, &b), strings.Compare(a.name, b.name))
	})
	return rows
}

// seriesName returns the name of a series with its labels. Values are quoted, so that nothing in
// them reaches the terminal but printable characters.
func seriesName(c *metricdoc.Change) string {
	name := c.Family.Name
	if !encode.ValidMetricName(name) {
		name = strconv.Quote(name)
	}
	var labels []string
	for _, l := range c.Series.Labels {
		label := l.Name
		if !encode.ValidLabelName(label) {
			label = strconv.Quote(label)
		}
		labels = append(labels, label+"="+strconv.Quote(l.Value))
	}
	if labels == nil {
		return name
	}
	return name + "{" + strings.Join(labels, ",") + "}"
}

// titles are those of the columns of numbers.
var titles = []string{"per second", "value", "p50", "p90", "p99"}

const (
	numberWidth = 11 // of a column of numbers, with the blank before it
	leastName   = 30 // columns for the names of series, unless only one number is shown
)

// table returns the lines of a table, without their ends. width is that of a line; 0 is unbounded.
func (v *view) table(changes []metricdoc.Change, width int) []string {
	rows := v.rows(changes)
	nameWidth := len("series")
	for _, r := range rows {
		nameWidth = max(nameWidth, len([]rune(r.name)))
	}
	shown := len(titles)
	if width > 0 {
		for shown > 1 && width-shown*numberWidth < min(nameWidth, leastName) {
			shown-- // on a narrow terminal the last columns are left out
		}
		nameWidth = max(min(nameWidth, width-shown*numberWidth), len("series"))
	}
	line := func(name string, numbers ...string) string {
		var b strings.Builder
		b.WriteString(fit(name, nameWidth))
		for _, n := range numbers[:shown] {
			fmt.Fprintf(&b, "%*s", numberWidth, n)
		}
		if width > 0 {
			return strings.TrimRight(fit(b.String(), width), " ")
		}
		return strings.TrimRight(b.String(), " ")
	}
	lines := []string{line("series", titles...)}
	for _, r := range rows {
		c := r.change
		unit := c.Family.Unit
		if conventions.IsClockTime(c.Family.Name, c.Value) {
			unit = "" // and no duration
		}
		rate := ""
		if unit == "bytes" && c.Series.Histogram == nil && c.Series.Summary == nil {
			rate = unit // and not observations
		}
		lines = append(lines, line(r.name, amount(c.Rate, rate), amount(c.Value, unit), amount(c.P50, unit),
			amount(c.P90, unit), amount(c.P99, unit)))
	}
	return lines
}

// fit makes a text as wide as this, by blanks at its end or by leaving out what is too much.
func fit(text string, width int) string {
	runes := []rune(text)
	if len(runes) > width {
		return string(runes[:max(width-1, 0)]) + "…"
	}
	return text + strings.Repeat(" ", width-len(runes))
}

// amount returns a number with three or four digits and its unit, or a dash if it is not known.
func amount(v float64, unit string) string {
	size := math.Abs(v)
	scaled := func(steps ...any) string {
		for i := 0; i < len(steps); i += 2 {
			if step := steps[i].(float64); size >= step {
				return strconv.FormatFloat(v/step, 'g', 4, 64) + steps[i+1].(string)
			}
		}
		return strconv.FormatFloat(v, 'g', 4, 64) + steps[len(steps)-1].(string)
	}
	switch {
	case math.IsNaN(v):
		return "-"
	case v == 0 || math.IsInf(v, 0):
		return strconv.FormatFloat(v, 'g', -1, 64)
	case unit == "seconds" && size < 1000:
		return scaled(1.0, "s", 1e-3, "ms", 1e-6, "µs", 1e-9, "ns")
	case unit == "bytes":
		return scaled(0x1p40, "TiB", 0x1p30, "GiB", 0x1p20, "MiB", 0x1p10, "KiB", 1.0, "B")
	case v == math.Trunc(v) && size < 1e7:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return scaled(1e12, "T", 1e9, "G", 1e6, "M", 1e3, "k", 1.0, "")
}

// key handles a key, and reports whether it ends the program.
func (v *view) key(key byte) (quit bool) {
	const escape, backspace, del = 0x1b, 0x08, 0x7f
	switch {
	case v.typing && (key == '\r' || key == '\n'):
		v.typing = false
	case v.typing && key == escape:
		v.typing, v.filter = false, ""
	case v.typing && (key == backspace || key == del):
		runes := []rune(v.filter)
		v.filter = string(runes[:max(len(runes)-1, 0)])
	case v.typing && key >= ' ':
		v.filter += string([]byte{key}) // a character may be several keys
	case v.typing:
	case key == 'q':
		return true
	case key == 's':
		v.sort = (v.sort + 1) % len(orders)
	case key == '/':
		v.typing, v.filter = true, ""
	}
	return false
}

// status returns the line below the table.
func (v *view) status() string {
	filter := printable(v.filter)
	if v.typing {
		return "filter: " + filter + "_  (Enter, Esc)"
	}
	text := "q quit  s sort: " + orders[v.sort].name + "  / filter"
	if filter != "" {
		text += ": " + filter
	}
	return text
}
