// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/quantile"
)

// Summary estimates quantiles of observations, each within its stated rank error. Constructors and Vecs make it; it must
// not be copied. All methods may be called concurrently.
type Summary struct {
	series
	log    *quantile.Log
	window quantile.Window
}

// NewSummary defines a summary in the default registry, of the quantiles 0.5, 0.9 and 0.99 over the last 10 minutes
// unless [WithObjectives] and [WithMaxAge] say otherwise. It panics when the definition cannot work.
func NewSummary(name, help string, options ...MetricOption) *Summary {
	return must(Default().NewSummary(name, help, options...))
}

// NewSummary defines a summary without labels, or returns it if it is defined already.
func (r *Registry) NewSummary(name, help string, options ...MetricOption) (*Summary, error) {
	return define[*Summary](r, definition{kind: encode.Summary, name: name, help: help}, options)
}

// Observe takes one observation, in about the time of a counter's Inc: it only appends to a buffer of this CPU. NaN
// counts, but goes neither into the sum nor into the quantiles.
func (s *Summary) Observe(v float64) { s.log.Observe(&s.window, v) }

// SummarySnapshot is the state of a summary at one moment.
type SummarySnapshot struct {
	Quantiles map[float64]float64 // an estimate for each objective; NaN when the window holds no observation
	Count     uint64              // all observations since the summary was made
	Sum       float64             // of these, NaNs left out
}

// Snapshot returns the state. It merges what is buffered, and allocates.
func (s *Summary) Snapshot() SummarySnapshot {
	s.log.Drain()
	estimates, count, sum := s.window.Snapshot(nil)
	snapshot := SummarySnapshot{Quantiles: make(map[float64]float64, len(estimates)), Count: count, Sum: sum}
	for i, o := range s.fam.def.targets.List() {
		snapshot.Quantiles[o.Quantile] = estimates[i]
	}
	return snapshot
}

// Quantile estimates any quantile. Its rank error is stated for the objectives only. It is NaN when the window holds no
// observation or q is not between 0 and 1.
func (s *Summary) Quantile(q float64) float64 {
	s.log.Drain()
	return s.window.Quantile(q)
}

// SummaryVec is a summary with labels: a family of Summaries.
type SummaryVec struct{ vec[Summary] }

// NewSummaryVec defines a summary with labels in the default registry. It panics when the definition cannot work.
func NewSummaryVec(name, help string, labels []string, options ...MetricOption) *SummaryVec {
	return must(Default().NewSummaryVec(name, help, labels, options...))
}

// NewSummaryVec defines a summary with the given label names, or returns it if it is defined already. With nil names
// the label sets are open.
func (r *Registry) NewSummaryVec(name, help string, labels []string, options ...MetricOption) (*SummaryVec, error) {
	return define[*SummaryVec](r, labelled(encode.Summary, name, help, labels), options)
}

// With returns the series with these label values, as [CounterVec.With] does.
func (v *SummaryVec) With(values ...string) *Summary { return v.with(values) }

// WithLabels returns the series with these labels, as [CounterVec.WithLabels] does.
func (v *SummaryVec) WithLabels(labels Labels) *Summary { return v.withLabels(labels) }
