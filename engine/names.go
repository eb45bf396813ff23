// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/quipu-metrics/quipu/encode"
)

// names is the index of a registry's definitions. Its owner's mutex guards it.
//
// Definitions of one name stand side by side when no label set can belong to both of them. They have one type, help and
// unit, because a page shows them as one family, and so they have the same sample names too.
type names struct {
	families map[string][]*family // by the name as exposed, in the order of their definition
	claims   map[string]string    // from the sample names of all metrics to the names of these
}

func newNames() names {
	return names{families: make(map[string][]*family), claims: make(map[string]string)}
}

// add enters a family, which stands beside those of its name.
func (n *names) add(f *family) {
	n.families[f.def.name] = append(n.families[f.def.name], f)
	for _, sample := range f.def.series() {
		n.claims[sample] = f.def.name
	}
}

// remove takes a family out. Its sample names are free with the last family of the name.
func (n *names) remove(f *family) {
	rest := slices.DeleteFunc(n.families[f.def.name], func(other *family) bool { return other == f })
	if len(rest) > 0 {
		n.families[f.def.name] = rest
		return
	}
	delete(n.families, f.def.name)
	for _, sample := range f.def.series() {
		delete(n.claims, sample)
	}
}

// claimant returns a family of another name that has one of the definition's sample names, and which.
func (n *names) claimant(d *definition) (f *family, sample string) {
	for _, sample := range d.series() {
		if name, ok := n.claims[sample]; ok && name != d.name {
			return n.families[name][0], sample
		}
	}
	return nil, ""
}

// sharing returns the family of the definition's name that may have a label set in common with it, or nil. differs says
// how that one, or any other of the name, differs so that both cannot be: it is empty if they are the same metric.
func (n *names) sharing(d *definition) (f *family, differs []difference) {
	list := n.families[d.name]
	if len(list) == 0 {
		return nil, nil
	}
	if differs = d.differsInHeader(&list[0].def); differs != nil {
		return list[0], differs
	}
	for _, f := range list {
		if !d.apart(&f.def) {
			return f, d.differsInSeries(&f.def)
		}
	}
	return nil, nil
}

// apart reports whether no label set can belong to both definitions: some constant label of one is, in the other, a
// constant of another value or absent. An empty label is an absent one.
func (d *definition) apart(other *definition) bool { return d.excludes(other) || other.excludes(d) }

// excludes reports whether one of d's constant labels keeps all series of other from being d's.
func (d *definition) excludes(other *definition) bool {
	for name, value := range d.consts {
		if value == "" {
			continue
		}
		if theirs, ok := other.consts[name]; ok {
			if theirs != value {
				return true
			}
			continue
		}
		if !other.open && !slices.Contains(other.labels, name) {
			return true
		}
	}
	return false
}

// difference is a field in which two definitions of one name differ.
type difference struct{ field, here, there string }

// addDifference appends a difference if there is one.
func addDifference(list []difference, differ bool, field, here, there string) []difference {
	if differ {
		list = append(list, difference{field, here, there})
	}
	return list
}

// differsInHeader compares what all definitions of a name have in common. With another type, nothing else is compared.
func (d *definition) differsInHeader(other *definition) []difference {
	if d.kind != other.kind {
		return []difference{{"type", d.kind.String(), other.kind.String()}}
	}
	list := addDifference(nil, d.help != other.help, "help", quote(d.help), quote(other.help))
	return addDifference(list, d.unit != other.unit, "unit", quote(d.unit), quote(other.unit))
}

// differsInSeries compares the rest, but for limits.
func (d *definition) differsInSeries(other *definition) (list []difference) {
	labels := d.vec != other.vec || d.open != other.open || !slices.Equal(d.labels, other.labels)
	list = addDifference(list, labels, "label names", d.labelNames(), other.labelNames())
	list = addDifference(list, !maps.Equal(nonEmpty(d.consts), nonEmpty(other.consts)), "constant labels",
		fmt.Sprint(map[string]string(d.consts)), fmt.Sprint(map[string]string(other.consts)))
	here, there := d.origin(), other.origin()
	if here == there && d.source != other.source {
		there = "another collector"
	}
	list = addDifference(list, here != there, "origin", here, there)
	list = addDifference(list, (d.bounds == nil) != (other.bounds == nil) || !slices.Equal(d.buckets, other.buckets), "buckets",
		brief(fmt.Sprint(d.buckets)), brief(fmt.Sprint(other.buckets)))
	native := (d.native == nil) != (other.native == nil) || d.native != nil && *d.native != *other.native
	list = addDifference(list, native, "native buckets", d.nativeOptions(), other.nativeOptions())
	list = addDifference(list, !maps.Equal(d.objectives, other.objectives), "objectives",
		brief(fmt.Sprint(d.objectives)), brief(fmt.Sprint(other.objectives)))
	list = addDifference(list, d.maxAge != other.maxAge, "maximum age", d.maxAge.String(), other.maxAge.String())
	return addDifference(list, (d.exemplarsFrom == nil) != (other.exemplarsFrom == nil), "exemplars from contexts",
		strconv.FormatBool(d.exemplarsFrom != nil), strconv.FormatBool(other.exemplarsFrom != nil))
}

// differsInLimits compares limits, which do not make another metric.
func (d *definition) differsInLimits(other *definition) []difference {
	return addDifference(nil, d.maxSeries != other.maxSeries, "series limit",
		strconv.Itoa(d.maxSeries), strconv.Itoa(other.maxSeries))
}

func (d *definition) labelNames() string {
	switch {
	case d.open:
		return "any"
	case len(d.labels) == 0:
		if d.vec {
			return "none of a Vec"
		}
		return "none"
	default:
		return "(" + strings.Join(d.labels, ", ") + ")"
	}
}

func (d *definition) origin() string {
	switch {
	case d.callback:
		return "a function"
	case d.source != nil:
		return "a collector"
	default:
		return "the program"
	}
}

func (d *definition) nativeOptions() string {
	if d.native == nil {
		return "none"
	}
	return fmt.Sprintf("%+v", *d.native)
}

func nonEmpty(set Labels) Labels {
	set = maps.Clone(set)
	maps.DeleteFunc(set, func(_, value string) bool { return value == "" })
	return set
}

// brief shortens what is long, for error messages.
func brief(s string) string {
	const most = 120
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}

func quote(s string) string { return strconv.Quote(brief(s)) }

// describe says how a definition differs from the family that is there.
func describe(list []difference, there *family) string {
	var b strings.Builder
	for _, d := range list {
		verb := "differs"
		if strings.HasSuffix(d.field, "s") {
			verb = "differ"
		}
		fmt.Fprintf(&b, "%s %s: %s, but %s in the first definition; ", d.field, verb, d.here, d.there)
	}
	return strings.TrimSuffix(b.String(), "; ") + ", at " + there.where
}

// unsuffixed is the name that OpenMetrics gives to the family of a counter: without _total. It is empty where the name
// does not end so, and for other types.
func (d *definition) unsuffixed() string {
	if d.kind != encode.Counter {
		return ""
	}
	base, _ := strings.CutSuffix(d.name, "_total")
	if base == d.name {
		return ""
	}
	return base
}

// hasName reports whether one of the families, which are sorted by name, has a metric or samples of this name. It
// allocates nothing.
func hasName(families []*family, name string) bool {
	if find(families, name) != nil {
		return true
	}
	for _, suffix := range [...]string{"_bucket", "_sum", "_count", "_created"} {
		base, ok := strings.CutSuffix(name, suffix)
		if !ok {
			continue
		}
		if f := find(families, base); f != nil && f.def.hasSample(suffix) {
			return true
		}
	}
	if base, ok := strings.CutSuffix(name, "_created"); ok {
		i, found := slices.BinarySearchFunc(families, base, func(f *family, base string) int {
			return compareJoined(f.def.name, base, "_total")
		})
		return found && families[i].def.kind == encode.Counter
	}
	return false
}

// find returns the first family of a name, or nil.
func find(families []*family, name string) *family {
	i, ok := slices.BinarySearchFunc(families, name, func(f *family, name string) int { return strings.Compare(f.def.name, name) })
	if !ok {
		return nil
	}
	return families[i]
}

// compareJoined compares name with the concatenation of the other two, without making it.
func compareJoined(name, first, second string) int {
	if len(name) <= len(first) {
		if c := strings.Compare(name, first[:len(name)]); c != 0 {
			return c
		}
		return -1 // second is not empty
	}
	if c := strings.Compare(name[:len(first)], first); c != 0 {
		return c
	}
	return strings.Compare(name[len(first):], second)
}

// hasSample reports whether the metric has samples of its name with this suffix.
func (d *definition) hasSample(suffix string) bool {
	switch d.kind {
	case encode.Histogram:
		return true
	case encode.Summary:
		return suffix != "_bucket"
	default:
		return false
	}
}
