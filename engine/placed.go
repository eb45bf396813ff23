// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"maps"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/internal/labeltext"
)

// place is how a definition stands on pages: those of its own registry, or of one that has this
// registry mounted.
type place struct {
	def  *definition
	name string // as exposed
	tail *tail  // nil: no mount adds labels
}

// tail holds the constant labels of the series of a metric that is mounted with labels. They stand
// at the end of the labels.
type tail struct {
	added []Label // those of mounts, sorted by name, with clean values
	text  string  // all of them, sorted by name
	cut   int     // the length of the constant labels that the series have without the mounts
}

// placed is a family at a place.
type placed struct {
	place
	fam     *family
	enc     *encode.Family
	unknown atomic.Pointer[encode.Family] // see encoder; made when it is first needed
	quoted  quoted
	alike   uint8 // the escapings by which two labels of all series become one: see labeltext.Alike
}

// escaped is what pages with one escaping know about the names of a list's families.
type escaped struct {
	left   map[*placed]fault  // families that are left out, and why
	claims map[string]*placed // from the escaped sample names of families to these; not of plain names
}

// quoted says which names of a family need quotes, and so have to be escaped for some pages.
type quoted uint8

const (
	quotedName   quoted = 1 << iota // that of the metric
	quotedLabels                    // that of a label which all series have
	quotedSeries                    // any series may have labels with such names
)

// setQuoted sets what has to be known about the names for pages that escape them.
func (p *placed) setQuoted() {
	if !labeltext.ValidMetricName(p.name) {
		p.quoted |= quotedName
	}
	labels := slices.Clone(p.def.labels)
	for name := range p.constants {
		labels = append(labels, name)
	}
	for _, name := range labels {
		if !labeltext.ValidName(name) {
			p.quoted |= quotedLabels
		}
	}
	if p.def.open && bool(p.def.naming) {
		p.quoted |= quotedSeries
	}
	if p.quoted&quotedLabels != 0 {
		p.alike = labeltext.AlikeNames(labels)
	}
}

// String describes the definition for error messages and log lines.
func (p *place) String() string { return p.def.named(p.name) }

// constants walks the constant labels, those of mounts included.
func (p *place) constants(yield func(name, value string) bool) {
	for name, value := range p.def.consts {
		if !yield(name, value) {
			return
		}
	}
	if p.tail != nil {
		for _, l := range p.tail.added {
			if !yield(l.Name, l.Value) {
				return
			}
		}
	}
}

// constant returns the value of a constant label.
func (p *place) constant(name string) (value string, ok bool) {
	if value, ok = p.def.consts[name]; ok || p.tail == nil {
		return value, ok
	}
	for _, l := range p.tail.added {
		if l.Name == name {
			return l.Value, true
		}
	}
	return "", false
}

// apart reports whether no label set can belong to both definitions: some constant label of one is,
// in the other, a constant of another value or absent. An empty label is an absent one.
func (p *place) apart(other *place) bool { return p.excludes(other) || other.excludes(p) }

// excludes reports whether a constant label of p rules out that a series of other belongs to p.
func (p *place) excludes(other *place) bool {
	for name, value := range p.constants {
		if value == "" {
			continue
		}
		if theirs, ok := other.constant(name); ok {
			if theirs != value {
				return true
			}
			continue
		}
		if !other.def.open && !slices.Contains(other.def.labels, name) {
			return true
		}
	}
	return false
}

// isOwn reports whether a definition has a label of this name itself, so that no mount can add it:
// a variable or constant label, le of a histogram, quantile of a summary, or the label of the
// overflow series of open label sets.
func (d *definition) isOwn(name string) bool {
	_, constant := d.consts[name]
	return constant || slices.Contains(d.labels, name) || d.isOverflow(name) || name == d.ownLabel
}

// at returns the family at a place where mounts add a prefix and labels, and the names of the
// labels that it has itself.
func (f *family) at(prefix string, labels []Label) (p *placed, displaced []string) {
	if prefix == "" && len(labels) == 0 {
		return &f.home, nil
	}
	p = &placed{place: place{def: &f.def, name: prefix + f.def.name}, fam: f, enc: f.home.enc}
	if prefix != "" {
		p.enc = f.newEncoder(p.name)
	}
	t := tail{cut: labeltext.Tail(f.consts)}
	for _, l := range labels {
		if f.def.isOwn(l.Name) {
			displaced = append(displaced, l.Name)
		} else {
			t.added = append(t.added, l)
		}
	}
	if len(t.added) > 0 {
		all := maps.Collect(p.constants)
		for _, l := range t.added {
			all[l.Name] = l.Value
		}
		t.text = string(labeltext.AppendSet(nil, all, true))
		p.tail = &t
	}
	p.setQuoted()
	return p, displaced
}

// isAt reports whether the other one is the same family in the same place.
func (p *placed) isAt(other *placed) bool {
	return p.fam == other.fam && p.name == other.name && (p.tail == nil) == (other.tail == nil) &&
		(p.tail == nil || slices.Equal(p.tail.added, other.tail.added))
}

// appendLabels appends the labels that a series shows at its place, given its own ones.
func (t *tail) appendLabels(dst []byte, labels string) []byte {
	return labeltext.AppendText(append(dst, t.variable(labels)...), t.text)
}

// variable returns the labels of a series without its constant ones.
func (t *tail) variable(labels string) string { return labels[:max(0, len(labels)-t.cut)] }

// hasShown reports whether one of the series of an open label set is shown where mounts add labels.
func (p *placed) hasShown() bool {
	for n := range p.fam.nodes {
		if !p.tail.isIn(n.Labels) {
			return true
		}
	}
	return false
}

// isIn reports whether a series of an open label set has a label itself that mounts add.
func (t *tail) isIn(labels string) bool {
	own := t.variable(labels)
	return slices.ContainsFunc(t.added, func(l Label) bool { return labeltext.Has(own, l.Name) })
}

// encoder returns the encoder of the family. Where another family has the name that OpenMetrics
// would give to this counter, the counter is shown as unknown.
func (p *placed) encoder(unknown bool) *encode.Family {
	if !unknown {
		return p.enc
	}
	if enc := p.unknown.Load(); enc != nil {
		return enc
	}
	enc := encode.NewUnknownCounter(p.name, p.def.help, p.def.unit)
	p.unknown.Store(enc)
	return enc
}

// order is the text by which families of one name are sorted: that of their constant labels.
func (p *placed) order() string {
	if p.tail != nil {
		return p.tail.text
	}
	return p.fam.consts
}

// hasName reports whether one of the families, which are sorted by name, has this name or samples
// of this name. It allocates nothing.
func hasName(families []*placed, name string) bool {
	if find(families, name) != nil {
		return true
	}
	for _, suffix := range [...]string{"_bucket", "_sum", "_count", "_created"} {
		base, ok := strings.CutSuffix(name, suffix)
		if !ok {
			continue
		}
		if p := find(families, base); p != nil && slices.Contains(p.def.suffixes, suffix) {
			return true
		}
	}
	if base, ok := strings.CutSuffix(name, "_created"); ok {
		i, found := slices.BinarySearchFunc(families, base, func(p *placed, base string) int {
			return compareJoined(p.name, base, "_total")
		})
		return found && families[i].def.trimmed == "_total"
	}
	return false
}

// find returns the first family of a name, or nil.
func find(families []*placed, name string) *placed {
	i, ok := slices.BinarySearchFunc(families, name, func(p *placed, name string) int {
		return strings.Compare(p.name, name)
	})
	if !ok {
		return nil
	}
	return families[i]
}

// compareJoined compares name with the concatenation of first and second, and does not build it.
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
