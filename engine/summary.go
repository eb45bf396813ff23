// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"maps"
	"time"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/quantile"
	"github.com/quipu-metrics/quipu/shard"
)

// Summary estimates quantiles of observations, each within its stated rank error. Constructors and
// Vecs make it; it must not be copied. All methods may be called concurrently.
type Summary struct {
	series
	log    *quantile.Log
	window quantile.Window
}

// NewSummary defines a summary without labels, or returns it if it is defined already. It estimates
// the quantiles 0.5, 0.9 and 0.99 over the last 10 minutes unless [WithObjectives] and [WithMaxAge]
// say otherwise.
func (r *Registry) NewSummary(name, help string, options ...MetricOption) (*Summary, error) {
	return define[*Summary](r, &summaryKind, definition{name: name, help: help}, options)
}

// Observe takes one observation: it only appends to a buffer of this CPU, and others merge the
// buffers (BenchmarkSummaryObserve). NaN counts, but goes neither into the sum nor into the
// quantiles.
func (s *Summary) Observe(v float64) { s.log.Observe(&s.window, v) }

// SummarySnapshot is the state that [Summary.Snapshot] returns.
type SummarySnapshot struct {
	Quantiles map[float64]float64 // an estimate for each objective; NaN when the window holds no observation
	Count     uint64              // all observations since the summary was made
	Sum       float64             // of these, NaNs left out
}

// Snapshot returns the state. It merges the observations that are still in buffers, and allocates.
func (s *Summary) Snapshot() SummarySnapshot {
	s.log.Drain()
	estimates, count, sum := s.window.Snapshot(nil)
	snapshot := SummarySnapshot{Quantiles: make(map[float64]float64, len(estimates)), Count: count, Sum: sum}
	for i, o := range s.fam.def.targets.List() {
		snapshot.Quantiles[o.Quantile] = estimates[i]
	}
	return snapshot
}

// Quantile estimates any quantile. Its rank error is stated for the objectives only. It is NaN when
// the window holds no observation or q is not between 0 and 1.
func (s *Summary) Quantile(q float64) float64 {
	s.log.Drain()
	return s.window.Quantile(q)
}

// SummaryVec is a summary with labels: a family of Summaries.
type SummaryVec struct{ vec[Summary] }

// NewSummaryVec defines a summary with the given label names, or returns it if it is defined
// already. With nil names the label sets are open.
func (r *Registry) NewSummaryVec(name, help string, labels []string, options ...MetricOption) (*SummaryVec, error) {
	return define[*SummaryVec](r, &summaryKind, labelled(name, help, labels), options)
}

// With returns the series with these label values, as [CounterVec.With] does.
func (v *SummaryVec) With(values ...string) *Summary { return v.with(values) }

// WithLabels returns the series with these labels, as [CounterVec.WithLabels] does.
func (v *SummaryVec) WithLabels(labels Labels) *Summary { return v.withLabels(labels) }

// Curry returns the Vec of those series that have these labels: see [CounterVec.Curry].
func (v *SummaryVec) Curry(labels Labels) *SummaryVec { return &SummaryVec{v.curry(labels)} }

// SummaryOf is a summary whose label sets are values of the struct L: see [RegisterCounterOf].
type SummaryOf[L comparable] struct{ typed[L, Summary] }

// RegisterSummaryOf defines a summary whose labels are the fields of struct L: see
// [RegisterCounterOf].
func RegisterSummaryOf[L comparable](r *Registry, name, help string, options ...MetricOption) (*SummaryOf[L], error) {
	t, err := defineOf[L, Summary](r, &summaryKind, name, help, options)
	if err != nil {
		return nil, err
	}
	return &SummaryOf[L]{t}, nil
}

// With returns the series with these labels, as [CounterOf.With] does.
func (t *SummaryOf[L]) With(labels L) *Summary { return t.with(labels) }

// WithObjectives sets the quantiles of a summary and the rank error allowed for each: {0.99: 0.001}
// asks for a value whose rank is between 0.989 and 0.991. The default is 0.5:0.05, 0.9:0.01,
// 0.99:0.001. With an empty map the summary has only sum and count.
func WithObjectives(objectives map[float64]float64) MetricOption {
	objectives = maps.Clone(objectives)
	if objectives == nil {
		objectives = map[float64]float64{}
	}
	return metricOption(func(d *definition) error {
		if err := d.takes("WithObjectives", "summaries"); err != nil {
			return err
		}
		d.objectives = objectives
		return nil
	})
}

// WithMaxAge sets the sliding window that a summary's quantiles cover, by default 10 minutes. Zero
// means the metric's whole life. Sum and count always cover the whole life.
//
// Quantiles show an observation for at most this time. In a program that is seldom scraped they may
// show it for longer, by a tenth of the age, but at least 10 ms and at most 10 s: for that time an
// observation may wait in a buffer before it is dated.
func WithMaxAge(age time.Duration) MetricOption {
	return metricOption(func(d *definition) error {
		if err := d.takes("WithMaxAge", "summaries"); err != nil {
			return err
		}
		if age < 0 {
			return fmt.Errorf("%w: WithMaxAge(%v): an age is not negative", ErrOption, age)
		}
		d.maxAge = age
		return nil
	})
}

var defaultObjectives = map[float64]float64{0.5: 0.05, 0.9: 0.01, 0.99: 0.001}

var summaryRules = rules{
	typ:      encode.Summary,
	ownLabel: "quantile",
	suffixes: []string{"_sum", "_count", "_created"},
	options:  []string{"WithObjectives", "WithMaxAge"},
	check:    checkSummary,
	differs:  summariesDiffer,
}

var summaryKind = kind{
	rules: &summaryRules,
	metric: func(f *family) any {
		if f.only == nil {
			return &SummaryVec{newVec[Summary](f)}
		}
		return seriesOf[Summary](f.only)
	},
	newSeries: newSummarySeries,
	life:      lifeOf[Summary],
	buffered:  true,
	updated:   func(n *shard.Node) bool { return lifeOf[Summary](n).updated(seriesOf[Summary](n).window.Count()) },
	steps:     quantilesOf,
	expose:    exposeSummaries,
	append:    appendSummary,
	form:      formSummary,
	fits:      fitsSummary,
	read:      readSummary,
	present:   func(s *Sample, _ []float64, objectives []quantile.Objective) { s.setSummary(objectives) },
	take: func(s *state, from supplied) {
		s.summary = encode.SummarySample{Quantiles: from.quantiles, Count: from.count, Sum: from.value}
	},
}

func checkSummary(d *definition) (err error) {
	if d.objectives == nil {
		d.objectives = defaultObjectives
	}
	if d.targets, err = quantile.NewObjectives(d.objectives); err != nil {
		return fmt.Errorf("%w: %w", ErrObjectives, err)
	}
	return nil
}

func summariesDiffer(d, other *definition) []difference {
	list := addDifference(nil, !maps.Equal(d.objectives, other.objectives), "objectives",
		brief(fmt.Sprint(d.objectives)), brief(fmt.Sprint(other.objectives)))
	return addDifference(list, d.maxAge != other.maxAge, "maximum age", d.maxAge.String(), other.maxAge.String())
}

func newSummarySeries(f *family) *series {
	m := made[Summary](f)
	m.log = f.core.log
	m.window.Init(f.core.log, f.def.targets, f.def.maxAge)
	return &m.series
}

func quantilesOf(d *definition) (quantiles []float64) {
	for _, o := range d.targets.List() {
		quantiles = append(quantiles, o.Quantile)
	}
	return quantiles
}

func exposeSummaries(f *family, w *pageWriter) {
	for n := range f.nodes {
		if !w.next() {
			return
		}
		readSummary(f, n, &w.state)
		appendSummary(w, n.Labels, &w.state)
	}
}

// readSummary reads a series. The observations that are still in buffers are not merged here: a
// page does that once, for all summaries.
func readSummary(f *family, n *shard.Node, s *state) {
	to := &s.summary
	s.quantiles, to.Count, to.Sum = seriesOf[Summary](n).window.Snapshot(s.quantiles[:0])
	to.Quantiles, to.Created = s.quantiles, f.created(n, s)
}

func appendSummary(w *pageWriter, labels string, s *state) {
	w.buf = w.enc.AppendSummary(w.buf, w.format, labels, &s.summary)
}

func fitsSummary(d *definition, _ float64, quantiles int) (fault, error) {
	if quantiles == d.targets.Len() {
		return 0, nil
	}
	return faultLabels, fmt.Errorf("a summary of %d quantiles, want %d: one for each objective",
		quantiles, d.targets.Len())
}
