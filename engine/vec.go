// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/internal/labeltext"
	"github.com/quipu-metrics/quipu/shard"
)

// vec is a family seen as a set of series of one type: what the four Vec types have in common.
type vec[M metric] struct{ fam *family }

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
	return seriesOf[M](v.fam.missSet(labels, key))
}

// Delete removes the series with these label values and reports whether it was there. Handles to it go on working;
// nobody sees what they count.
func (v vec[M]) Delete(values ...string) bool {
	n, _ := v.fam.index.Find(cleanAll(values))
	return v.delete(n)
}

// DeleteLabels is Delete for a label set.
func (v vec[M]) DeleteLabels(labels Labels) bool {
	n, _ := v.fam.index.FindSet(cleanSet(labels))
	return v.delete(n)
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

func cleanAll(values []string) []string {
	cleaned := make([]string, len(values))
	for i, value := range values {
		cleaned[i] = labeltext.Clean(value)
	}
	return cleaned
}

// labelled returns the beginning of a definition with labels.
func labelled(kind encode.Type, name, help string, labels []string) definition {
	return definition{
		kind: kind, name: name, help: help,
		vec: true, labels: append([]string(nil), labels...), open: labels == nil,
	}
}

// define defines a metric and returns it as the type that its constructor promises.
func define[T any](r *Registry, d definition, options []MetricOption) (metric T, err error) {
	f, err := r.define(d, options)
	if err != nil {
		return metric, err
	}
	return f.metric.(T), nil
}

// must panics with the error of a constructor.
func must[T any](metric T, err error) T {
	if err != nil {
		panic(err)
	}
	return metric
}
