// SPDX-License-Identifier: Apache-2.0

package engine

import "github.com/quipu-metrics/quipu/shard"

// vec is a family seen as a set of series of type M. All Vec types embed it.
type vec[M any] struct{ fam *family }

// labelled returns the beginning of a definition with labels.
func labelled(name, help string, labels []string) definition {
	return definition{name: name, help: help, vec: true, labels: append([]string(nil), labels...), open: labels == nil}
}

// Name returns the name of the metric, with the registry's prefix.
func (v vec[M]) Name() string { return v.fam.def.name }

func (v vec[M]) definedBy() *family { return v.fam }

func (v vec[M]) with(values []string) *M {
	n, key := v.fam.index.Find(values)
	if n != nil {
		return seriesOf[M](n)
	}
	return seriesOf[M](v.fam.miss(values, key))
}

func (v vec[M]) withLabels(labels Labels) *M {
	n, key := v.fam.index.FindSet(labels)
	if n != nil {
		return seriesOf[M](n)
	}
	return seriesOf[M](v.fam.missLabels(labels, key))
}

// Delete removes the series with these label values and reports whether it was there. Handles to it
// go on working; nobody sees what they count.
func (v vec[M]) Delete(values ...string) bool {
	values = cleanAll(values, v.fam.core.maxValue)
	n, _ := v.fam.index.Find(values)
	return v.delete(n) || v.fam.index.Forget(values)
}

// DeleteLabels is Delete for a label set.
func (v vec[M]) DeleteLabels(labels Labels) bool {
	labels = cleanSet(labels, v.fam.core.maxValue)
	n, _ := v.fam.index.FindSet(labels)
	return v.delete(n) || v.fam.index.ForgetSet(labels)
}

func (v vec[M]) delete(n *shard.Node) bool {
	if n == nil || !v.fam.index.Delete(n) {
		return false
	}
	v.fam.exemplars.sets.Delete(n)
	return true
}

// Reset removes all series.
func (v vec[M]) Reset() {
	v.fam.index.Reset()
	v.fam.exemplars.forgetGone()
}
