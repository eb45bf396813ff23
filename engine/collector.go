// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"hash/maphash"
	"time"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/internal/labeltext"
)

// Collector supplies metrics whose values are kept elsewhere, at every scrape: those of a pool, of the runtime, of another
// process. Where one function returns one value, [NewGaugeFunc] is simpler.
type Collector interface {
	// Define defines the collector's metrics and keeps what the definitions return. It is called once, when the
	// collector is registered.
	Define(d *Definitions)

	// Collect emits the current values. It is called at every scrape that shows one of the metrics, on a goroutine of its
	// own, by one scrape at a time. If it panics, ends its goroutine or takes longer than [CallbackTimeout], its metrics
	// are left out of that page and the failure is counted. It may use the registry.
	Collect(e *Emission)
}

// Collected is a metric of a [Collector].
type Collected struct{ slot int }

// Definitions collects the definitions of a [Collector]. A definition that cannot work makes the registration fail.
type Definitions struct {
	list []collectedDefinition
}

type collectedDefinition struct {
	definition
	options []MetricOption
}

// Counter defines a counter with the given label names, which may be nil.
func (d *Definitions) Counter(name, help string, labels []string, options ...MetricOption) Collected {
	return d.add(encode.Counter, name, help, labels, options)
}

// Gauge defines a gauge.
func (d *Definitions) Gauge(name, help string, labels []string, options ...MetricOption) Collected {
	return d.add(encode.Gauge, name, help, labels, options)
}

// Histogram defines a histogram. [WithBuckets] says its layout.
func (d *Definitions) Histogram(name, help string, labels []string, options ...MetricOption) Collected {
	return d.add(encode.Histogram, name, help, labels, options)
}

// Summary defines a summary. [WithObjectives] says its quantiles.
func (d *Definitions) Summary(name, help string, labels []string, options ...MetricOption) Collected {
	return d.add(encode.Summary, name, help, labels, options)
}

func (d *Definitions) add(kind encode.Type, name, help string, labels []string, options []MetricOption) Collected {
	def := definition{kind: kind, name: name, help: help, vec: true, labels: append([]string{}, labels...)}
	d.list = append(d.list, collectedDefinition{def, options})
	return Collected{len(d.list) - 1}
}

// Register registers a collector's metrics: all of them or, when one cannot be defined, none.
func (r *Registry) Register(c Collector) error {
	var d Definitions
	c.Define(&d)
	for i := range d.list {
		def := &d.list[i].definition
		if err := r.complete(def, d.list[i].options); err != nil {
			return err
		}
		if def.native != nil {
			return def.wrap(fmt.Errorf("%w: WithNative: a collector can emit classic buckets only", ErrOption))
		}
	}
	s := newSource(c, len(d.list))
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, def := range d.list {
		def.source, def.slot = s, i
		have, err := r.find(&def.definition)
		if have != nil { // only this collector's own: they are the same if their sources are
			err = fmt.Errorf("quipu: %s: %w: the collector defines it twice", &def.definition, ErrTaken)
		}
		if err != nil {
			for _, f := range s.families {
				r.release(f)
			}
			return err
		}
		f := newFamily(r, def.definition)
		r.reserve(f)
		s.families = append(s.families, f)
	}
	r.publish(s.families...)
	return nil
}

// MustRegister registers collectors with the default registry and panics when one cannot be registered.
func MustRegister(collectors ...Collector) {
	for _, c := range collectors {
		must(c, Default().Register(c))
	}
}

// source runs a Collector. Its callback makes sure that the collector runs once at a time and hurts nobody. Every run fills
// an Emission of its own, which belongs to the scrape that it was made for until that has written its page.
type source struct {
	collector Collector
	families  []*family
	call      *callback
	emissions freeList[*Emission]
}

func newSource(c Collector, metrics int) *source {
	s := &source{collector: c, emissions: make(freeList[*Emission], keptPages)}
	s.call = newCallback(func(result *callbackResult) {
		e := s.emissions.get(func() *Emission {
			return &Emission{source: s, samples: make([][]emitted, metrics), seen: make(map[uint64]bool)}
		})
		e.reset()
		s.collector.Collect(e)
		result.emission = e
	})
	return s
}

// Emission takes the values of one call of Collect. It must not be used after that.
type Emission struct {
	source  *source
	samples [][]emitted // by Collected.slot
	text    []byte      // label texts
	values  []float64   // quantiles
	counts  []uint64    // buckets
	seen    map[uint64]bool
	scratch []byte
}

// emitted is one series of an emission. Its labels, and its quantiles or buckets, are stretches of the Emission's slices.
type emitted struct {
	value             float64 // or the sum
	count             uint64  // of a summary
	begin, end        int     // of values or counts
	labels, labelsEnd int     // of text
}

var emissionSeed = maphash.MakeSeed()

func (e *Emission) reset() {
	for i := range e.samples {
		e.samples[i] = e.samples[i][:0]
	}
	e.text, e.values, e.counts = e.text[:0], e.values[:0], e.counts[:0]
	clear(e.seen)
}

// Emit emits one series of a counter or gauge. Label values come in the order of the definition's names.
//
// A series with the labels of an earlier one, a wrong number of values, and a counter that is negative or NaN are dropped
// and counted; so are the series of a metric that has [WithMaxSeries] of them.
func (e *Emission) Emit(c Collected, value float64, labels ...string) {
	f := e.source.families[c.slot]
	switch {
	case f.def.kind == encode.Counter && !(value >= 0):
		f.misuse(faultNegative, "a collector emitted %v for a counter", value)
	case f.def.kind == encode.Counter || f.def.kind == encode.Gauge:
		e.add(f, emitted{value: value}, labels)
	default:
		f.misuse(faultLabels, "a collector emitted one value")
	}
}

// EmitHistogram emits one series of a histogram: the observations in each bucket, not cumulative, +Inf last, and their
// sum. What does not fit the definition is dropped and counted.
func (e *Emission) EmitHistogram(c Collected, counts []uint64, sum float64, labels ...string) {
	f := e.source.families[c.slot]
	if f.def.kind != encode.Histogram || len(counts) != f.def.bounds.Buckets() {
		f.misuse(faultLabels, "a collector emitted a histogram of %d buckets", len(counts))
		return
	}
	begin := len(e.counts)
	e.counts = append(e.counts, counts...)
	e.add(f, emitted{value: sum, begin: begin, end: len(e.counts)}, labels)
}

// EmitSummary emits one series of a summary: an estimate for each objective, in ascending order, and count and sum. What
// does not fit the definition is dropped and counted.
func (e *Emission) EmitSummary(c Collected, quantiles []float64, count uint64, sum float64, labels ...string) {
	f := e.source.families[c.slot]
	if f.def.kind != encode.Summary || len(quantiles) != f.def.targets.Len() {
		f.misuse(faultLabels, "a collector emitted a summary of %d quantiles", len(quantiles))
		return
	}
	begin := len(e.values)
	e.values = append(e.values, quantiles...)
	e.add(f, emitted{value: sum, count: count, begin: begin, end: len(e.values)}, labels)
}

// add renders a series' labels and appends the series.
func (e *Emission) add(f *family, s emitted, labels []string) {
	if len(labels) != len(f.def.labels) {
		f.misuse(faultLabels, "a collector emitted %d label values, want %d", len(labels), len(f.def.labels))
		return
	}
	if len(e.samples[f.def.slot]) >= f.def.maxSeries {
		f.reg.self.overflow.Inc()
		f.overflowed("further series of its collector are dropped")
		return
	}
	e.scratch = e.scratch[:0]
	for i, value := range labels {
		if isDirty(value) {
			value = f.repair(f.def.labels[i], value)
		}
		e.scratch = labeltext.Append(e.scratch, f.def.labels[i], value)
	}
	e.scratch = labeltext.AppendText(e.scratch, f.consts)

	// 64 keyed bits stand for the labels: two label sets that share them are not to be expected.
	id := maphash.Bytes(emissionSeed, e.scratch) + uint64(f.def.slot)
	if e.seen[id] {
		f.misuse(faultLabels, "a collector emitted {%s} twice", e.scratch)
		return
	}
	e.seen[id] = true
	s.labels = len(e.text)
	e.text = append(e.text, e.scratch...)
	s.labelsEnd = len(e.text)
	e.samples[f.def.slot] = append(e.samples[f.def.slot], s)
}

// of returns how many series of a family there are. A collector that failed has none.
func (e *Emission) of(f *family) int {
	if e == nil {
		return 0
	}
	return len(e.samples[f.def.slot])
}

// append appends series i of a family to the page.
func (e *Emission) append(p *page, f *family, i int) {
	s := &e.samples[f.def.slot][i]
	labels, _ := shared(e.text[s.labels:s.labelsEnd:s.labelsEnd])
	switch f.def.kind {
	case encode.Counter:
		p.counter = encode.CounterSample{Frac: s.value}
		p.buf = f.enc.AppendCounter(p.buf, p.fm, labels, &p.counter)
	case encode.Gauge:
		p.buf = f.enc.AppendGauge(p.buf, p.fm, labels, s.value)
	case encode.Histogram:
		p.histogram = encode.HistogramSample{Counts: e.counts[s.begin:s.end], Sum: s.value}
		p.buf = f.enc.AppendHistogram(p.buf, p.fm, labels, &p.histogram)
	default:
		p.summary = encode.SummarySample{Quantiles: e.values[s.begin:s.end], Count: s.count, Sum: s.value}
		p.buf = f.enc.AppendSummary(p.buf, p.fm, labels, &p.summary)
	}
}

// emission returns what the collector of f emits for this page, or nil if it failed. It is called once a page.
func (p *page) emission(f *family) *Emission {
	s := f.def.source
	for _, e := range p.emissions {
		if e.source == s {
			return e.emission
		}
	}
	e, _ := f.run(s.call, time.Until(p.until), p.done)
	p.emissions = append(p.emissions, pageEmission{s, e.emission})
	return e.emission
}

// pageEmission is what a collector emitted for a page: nil if it failed.
type pageEmission struct {
	source   *source
	emission *Emission
}
