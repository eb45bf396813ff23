// SPDX-License-Identifier: Apache-2.0

package prometheus

import (
	"maps"
	"slices"
	"unicode/utf8"

	client "github.com/prometheus/client_golang/prometheus"

	"github.com/quipu-metrics/quipu/shard"
)

// v2 has the constructors of Vecs whose labels have constraints.
type v2 struct{}

// V2 has the constructors that client_golang's V2 has.
var V2 v2

// NewDesc is NewDesc of client_golang's V2.
func (v2) NewDesc(
	fqName, help string, variableLabels ConstrainableLabels, constLabels Labels, opts ...DescOpt,
) *Desc {
	return client.V2.NewDesc(fqName, help, variableLabels, constLabels, opts...)
}

// vec is the part that Vecs of all kinds have.
type vec struct {
	fam *family // nil if all is theirs

	// A lookup that needs nothing but the values as they are uses one of these. Both are nil where
	// labels have constraints.
	series *shard.Map
	part   *shard.Part

	fixed Labels // curried; with their constraints
	free  int    // number of the others

	// theirs is client_golang's Vec with the same labels curried. It has no series, unless fam is
	// nil: then it is the Vec. Otherwise it says what is wrong with labels, in its words.
	theirs *client.MetricVec
}

func newVec(f *family) vec {
	v := vec{fam: f, free: len(f.names)}
	v.theirs = client.NewMetricVec(f.desc, func(...string) Metric { return nil })
	if len(f.constraints) == 0 {
		v.series = f.series
	}
	return v
}

// find returns the series with these values, or nil if that takes more than a lookup.
func (v *vec) find(values []string) *shard.Node {
	if v.part != nil {
		n, _ := v.part.Find(values)
		return n
	}
	if v.series == nil {
		return nil
	}
	n, _ := v.series.Find(values)
	return n
}

// findSet is find for a map.
func (v *vec) findSet(labels Labels) *shard.Node {
	if v.part != nil {
		n, _ := v.part.FindSet(labels)
		return n
	}
	if v.series == nil {
		return nil
	}
	n, _ := v.series.FindSet(labels)
	return n
}

// get returns the series with these values, and creates it if there is none.
func (v *vec) get(lvs []string) (Metric, error) {
	if v.fam == nil {
		return v.theirs.GetMetricWithLabelValues(lvs...)
	}
	if n := v.find(lvs); n != nil {
		return v.fam.kind.cell(n), nil
	}
	all, ok := v.all(lvs)
	if !ok {
		_, err := v.theirs.GetMetricWithLabelValues(lvs...)
		return nil, err
	}
	return v.getAll(all), nil
}

// getSet is get for a map.
func (v *vec) getSet(labels Labels) (Metric, error) {
	if v.fam == nil {
		return v.theirs.GetMetricWith(labels)
	}
	if n := v.findSet(labels); n != nil {
		return v.fam.kind.cell(n), nil
	}
	all, ok := v.allOf(labels)
	if !ok {
		_, err := v.theirs.GetMetricWith(labels)
		return nil, err
	}
	return v.getAll(all), nil
}

// getAll returns the series with these values of all labels.
func (v *vec) getAll(all []string) Metric {
	n, key := v.fam.series.Find(all)
	if n == nil {
		for _, value := range v.fixed { // which nothing has checked
			if !utf8.ValidString(value) {
				v.fam.invalid.Store(true)
			}
		}
		n, _ = v.fam.series.Insert(all, key)
		v.fam.changes.Add(1)
	}
	return v.fam.kind.cell(n)
}

// all returns the values of all labels, of which lvs are those that are not fixed. It reports false
// if their number is wrong or one is not valid.
func (v *vec) all(lvs []string) (all []string, ok bool) {
	if len(lvs) != v.free {
		return nil, false
	}
	all = make([]string, 0, len(v.fam.names))
	for _, name := range v.fam.names {
		value, fixed := v.fixed[name]
		if !fixed {
			value, lvs = v.fam.constrain(name, lvs[0]), lvs[1:]
			if !utf8.ValidString(value) {
				return nil, false
			}
		}
		all = append(all, value)
	}
	return all, true
}

// allOf is all for a map.
func (v *vec) allOf(labels Labels) (all []string, ok bool) {
	if len(labels) != v.free {
		return nil, false
	}
	lvs := make([]string, 0, len(labels))
	for _, name := range v.fam.names {
		if _, fixed := v.fixed[name]; !fixed {
			value, ok := labels[name]
			if !ok {
				return nil, false
			}
			lvs = append(lvs, value)
		}
	}
	return v.all(lvs)
}

// DeleteLabelValues deletes the series with these label values, and reports whether there was one.
// It still counts for those who have it, but it is on no page any more.
func (v *vec) DeleteLabelValues(lvs ...string) bool {
	if v.fam == nil {
		return v.theirs.DeleteLabelValues(lvs...)
	}
	all, ok := v.all(lvs)
	if !ok {
		// It has none, or panics: a curried Vec with constraints needs all values.
		return v.theirs.DeleteLabelValues(lvs...)
	}
	return v.delete(all)
}

// Delete is DeleteLabelValues with a map from names to values.
func (v *vec) Delete(labels Labels) bool {
	if v.fam == nil {
		return v.theirs.Delete(labels)
	}
	all, ok := v.allOf(labels)
	return ok && v.delete(all)
}

func (v *vec) delete(all []string) bool {
	n, _ := v.fam.series.Find(all)
	if n == nil || !v.fam.series.Delete(n) {
		return false
	}
	v.fam.changes.Add(1)
	return true
}

// DeletePartialMatch deletes the series that have these labels, and returns their number. Curried
// labels do not count: it looks at all series of the Vec, and matches none if it is given a label
// that is curried.
func (v *vec) DeletePartialMatch(labels Labels) int {
	if v.fam == nil {
		return v.theirs.DeletePartialMatch(labels)
	}
	set := make(map[string]string, len(labels))
	for name, value := range labels {
		if _, fixed := v.fixed[name]; fixed || !slices.Contains(v.fam.names, name) {
			return 0
		}
		set[name] = v.fam.constrain(name, value)
	}
	n := v.fam.series.DeleteWhere(set)
	v.fam.changes.Add(1)
	return n
}

// Reset deletes all series.
func (v *vec) Reset() {
	if v.fam == nil {
		v.theirs.Reset()
		return
	}
	v.fam.series.Reset()
	v.fam.changes.Add(1)
}

// Describe implements [Collector].
func (v *vec) Describe(ch chan<- *Desc) { v.theirs.Describe(ch) }

// Collect implements [Collector]. It takes no lock.
func (v *vec) Collect(ch chan<- Metric) {
	if v.fam == nil {
		v.theirs.Collect(ch)
		return
	}
	for c := range v.fam.cells {
		ch <- c
	}
}

// curry returns the Vec with these labels fixed.
func (v *vec) curry(labels Labels) (vec, error) {
	theirs, err := v.theirs.CurryWith(labels)
	if err != nil {
		return vec{}, err
	}
	c := vec{fam: v.fam, theirs: theirs}
	if v.fam == nil {
		return c, nil
	}
	c.fixed = maps.Clone(v.fixed)
	if c.fixed == nil {
		c.fixed = Labels{}
	}
	for name, value := range labels {
		c.fixed[name] = v.fam.constrain(name, value)
	}
	c.free = len(v.fam.names) - len(c.fixed)
	if len(v.fam.constraints) == 0 {
		c.part = v.fam.series.Part(c.fixed)
	}
	return c, nil
}

// must returns m, and panics if there is an error.
func must[T any](m T, err error) T {
	if err != nil {
		panic(err)
	}
	return m
}

// as returns the metric as the interface that a Vec hands out.
func as[T any](m Metric, err error) (T, error) {
	t, _ := m.(T)
	return t, err
}

// copied and copiedSet return copies. What a lookup is given stays on the stack of its caller as
// long as nothing keeps it.
func copied(lvs []string) []string { return append([]string(nil), lvs...) }

func copiedSet(labels Labels) Labels {
	set := make(Labels, len(labels)) // maps.Clone would move labels to the heap
	for name, value := range labels {
		set[name] = value
	}
	return set
}
