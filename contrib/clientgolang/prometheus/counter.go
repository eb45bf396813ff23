// SPDX-License-Identifier: Apache-2.0

package prometheus

import (
	"errors"
	"math"
	"sync/atomic"
	"unsafe"

	client "github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/quipu-metrics/quipu/atomicf"
	"github.com/quipu-metrics/quipu/contrib/clientgolang/internal/page"
	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/shard"
)

// counter implements [Counter] and [ExemplarAdder]. The node of its series stands first, so that a
// pointer to the node is one to the counter.
type counter struct {
	series
	ints     atomicf.Count // whole additions: exact
	frac     atomicf.Sum   // the others
	nan      atomic.Bool   // whether NaN was added; for good
	exemplar atomic.Pointer[exemplar]
}

var counters = kind{
	message: dto.MetricType_COUNTER, text: encode.Counter,
	cell: func(n *shard.Node) cell { return counterOf(n) },
	newNode: func(f *family) *shard.Node {
		c := &counter{series: newSeries(f)}
		return &c.Node
	},
}

func counterOf(n *shard.Node) *counter { return (*counter)(unsafe.Pointer(n)) }

// NewCounter returns a counter without variable labels. It works before it is registered, and
// whether it is registered or not. See BenchmarkCounter.
func NewCounter(opts CounterOpts) Counter {
	if f := newFamily(&counters, definition{Opts: Opts(opts), variable: UnconstrainedLabels(nil)}); f != nil {
		return f.only.(*counter)
	}
	return client.NewCounter(opts)
}

// Inc implements [Counter].
func (c *counter) Inc() { c.ints.Inc() }

// maxWhole is the size from which whole additions go to the floating-point part.
const maxWhole = 1 << 62

// Add implements [Counter]. It panics if v is negative.
func (c *counter) Add(v float64) {
	if n := int64(v); float64(n) == v && uint64(n)-1 < maxWhole-1 {
		c.ints.Add(uint64(n))
		return
	}
	c.addRest(v)
}

// addRest adds 0, fractions, large numbers and NaN.
func (c *counter) addRest(v float64) {
	switch {
	case v < 0:
		panic(errors.New("counter cannot decrease in value"))
	case v != v:
		c.nan.Store(true)
	default:
		c.frac.Add(v)
	}
}

// AddWithExemplar implements [ExemplarAdder]. It panics if the exemplar is not valid.
func (c *counter) AddWithExemplar(v float64, labels Labels) {
	c.Add(v)
	if labels != nil {
		c.exemplar.Store(newExemplar(v, labels))
	}
}

func (c *counter) value() float64 {
	if c.nan.Load() {
		return math.NaN()
	}
	return float64(c.ints.Load()) + c.frac.Load()
}

// Collect implements [Collector].
func (c *counter) Collect(ch chan<- Metric) { ch <- c }

// Write implements [Metric].
func (c *counter) Write(m *dto.Metric) error { return c.write(m, c) }

func (c *counter) fill(m *dto.Metric, b *builder) {
	m.Counter = b.counters.One()
	// The exemplar is read first: one that is shown belongs to an addition that the value has.
	m.Counter.Exemplar = c.exemplar.Load().proto()
	m.Counter.Value = b.floats.Of(c.value())
	m.Counter.CreatedTimestamp = b.time(c.created)
}

func (c *counter) appendTo(w *page.Writer, enc *encode.Family, labels string) {
	s := encode.CounterSample{Exemplar: c.exemplar.Load().sample(w.Format)}
	if c.nan.Load() {
		s.Frac = math.NaN()
	} else {
		s.Int, s.Frac = c.ints.Load(), c.frac.Load()
	}
	if w.Created {
		s.Created = c.seconds()
	}
	w.Buf = enc.AppendCounter(w.Buf, w.Format, labels, &s)
}

// CounterVec is a counter with variable labels. All methods may be called concurrently.
type CounterVec struct{ vec }

// NewCounterVec returns a counter with these variable labels.
func NewCounterVec(opts CounterOpts, labelNames []string) *CounterVec {
	return V2.NewCounterVec(CounterVecOpts{CounterOpts: opts, VariableLabels: UnconstrainedLabels(labelNames)})
}

// NewCounterVec returns a counter with labels that may have constraints.
func (v2) NewCounterVec(opts CounterVecOpts) *CounterVec {
	f := newFamily(&counters, definition{Opts: Opts(opts.CounterOpts), variable: opts.VariableLabels, vec: true})
	if f == nil {
		return &CounterVec{vec{theirs: client.V2.NewCounterVec(opts).MetricVec}}
	}
	return &CounterVec{newVec(f)}
}

// WithLabelValues returns the counter with these label values, in the order of the declared names,
// and creates it if there is none. It takes no lock unless it creates one, and allocates nothing
// then (BenchmarkLookup). It panics where GetMetricWithLabelValues returns an error.
func (v *CounterVec) WithLabelValues(lvs ...string) Counter {
	if n := v.find(lvs); n != nil {
		return counterOf(n)
	}
	return must(v.GetMetricWithLabelValues(copied(lvs)...))
}

// GetMetricWithLabelValues is WithLabelValues. It returns an error if the number of values is wrong
// or one is not valid UTF-8.
func (v *CounterVec) GetMetricWithLabelValues(lvs ...string) (Counter, error) {
	return as[Counter](v.get(lvs))
}

// With is WithLabelValues with a map from names to values, which it does not keep.
func (v *CounterVec) With(labels Labels) Counter {
	if n := v.findSet(labels); n != nil {
		return counterOf(n)
	}
	return must(v.GetMetricWith(copiedSet(labels)))
}

// GetMetricWith is With. It returns an error where With panics.
func (v *CounterVec) GetMetricWith(labels Labels) (Counter, error) {
	return as[Counter](v.getSet(labels))
}

// CurryWith returns the Vec with the values of some labels fixed. Its lookups take the others. Its
// Reset, Collect and DeletePartialMatch are those of the whole Vec.
func (v *CounterVec) CurryWith(labels Labels) (*CounterVec, error) {
	c, err := v.curry(labels)
	if err != nil {
		return nil, err
	}
	return &CounterVec{c}, nil
}

// MustCurryWith is CurryWith. It panics where CurryWith returns an error.
func (v *CounterVec) MustCurryWith(labels Labels) *CounterVec { return must(v.CurryWith(labels)) }
