// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"hash/maphash"
	"sync"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/internal/labeltext"
)

// Emission takes the values of one call of Collect. Its methods may be called by several goroutines at once; the series
// of a metric are shown in the order in which they come. What is emitted after Collect has returned is dropped and
// counted as "late".
type Emission struct {
	source *source

	// A user may hold an Emission for ever, so it is made anew for every call of Collect and never used again, while the
	// buffer behind it is. The buffer is taken away under mu when Collect returns: nothing that is emitted later can
	// reach it.
	mu  sync.Mutex
	buf *emissionBuffer
}

// emissionBuffer holds the series of one call of Collect. Pages that show them read it once Collect has returned.
type emissionBuffer struct {
	samples [][]emitted // by Collected.slot
	text    []byte      // label texts
	values  []float64   // quantiles
	counts  []uint64    // buckets
	seen    map[uint64]bool
	scratch []byte
}

// emitted is one series of an emission. Its labels, and its quantiles or buckets, are stretches of the buffer's slices.
type emitted struct {
	value             float64 // or the sum
	count             uint64  // of a summary
	begin, end        int     // of values or counts
	labels, labelsEnd int     // of text
}

var emissionSeed = maphash.MakeSeed()

func newEmissionBuffer(metrics int) *emissionBuffer {
	return &emissionBuffer{samples: make([][]emitted, metrics), seen: make(map[uint64]bool)}
}

func (b *emissionBuffer) reset() {
	for i := range b.samples {
		b.samples[i] = b.samples[i][:0]
	}
	b.text, b.values, b.counts = b.text[:0], b.values[:0], b.counts[:0]
	clear(b.seen)
}

// close ends the emission: Collect has returned.
func (e *Emission) close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.buf = nil
}

// family returns the metric that a definition of this collector returned, or nil, counted, if c is none of those.
func (e *Emission) family(c Collected) *family {
	if c.slot < 1 || c.slot > len(e.source.families) {
		e.source.misuse(faultLabels, "emitted for a Collected that its Define has not returned")
		return nil
	}
	return e.source.families[c.slot-1]
}

// Emit emits one series of a counter or gauge. Label values come in the order of the definition's names.
//
// A series with the labels of an earlier one, a wrong number of values, and a counter that is negative or NaN are dropped
// and counted; so are the series of a metric that has [WithMaxSeries] of them.
func (e *Emission) Emit(c Collected, value float64, labels ...string) {
	f := e.family(c)
	switch {
	case f == nil:
	case f.def.kind == encode.Counter && !(value >= 0):
		f.misuse(faultNegative, "a collector emitted %v for a counter", value)
	case f.def.kind == encode.Counter || f.def.kind == encode.Gauge:
		e.add(f, emitted{value: value}, nil, nil, labels)
	default:
		f.misuse(faultLabels, "a collector emitted one value for a %s: use EmitHistogram or EmitSummary", f.def.kind)
	}
}

// EmitHistogram emits one series of a histogram: the observations in each bucket, not cumulative, +Inf last, and their
// sum. What does not fit the definition is dropped and counted.
func (e *Emission) EmitHistogram(c Collected, counts []uint64, sum float64, labels ...string) {
	f := e.family(c)
	switch {
	case f == nil:
	case f.def.kind != encode.Histogram:
		f.misuse(faultLabels, "a collector emitted a histogram for a %s", f.def.kind)
	case len(counts) != f.def.bounds.Buckets():
		f.misuse(faultLabels, "a collector emitted a histogram of %d buckets, want %d: one for each bound and one for +Inf",
			len(counts), f.def.bounds.Buckets())
	default:
		e.add(f, emitted{value: sum}, counts, nil, labels)
	}
}

// EmitSummary emits one series of a summary: an estimate for each objective, in ascending order, and count and sum. What
// does not fit the definition is dropped and counted.
func (e *Emission) EmitSummary(c Collected, quantiles []float64, count uint64, sum float64, labels ...string) {
	f := e.family(c)
	switch {
	case f == nil:
	case f.def.kind != encode.Summary:
		f.misuse(faultLabels, "a collector emitted a summary for a %s", f.def.kind)
	case len(quantiles) != f.def.targets.Len():
		f.misuse(faultLabels, "a collector emitted a summary of %d quantiles, want %d: one for each objective",
			len(quantiles), f.def.targets.Len())
	default:
		e.add(f, emitted{value: sum, count: count}, nil, quantiles, labels)
	}
}

// addOutcome is the result of adding a series to a buffer.
type addOutcome int

const (
	added addOutcome = iota
	addedTwice
	addedTooMany
	addedLate
)

// add adds a series. Whatever may call the user's code, as logging does, happens outside the mutex.
func (e *Emission) add(f *family, s emitted, counts []uint64, quantiles []float64, labels []string) {
	if len(labels) != len(f.def.labels) {
		f.wrongValues(len(labels))
		return
	}
	labels = f.repairAll(labels)
	outcome := addedLate
	e.mu.Lock()
	if e.buf != nil {
		outcome = e.buf.add(f, s, counts, quantiles, labels)
	}
	e.mu.Unlock()
	switch outcome {
	case addedTwice:
		if !f.again(faultLabels) {
			f.misuse(faultLabels, "a collector emitted {%s} twice", appendLabels(nil, f, labels))
		}
	case addedTooMany:
		f.reg.self.overflow.Inc()
		f.overflowed("further series of its collector are dropped")
	case addedLate:
		if !f.again(faultLate) {
			f.misuse(faultLate, "a collector emitted a series after its Collect had returned")
		}
	}
}

// repairAll returns values that can be used as they are: these, if they can.
func (f *family) repairAll(values []string) []string {
	for i, value := range values {
		if isDirty(value) {
			cleaned := append([]string(nil), values...)
			for ; i < len(cleaned); i++ {
				if isDirty(cleaned[i]) {
					cleaned[i] = f.repair(f.def.labels[i], cleaned[i])
				}
			}
			return cleaned
		}
	}
	return values
}

// appendLabels appends the text of a series' labels.
func appendLabels(dst []byte, f *family, values []string) []byte {
	for i, value := range values {
		dst = labeltext.Append(dst, f.def.labels[i], value)
	}
	return labeltext.AppendText(dst, f.consts)
}

// add appends a series, unless its family has one with these labels, or no room.
func (b *emissionBuffer) add(f *family, s emitted, counts []uint64, quantiles []float64, labels []string) addOutcome {
	samples := &b.samples[f.def.slot]
	if len(*samples) >= f.def.maxSeries {
		return addedTooMany
	}
	b.scratch = appendLabels(b.scratch[:0], f, labels)

	// 64 keyed bits stand for the labels: two label sets that share them are not to be expected.
	id := maphash.Bytes(emissionSeed, b.scratch) + uint64(f.def.slot)
	if b.seen[id] {
		return addedTwice
	}
	b.seen[id] = true
	s.labels = len(b.text)
	b.text = append(b.text, b.scratch...)
	s.labelsEnd = len(b.text)
	switch {
	case counts != nil:
		s.begin = len(b.counts)
		b.counts = append(b.counts, counts...)
		s.end = len(b.counts)
	case quantiles != nil:
		s.begin = len(b.values)
		b.values = append(b.values, quantiles...)
		s.end = len(b.values)
	}
	*samples = append(*samples, s)
	return added
}

// of returns how many series of a family there are. A collector that failed has none.
func (b *emissionBuffer) of(f *family) int {
	if b == nil {
		return 0
	}
	return len(b.samples[f.def.slot])
}

// append appends series i of a family to the page.
func (b *emissionBuffer) append(p *page, f *family, i int) {
	s := &b.samples[f.def.slot][i]
	labels, _ := shared(b.text[s.labels:s.labelsEnd:s.labelsEnd])
	switch f.def.kind {
	case encode.Counter:
		p.counter = encode.CounterSample{Frac: s.value}
		p.buf = p.enc.AppendCounter(p.buf, p.fm, labels, &p.counter)
	case encode.Gauge:
		p.buf = p.enc.AppendGauge(p.buf, p.fm, labels, s.value)
	case encode.Histogram:
		p.histogram = encode.HistogramSample{Counts: b.counts[s.begin:s.end], Sum: s.value}
		p.buf = p.enc.AppendHistogram(p.buf, p.fm, labels, &p.histogram)
	default:
		p.summary = encode.SummarySample{Quantiles: b.values[s.begin:s.end], Count: s.count, Sum: s.value}
		p.buf = p.enc.AppendSummary(p.buf, p.fm, labels, &p.summary)
	}
}
