// SPDX-License-Identifier: Apache-2.0

package composition

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/quipu-metrics/quipu/engine"
)

// The model is written from the rules in docs/design.md and in the doc comments, and not from the
// code. It keeps everything in plain slices and maps, and works out a page from nothing each time.

// modelRegistry is what a registry holds.
type modelRegistry struct {
	prefix string
	consts engine.Labels
	defs   []*modelMetric
	mounts []modelMount
}

type modelMount struct {
	child  *modelRegistry
	prefix string
	labels engine.Labels
}

// modelMetric is a metric and its values, by the text of its labels.
type modelMetric struct {
	name, typ, help string
	consts          engine.Labels
	labels          []string // variable; nil for a metric without
	values          map[string]*modelValue
}

type modelValue struct {
	labels engine.Labels // variable
	count  uint64        // of observations
	value  float64       // or the sum
}

// placed is a metric as a page of an outer registry shows it.
type placed struct {
	*modelMetric
	name   string
	consts engine.Labels
	out    bool // it is left out, because it clashes
	again  bool // with itself: it has come to the same place in another way
}

// define says what a definition does: it makes a metric, finds the existing one, or is refused.
func (r *modelRegistry) define(typ, name, help string, consts engine.Labels,
	labels []string) (m *modelMetric, ok bool) {
	m = &modelMetric{name: r.prefix + name, typ: typ, help: help, consts: maps.Clone(consts), labels: labels}
	m.consts = withLabels(m.consts, m.labels, r.consts)
	for _, other := range r.defs {
		if other.name == m.name && other.isSame(m) {
			return other, true
		}
	}
	for _, other := range r.defs {
		if clash(place(other, "", nil), place(m, "", nil)) {
			return nil, false
		}
	}
	m.values = map[string]*modelValue{}
	if labels == nil {
		m.values[""] = new(modelValue)
	}
	r.defs = append(r.defs, m)
	return m, true
}

func (m *modelMetric) isSame(other *modelMetric) bool {
	return m.typ == other.typ && m.help == other.help && maps.Equal(m.consts, other.consts) &&
		slices.Equal(m.labels, other.labels) && (m.labels == nil) == (other.labels == nil)
}

// withLabels adds constant labels to those of a metric, except for labels that it has.
func withLabels(consts engine.Labels, labels []string, more engine.Labels) engine.Labels {
	all := engine.Labels{}
	maps.Copy(all, consts)
	for name, value := range more {
		if _, ok := consts[name]; !ok && !slices.Contains(labels, name) {
			all[name] = value
		}
	}
	return all
}

func place(m *modelMetric, prefix string, labels engine.Labels) *placed {
	return &placed{modelMetric: m, name: prefix + m.name, consts: withLabels(m.consts, m.labels, labels)}
}

// clash reports whether two metrics cannot be on one page.
func clash(a, b *placed) bool {
	if a.name != b.name {
		return slices.ContainsFunc(a.samples(), func(name string) bool { return slices.Contains(b.samples(), name) })
	}
	return a.typ != b.typ || a.help != b.help || !excludes(a, b) && !excludes(b, a)
}

// samples returns the names that the metric takes.
func (p *placed) samples() []string {
	if p.typ == "histogram" {
		return []string{p.name, p.name + "_bucket", p.name + "_sum", p.name + "_count"}
	}
	return []string{p.name}
}

// excludes reports whether a constant label of a is another constant of b, or absent there.
func excludes(a, b *placed) bool {
	for name, value := range a.consts {
		theirs, constant := b.consts[name]
		if constant && theirs != value || !constant && !slices.Contains(b.labels, name) {
			return true
		}
	}
	return false
}

// page returns what a page of the registry may show, in the order in which one takes precedence
// over the other: the registry's own metrics by name and constant labels, then its mounts in their
// order.
func (r *modelRegistry) page() []*placed {
	all := r.place("", nil, nil)
	for i, p := range all {
		p.again = slices.ContainsFunc(all[:i], func(q *placed) bool {
			return !q.out && q.modelMetric == p.modelMetric && q.name == p.name && maps.Equal(q.consts, p.consts)
		})
		p.out = slices.ContainsFunc(all[:i], func(q *placed) bool { return !q.out && clash(q, p) })
	}
	return all
}

// place appends the metrics of r to all, as they are seen through mounts with this prefix and these
// labels.
func (r *modelRegistry) place(prefix string, labels []engine.Labels, all []*placed) []*placed {
	own := slices.Clone(r.defs)
	slices.SortFunc(own, func(a, b *modelMetric) int {
		return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(text(a.consts), text(b.consts)))
	})
	for _, m := range own {
		p := &placed{modelMetric: m, name: prefix + m.name, consts: m.consts}
		for _, more := range labels { // the inner mount's labels first
			p.consts = withLabels(p.consts, p.labels, more)
		}
		all = append(all, p)
	}
	for i := range r.mounts {
		m := &r.mounts[i]
		all = m.child.place(prefix+m.prefix, slices.Concat([]engine.Labels{m.labels}, labels), all)
	}
	return all
}

// mount mounts, or returns the error that a mount is. What the pages of the child leave out anyway
// does not prevent it.
func (r *modelRegistry) mount(child *modelRegistry, prefix string, labels engine.Labels) error {
	for _, m := range r.mounts {
		if m.child == child && m.prefix == prefix && maps.Equal(m.labels, labels) {
			return engine.ErrTaken
		}
	}
	if child.reaches(r) {
		return engine.ErrOption
	}
	before := len(r.mounts)
	r.mounts = append(r.mounts, modelMount{child, prefix, labels})
	all, alone := r.page(), child.page()
	all = all[len(all)-len(alone):]
	for i, p := range all {
		if p.out && !p.again && !alone[i].out {
			r.mounts = r.mounts[:before]
			return engine.ErrTaken
		}
	}
	return nil
}

func (r *modelRegistry) reaches(other *modelRegistry) bool {
	return r == other || slices.ContainsFunc(r.mounts, func(m modelMount) bool { return m.child.reaches(other) })
}

func (r *modelRegistry) unmount(child *modelRegistry) bool {
	before := len(r.mounts)
	r.mounts = slices.DeleteFunc(r.mounts, func(m modelMount) bool { return m.child == child })
	return len(r.mounts) < before
}

func (r *modelRegistry) remove(which func(*modelMetric) bool) bool {
	before := len(r.defs)
	r.defs = slices.DeleteFunc(r.defs, which)
	return len(r.defs) < before
}

// lines returns everything that a page shows, as sorted text: a line for each series, with the
// header of its family.
func (r *modelRegistry) lines() []string {
	var lines []string
	for _, p := range r.page() {
		if p.out {
			continue
		}
		for _, v := range p.values {
			lines = append(lines, line(p.name, p.typ, p.help, withLabels(p.consts, nil, v.labels), v.count, v.value))
		}
	}
	slices.Sort(lines)
	return lines
}

func line(name, typ, help string, labels engine.Labels, count uint64, value float64) string {
	return fmt.Sprintf("%s %s %q {%s} %d %v", name, typ, help, text(labels), count, value)
}

func text(labels engine.Labels) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		fmt.Fprintf(&b, "%s=%q ", name, labels[name])
	}
	return b.String()
}
