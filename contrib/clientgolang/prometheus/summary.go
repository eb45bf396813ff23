// SPDX-License-Identifier: Apache-2.0

package prometheus

import (
	"math"
	"sync/atomic"
	"unsafe"

	client "github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/quipu-metrics/quipu/contrib/clientgolang/internal/page"
	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/quantile"
	"github.com/quipu-metrics/quipu/shard"
)

// summary implements [Summary]. The node of its series stands first, as in a counter.
type summary struct {
	series
	window quantile.Window
	nan    atomic.Bool // whether NaN was observed; for good
}

// observations holds what summaries have observed and their windows do not have yet. It belongs to
// the process, as the Ps do.
var observations = quantile.NewLog(nil)

var summaries = kind{
	message: dto.MetricType_SUMMARY, text: encode.Summary,
	cell: func(n *shard.Node) cell { return summaryOf(n) },
	newNode: func(f *family) *shard.Node {
		s := &summary{series: newSeries(f)}
		s.window.Init(observations, f.objectives, f.maxAge)
		return &s.Node
	},
}

func summaryOf(n *shard.Node) *summary { return (*summary)(unsafe.Pointer(n)) }

// NewSummary returns a summary without variable labels: see [NewCounter]. It panics if the options
// are not valid. BufCap has no effect.
func NewSummary(opts SummaryOpts) Summary {
	if f := newSummaryFamily(&opts, UnconstrainedLabels(nil), false); f != nil {
		return f.only.(*summary)
	}
	return client.NewSummary(opts)
}

// newSummaryFamily returns nil for what only client_golang can keep.
func newSummaryFamily(opts *SummaryOpts, variable ConstrainableLabels, vec bool) *family {
	objectives, err := quantile.NewObjectives(opts.Objectives)
	if err != nil || opts.MaxAge < 0 || opts.AgeBuckets != 0 && opts.AgeBuckets != DefAgeBuckets {
		return nil
	}
	d := definition{Opts: Opts{
		Namespace: opts.Namespace, Subsystem: opts.Subsystem, Name: opts.Name,
		Help: opts.Help, Unit: opts.Unit, ConstLabels: opts.ConstLabels,
	}, variable: variable, vec: vec, reserved: "quantile", objectives: objectives, maxAge: opts.MaxAge}
	if d.maxAge == 0 {
		d.maxAge = DefMaxAge
	}
	return newFamily(&summaries, d)
}

// Observe implements [Observer]. It appends to a buffer of this CPU, which others merge.
func (s *summary) Observe(v float64) {
	if v != v {
		s.nan.Store(true)
	}
	observations.Observe(&s.window, v)
}

// snapshot returns the estimates, and count and sum of the observations that the window has.
func (s *summary) snapshot(dst []float64) (q []float64, count uint64, sum float64) {
	q, count, sum = s.window.Snapshot(dst[:0])
	if s.nan.Load() {
		sum = math.NaN()
	}
	return q, count, sum
}

// Collect implements [Collector].
func (s *summary) Collect(ch chan<- Metric) { ch <- s }

// Write implements [Metric].
func (s *summary) Write(m *dto.Metric) error { return s.write(m, s) }

func (s *summary) fill(m *dto.Metric, b *builder) {
	if !b.drained {
		b.drained = true
		observations.Drain()
	}
	to := b.summaries.One()
	var count uint64
	var sum float64
	b.q, count, sum = s.snapshot(b.q)
	to.Quantile = b.quantileLists.List(len(b.q))
	for i, o := range s.fam.objectives.List() {
		to.Quantile[i] = b.quantiles.One()
		to.Quantile[i].Quantile, to.Quantile[i].Value = b.floats.Of(o.Quantile), b.floats.Of(b.q[i])
	}
	to.SampleCount, to.SampleSum = b.unsigned.Of(count), b.floats.Of(sum)
	to.CreatedTimestamp = b.time(s.created)
	m.Summary = to
}

func (s *summary) appendTo(w *page.Writer, enc *encode.Family, labels string) {
	if !w.Drained {
		w.Drained = true
		observations.Drain()
	}
	var sample encode.SummarySample
	w.Estimates, sample.Count, sample.Sum = s.snapshot(w.Estimates)
	sample.Quantiles = w.Estimates
	if w.Created {
		sample.Created = s.seconds()
	}
	w.Buf = enc.AppendSummary(w.Buf, w.Format, labels, &sample)
}

// SummaryVec is a summary with variable labels. All methods may be called concurrently.
type SummaryVec struct{ vec }

// NewSummaryVec returns a summary with these variable labels. It panics if one of them is quantile.
func NewSummaryVec(opts SummaryOpts, labelNames []string) *SummaryVec {
	return V2.NewSummaryVec(SummaryVecOpts{SummaryOpts: opts, VariableLabels: UnconstrainedLabels(labelNames)})
}

// NewSummaryVec returns a summary with labels that may have constraints.
func (v2) NewSummaryVec(opts SummaryVecOpts) *SummaryVec {
	f := newSummaryFamily(&opts.SummaryOpts, opts.VariableLabels, true)
	if f == nil {
		return &SummaryVec{vec{theirs: client.V2.NewSummaryVec(opts).MetricVec}}
	}
	return &SummaryVec{newVec(f)}
}

// WithLabelValues returns the summary with these label values: see [CounterVec.WithLabelValues].
func (v *SummaryVec) WithLabelValues(lvs ...string) Observer {
	if n := v.find(lvs); n != nil {
		return summaryOf(n)
	}
	return must(v.GetMetricWithLabelValues(copied(lvs)...))
}

// GetMetricWithLabelValues is WithLabelValues with an error in the place of the panic.
func (v *SummaryVec) GetMetricWithLabelValues(lvs ...string) (Observer, error) {
	return as[Observer](v.get(lvs))
}

// With is WithLabelValues with a map from names to values, which it does not keep.
func (v *SummaryVec) With(labels Labels) Observer {
	if n := v.findSet(labels); n != nil {
		return summaryOf(n)
	}
	return must(v.GetMetricWith(copiedSet(labels)))
}

// GetMetricWith is With. It returns an error where With panics.
func (v *SummaryVec) GetMetricWith(labels Labels) (Observer, error) {
	return as[Observer](v.getSet(labels))
}

// CurryWith returns the Vec with the values of some labels fixed: see [CounterVec.CurryWith].
func (v *SummaryVec) CurryWith(labels Labels) (ObserverVec, error) {
	c, err := v.curry(labels)
	if err != nil {
		return nil, err
	}
	return &SummaryVec{c}, nil
}

// MustCurryWith is CurryWith. It panics where CurryWith returns an error.
func (v *SummaryVec) MustCurryWith(labels Labels) ObserverVec { return must(v.CurryWith(labels)) }
