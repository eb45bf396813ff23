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
	"github.com/quipu-metrics/quipu/histogram"
	"github.com/quipu-metrics/quipu/shard"
)

// classic implements [Histogram] and [ExemplarObserver] for classic buckets. The node of its series
// stands first, as in a counter.
type classic struct {
	series
	buckets   histogram.Classic
	nan       atomic.Bool // whether NaN was observed; for good
	exemplars atomic.Pointer[[]atomic.Pointer[exemplar]]
}

var histograms = kind{
	message: dto.MetricType_HISTOGRAM, text: encode.Histogram,
	cell: func(n *shard.Node) cell { return classicOf(n) },
	newNode: func(f *family) *shard.Node {
		h := &classic{series: newSeries(f)}
		h.buckets.Init(f.bounds)
		return &h.Node
	},
}

func classicOf(n *shard.Node) *classic { return (*classic)(unsafe.Pointer(n)) }

// NewHistogram returns a histogram without variable labels: see [NewCounter]. It panics if the
// options are not valid. With native buckets it is client_golang's.
func NewHistogram(opts HistogramOpts) Histogram {
	if f := newHistogramFamily(&opts, UnconstrainedLabels(nil), false); f != nil {
		return f.only.(*classic)
	}
	return client.NewHistogram(opts)
}

// newHistogramFamily returns nil for what only client_golang can keep. It sets the default buckets.
func newHistogramFamily(opts *HistogramOpts, variable ConstrainableLabels, vec bool) *family {
	if opts.NativeHistogramBucketFactor > 1 {
		return nil
	}
	if len(opts.Buckets) == 0 {
		opts.Buckets = DefBuckets
	}
	bounds, err := histogram.NewBounds(opts.Buckets)
	if err != nil {
		return nil
	}
	return newFamily(&histograms, definition{Opts: Opts{
		Namespace: opts.Namespace, Subsystem: opts.Subsystem, Name: opts.Name,
		Help: opts.Help, Unit: opts.Unit, ConstLabels: opts.ConstLabels,
	}, variable: variable, vec: vec, reserved: "le", bounds: bounds})
}

// Observe implements [Observer]. It takes no lock, and does not wait for whoever reads
// (BenchmarkHistogram).
func (h *classic) Observe(v float64) {
	if v != v {
		h.nan.Store(true)
	}
	h.buckets.Observe(v)
}

// ObserveWithExemplar implements [ExemplarObserver]. It panics if the exemplar is not valid.
func (h *classic) ObserveWithExemplar(v float64, labels Labels) {
	h.Observe(v)
	if labels == nil {
		return
	}
	e := newExemplar(v, labels)
	slots := h.exemplars.Load()
	if slots == nil {
		made := make([]atomic.Pointer[exemplar], h.buckets.Bounds().Buckets())
		h.exemplars.CompareAndSwap(nil, &made) // or another goroutine's
		slots = h.exemplars.Load()
	}
	(*slots)[h.buckets.Bounds().Bucket(v)].Store(e)
}

// exemplar returns the exemplar of a bucket, or nil.
func (h *classic) exemplar(bucket int) *exemplar {
	if slots := h.exemplars.Load(); slots != nil {
		return (*slots)[bucket].Load()
	}
	return nil
}

// snapshot returns the counts of the buckets and the sum of the same observations.
func (h *classic) snapshot(dst []uint64) (counts []uint64, sum float64) {
	counts, sum, _ = h.buckets.Snapshot(dst)
	if h.nan.Load() {
		sum = math.NaN()
	}
	return counts, sum
}

// Collect implements [Collector].
func (h *classic) Collect(ch chan<- Metric) { ch <- h }

// Write implements [Metric].
func (h *classic) Write(m *dto.Metric) error { return h.write(m, h) }

// fill makes a bucket for each bound, and one for +Inf if that has an exemplar, as client_golang
// does.
func (h *classic) fill(m *dto.Metric, b *builder) {
	upper := h.buckets.Bounds().Upper()
	last := h.exemplar(len(upper))
	n := len(upper)
	if last != nil {
		n++
	}
	to := b.histograms.One()
	to.Bucket = b.bucketLists.List(n)
	for i := range upper { // before the counts are read, which then have what the exemplars are about
		to.Bucket[i] = b.buckets.One()
		to.Bucket[i].Exemplar = h.exemplar(i).proto()
		to.Bucket[i].UpperBound = &upper[i]
	}
	var sum float64
	b.counts, sum = h.snapshot(b.counts)
	total := uint64(0)
	for i := range upper {
		total += b.counts[i]
		to.Bucket[i].CumulativeCount = b.unsigned.Of(total)
	}
	total += b.counts[len(upper)]
	if last != nil {
		to.Bucket[n-1] = b.buckets.One()
		to.Bucket[n-1].Exemplar, to.Bucket[n-1].UpperBound = last.message, b.floats.Of(math.Inf(1))
		to.Bucket[n-1].CumulativeCount = b.unsigned.Of(total)
	}
	to.SampleCount, to.SampleSum = b.unsigned.Of(total), b.floats.Of(sum)
	to.CreatedTimestamp = b.time(h.created)
	m.Histogram = to
}

func (h *classic) appendTo(w *page.Writer, enc *encode.Family, labels string) {
	var s encode.HistogramSample
	if slots := h.exemplars.Load(); slots != nil && w.Format != encode.Text {
		w.Exemplars = w.Exemplars[:0]
		for i := range *slots {
			w.Exemplars = append(w.Exemplars, (*slots)[i].Load().sample(w.Format))
		}
		s.Exemplars = w.Exemplars
	}
	w.Counts, s.Sum = h.snapshot(w.Counts)
	s.Counts = w.Counts
	if w.Created {
		s.Created = h.seconds()
	}
	w.Buf = enc.AppendHistogram(w.Buf, w.Format, labels, &s)
}

// HistogramVec is a histogram with variable labels. All methods may be called concurrently.
type HistogramVec struct{ vec }

// NewHistogramVec returns a histogram with these variable labels.
func NewHistogramVec(opts HistogramOpts, labelNames []string) *HistogramVec {
	return V2.NewHistogramVec(HistogramVecOpts{HistogramOpts: opts, VariableLabels: UnconstrainedLabels(labelNames)})
}

// NewHistogramVec returns a histogram with labels that may have constraints.
func (v2) NewHistogramVec(opts HistogramVecOpts) *HistogramVec {
	f := newHistogramFamily(&opts.HistogramOpts, opts.VariableLabels, true)
	if f == nil {
		return &HistogramVec{vec{theirs: client.V2.NewHistogramVec(opts).MetricVec}}
	}
	return &HistogramVec{newVec(f)}
}

// WithLabelValues returns the histogram with these label values: see [CounterVec.WithLabelValues].
func (v *HistogramVec) WithLabelValues(lvs ...string) Observer {
	if n := v.find(lvs); n != nil {
		return classicOf(n)
	}
	return must(v.GetMetricWithLabelValues(copied(lvs)...))
}

// GetMetricWithLabelValues is WithLabelValues with an error in the place of the panic.
func (v *HistogramVec) GetMetricWithLabelValues(lvs ...string) (Observer, error) {
	return as[Observer](v.get(lvs))
}

// With is WithLabelValues with a map from names to values, which it does not keep.
func (v *HistogramVec) With(labels Labels) Observer {
	if n := v.findSet(labels); n != nil {
		return classicOf(n)
	}
	return must(v.GetMetricWith(copiedSet(labels)))
}

// GetMetricWith is With. It returns an error where With panics.
func (v *HistogramVec) GetMetricWith(labels Labels) (Observer, error) {
	return as[Observer](v.getSet(labels))
}

// CurryWith returns the Vec with the values of some labels fixed: see [CounterVec.CurryWith].
func (v *HistogramVec) CurryWith(labels Labels) (ObserverVec, error) {
	c, err := v.curry(labels)
	if err != nil {
		return nil, err
	}
	return &HistogramVec{c}, nil
}

// MustCurryWith is CurryWith. It panics where CurryWith returns an error.
func (v *HistogramVec) MustCurryWith(labels Labels) ObserverVec { return must(v.CurryWith(labels)) }
