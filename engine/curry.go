// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"maps"
	"slices"
	"strings"

	"github.com/quipu-metrics/quipu/shard"
)

// curried is the part of a family that Curry has made a Vec of.
type curried struct {
	labels Labels      // that are fixed
	left   []string    // the declared names that are left
	part   *shard.Part // nil if the labels were impossible
}

// curry returns a Vec with further fixed labels. It reports labels that the Vec does not have, or
// has fixed already, as misuse: lookups of the result then are misuse too.
func (v vec[M]) curry(labels Labels) vec[M] {
	if len(labels) == 0 || v.curried != nil && v.curried.part == nil {
		return v
	}
	c := &curried{labels: make(Labels, len(labels))}
	if v.curried != nil {
		maps.Copy(c.labels, v.curried.labels)
	}
	v = vec[M]{v.fam, v.index, c}
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		if !v.fam.curries(name, c.labels) {
			return v
		}
		c.labels[name] = v.fam.repair(name, strings.Clone(labels[name]))
	}
	for _, name := range v.fam.def.labels {
		if _, ok := c.labels[name]; !ok {
			c.left = append(c.left, name)
		}
	}
	c.part = v.index.Part(c.labels)
	return v
}

// curries reports whether a label can be fixed beside those that are, or else reports the misuse.
func (f *family) curries(name string, fixed Labels) bool {
	var err error
	if f.def.open {
		err = f.def.checkLabel(name)
	}
	_, taken := fixed[name]
	_, constant := f.def.consts[name]
	switch {
	case taken:
		f.misuse(faultLabels, "Curry: label %q is curried already", name)
	case err != nil:
		f.misuse(faultLabels, "Curry: %v", err)
	case constant:
		f.misuse(faultLabels, "Curry: label %q is a constant label of the metric", name)
	case !f.def.open && !slices.Contains(f.def.labels, name):
		f.misuse(faultLabels, "Curry: there is no label %q, the metric has %s", name, f.def.labelNames())
	default:
		return true
	}
	return false
}

// find looks a series up by the values of the labels that are left. It creates the series, or
// reports the misuse.
func (c *curried) find(f *family, values []string) *shard.Node {
	if c.part == nil {
		return f.wrongCurry()
	}
	n, key := c.part.Find(values)
	if n != nil {
		return n
	}
	if len(values) != len(c.left) || f.def.open {
		return c.wrongValues(f, len(values))
	}
	// All values, on the stack: those of the caller may lie on its stack too.
	var room [maxTyped]string
	if len(f.def.labels) > len(room) {
		return f.missLabels(c.joined(values), key)
	}
	given := 0
	for i, name := range f.def.labels {
		value, ok := c.labels[name]
		if !ok {
			value = values[given]
			given++
		}
		room[i%len(room)] = value
	}
	return f.miss(room[:len(f.def.labels)], key)
}

// joined returns all labels, with copies of these values.
func (c *curried) joined(values []string) Labels {
	all := maps.Clone(c.labels)
	for i, name := range c.left {
		all[name] = strings.Clone(values[i])
	}
	return all
}

// findSet is find for a label set.
func (c *curried) findSet(f *family, set Labels) *shard.Node {
	if c.part == nil {
		return f.wrongCurry()
	}
	n, key := c.part.FindSet(set)
	if n != nil {
		return n
	}
	all, taken := c.with(set)
	if taken != "" {
		if f.countKnown(faultLabels) {
			return f.discarded()
		}
		return f.misuse(faultLabels, "label %q is curried", taken)
	}
	return f.missLabels(all, key)
}

// with returns the fixed labels and those of set. taken is a fixed label that is in set too.
func (c *curried) with(set Labels) (all Labels, taken string) {
	all = maps.Clone(c.labels)
	for name, value := range set {
		if _, ok := c.labels[name]; ok {
			return nil, name
		}
		all[name] = value
	}
	return all, ""
}

// wrongCurry reports a lookup of a Vec whose Curry had impossible labels.
func (f *family) wrongCurry() *shard.Node {
	if f.countKnown(faultLabels) {
		return f.discarded()
	}
	return f.misuse(faultLabels, "the Vec is that of a Curry with labels that it cannot have")
}

func (c *curried) wrongValues(f *family, n int) *shard.Node {
	if f.def.open {
		return f.wrongValues(n)
	}
	if f.countKnown(faultLabels) {
		return f.discarded()
	}
	return f.misuse(faultLabels, "got %d label values, want %d (%s)", n, len(c.left), strings.Join(c.left, ", "))
}

// where returns the labels by which series of this part are deleted. It reports false if no series
// can have them.
func (c *curried) where(labels Labels) (all Labels, possible bool) {
	if c.part == nil {
		return nil, false
	}
	all = maps.Clone(c.labels)
	for name, value := range labels {
		if fixed, ok := c.labels[name]; ok && fixed != value {
			return nil, false
		}
		all[name] = value
	}
	return all, true
}
