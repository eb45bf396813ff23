// SPDX-License-Identifier: Apache-2.0

package engine

import "github.com/quipu-metrics/quipu/shard"

// vec is a family, or its part that has certain labels, seen as a set of series of type M. All Vec
// types embed it.
type vec[M any] struct {
	fam     *family
	index   *shard.Map // of fam
	curried *curried   // nil for all of the family
}

func newVec[M any](f *family) vec[M] { return vec[M]{fam: f, index: f.index} }

// labelled returns the beginning of a definition with labels.
func labelled(name, help string, labels []string) definition {
	return definition{name: name, help: help, vec: true, labels: append([]string(nil), labels...), open: labels == nil}
}

// Name returns the name of the metric, with the registry's prefix.
func (v vec[M]) Name() string { return v.fam.def.name }

func (v vec[M]) definedBy() *family { return v.fam }

func (v vec[M]) with(values []string) *M {
	if v.curried != nil {
		return seriesOf[M](v.curried.find(v.fam, values))
	}
	n, key := v.index.Find(values)
	if n != nil {
		return seriesOf[M](n)
	}
	return seriesOf[M](v.fam.miss(values, key))
}

func (v vec[M]) withLabels(labels Labels) *M {
	if v.curried != nil {
		return seriesOf[M](v.curried.findSet(v.fam, labels))
	}
	n, key := v.index.FindSet(labels)
	if n != nil {
		return seriesOf[M](n)
	}
	return seriesOf[M](v.fam.missLabels(labels, key))
}

// LookupLabels is WithLabels. own reports whether the metric is the series of these very labels. It
// is not if a limit has been reached, and the series is one that several label sets share; if the
// labels are misuse; and if a value had to be cut or repaired. A program that remembers the metrics
// of its label sets remembers only those that are their own: all others may be another series the
// next time, and what they stand for is counted by the lookup.
func (v vec[M]) LookupLabels(labels Labels) (metric *M, own bool) {
	metric = v.withLabels(labels)
	if c := v.curried; c != nil {
		all, taken := c.with(labels)
		if c.part == nil || taken != "" {
			return metric, false
		}
		labels = all
	}
	n, _ := v.index.FindSet(labels)
	return metric, n != nil && seriesOf[M](n) == metric
}

// Delete removes the series with these label values and reports whether it was there. Handles to it
// go on working; nobody sees what they count.
func (v vec[M]) Delete(values ...string) bool {
	if c := v.curried; c != nil {
		if c.part == nil || len(values) != len(c.left) || v.fam.def.open {
			return false
		}
		return v.deleteLabels(c.joined(values))
	}
	values = cleanAll(values, v.fam.core.maxValue)
	n, _ := v.index.Find(values)
	return v.delete(n) || v.index.Forget(values)
}

// DeleteLabels is Delete for a label set.
func (v vec[M]) DeleteLabels(labels Labels) bool {
	if c := v.curried; c != nil {
		all, taken := c.with(labels)
		if c.part == nil || taken != "" {
			return false
		}
		labels = all
	}
	return v.deleteLabels(labels)
}

// deleteLabels deletes a series by all of its labels.
func (v vec[M]) deleteLabels(labels Labels) bool {
	labels = cleanSet(labels, v.fam.core.maxValue)
	n, _ := v.index.FindSet(labels)
	return v.delete(n) || v.index.ForgetSet(labels)
}

func (v vec[M]) delete(n *shard.Node) bool {
	if n == nil || !v.index.Delete(n) {
		return false
	}
	v.fam.exemplars.sets.Delete(n)
	return true
}

// DeleteWhere removes the series that have all these labels, and returns how many there were on
// pages. Nil labels remove all series. Labels with an empty value stand for those that a series
// lacks, or has without a value. Constant labels count too. Handles go on working; nobody sees what
// they count. Series that have expired are forgotten: see [WithExpiry].
//
// It looks at every series (BenchmarkDeleteWhere) and holds up creations and deletions, some series
// at a time. A series that is created meanwhile may stay.
func (v vec[M]) DeleteWhere(labels Labels) int {
	labels = cleanSet(labels, v.fam.core.maxValue)
	if c := v.curried; c != nil {
		all, possible := c.where(labels)
		if !possible {
			return 0
		}
		labels = all
	}
	n := v.index.DeleteWhere(labels)
	v.forgetExemplars()
	return n
}

// Reset removes all series.
func (v vec[M]) Reset() {
	if v.curried != nil {
		v.DeleteWhere(nil)
		return
	}
	v.index.Reset()
	v.forgetExemplars()
}

// forgetExemplars forgets the exemplars of series that have been deleted.
func (v vec[M]) forgetExemplars() {
	v.fam.exemplars.forgetGone()
}
