// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"hash/maphash"
	"sync"
	"sync/atomic"

	"github.com/quipu-metrics/quipu/atomicf"
	"github.com/quipu-metrics/quipu/internal/labeltext"
	"github.com/quipu-metrics/quipu/shard"
)

// emitter is a registered collector as its emissions know it.
type emitter struct {
	core     *core
	name     string        // the type of the collector, for log lines
	families []*family     // by Collected.slot; set before a scrape can see the collector
	reported atomic.Uint32 // faults that have been logged, a bit each
}

// leftOut counts that a page lacks the collector's metrics, and logs it the first time.
func (e *emitter) leftOut(kind fault, cause any) {
	if e.first(kind, &e.core.tally.failed[kind]) {
		e.log(kind, "left a collector's metrics out of a page", cause)
	}
}

// misuse counts a fault of the collector that does not belong to one of its metrics, and logs it
// the first time, with its line. In a strict registry it panics instead.
func (e *emitter) misuse(kind fault, detail string) {
	if e.core.strict {
		panic(fmt.Sprintf("quipu: collector %s: %s (at %s)", e.name, detail, callerNow()))
	}
	if e.first(kind, &e.core.tally.dropped[kind]) {
		e.log(kind, "dropped a collector's emission", detail, "caller", callerNow())
	}
}

// first counts a fault and reports whether it is the collector's first of its kind.
func (e *emitter) first(kind fault, count *atomicf.Count) bool {
	count.Inc()
	bit := uint32(1) << kind
	return e.reported.Or(bit)&bit == 0
}

func (e *emitter) log(kind fault, event string, detail any, more ...any) {
	names := make([]string, len(e.families))
	for i, f := range e.families {
		names[i] = f.def.name
	}
	attrs := []any{"collector", e.name, "metrics", names, "reason", kind.String(), "detail", detail}
	e.core.warn("quipu: "+event+" (further ones are only counted)", append(attrs, more...)...)
}

// Collected is a metric of a [Collector]. Emissions for the zero value are dropped and counted.
type Collected struct{ slot int } // counted from 1

// Emission takes the values of one call of Collect. Its methods may be called by several goroutines
// at once; the series of a metric are shown in the order in which they come. Series that are
// emitted after Collect has returned are dropped and counted as "late".
type Emission struct {
	emitter *emitter

	// A user may hold an Emission for ever, so every call of Collect gets another one, while the
	// buffer behind it is used again. The buffer is taken away under mu when Collect returns:
	// nothing that is emitted later can reach it.
	mu  sync.Mutex
	buf *emissionBuffer
}

// emissionBuffer holds the series of one call of Collect. Pages that show them read it once Collect
// has returned.
type emissionBuffer struct {
	samples   [][]emitted // by Collected.slot
	text      []byte      // label texts
	counts    []uint64
	quantiles []float64
	seen      map[uint64]bool // hashes of the labels of all series
	scratch   []byte
}

// emitted is one series of an emission, as supplied describes it. Its labels, counts and quantiles
// are stretches of the buffer's slices.
type emitted struct {
	value                     float64
	count                     uint64
	labels, counts, quantiles stretch
}

var emissionSeed = maphash.MakeSeed()

func newEmissionBuffer(metrics int) *emissionBuffer {
	return &emissionBuffer{samples: make([][]emitted, metrics), seen: make(map[uint64]bool)}
}

// reset empties the buffer. A buffer that was far too large for the last call is not kept.
func (b *emissionBuffer) reset() {
	if room := cap(b.text); room > fewSeries*64 && len(b.text) < room/8 {
		*b = *newEmissionBuffer(len(b.samples))
		return
	}
	for i := range b.samples {
		b.samples[i] = b.samples[i][:0]
	}
	b.text, b.counts, b.quantiles = b.text[:0], b.counts[:0], b.quantiles[:0]
	clear(b.seen)
}

// close ends the emission: Collect has returned.
func (e *Emission) close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.buf = nil
}

// family returns the metric that a definition of this collector returned, or nil, counted, if c is
// none of those.
func (e *Emission) family(c Collected) *family {
	if c.slot < 1 || c.slot > len(e.emitter.families) {
		e.emitter.misuse(faultLabels, "emitted for a Collected that its Define has not returned")
		return nil
	}
	return e.emitter.families[c.slot-1]
}

// Emit emits one series of a counter or gauge. Label values come in the order of the definition's
// names.
//
// A series with the labels of an earlier one, a wrong number of values, and a counter that is
// negative or NaN are dropped and counted; so are further series of a metric that has as many as
// [WithMaxSeries] allows.
func (e *Emission) Emit(c Collected, value float64, labels ...string) {
	e.add(c, formValue, supplied{value: value}, 0, labels)
}

// EmitHistogram emits one series of a histogram: the observations in each bucket, not cumulative,
// +Inf last, and their sum. A series that does not fit the definition is dropped and counted.
func (e *Emission) EmitHistogram(c Collected, counts []uint64, sum float64, labels ...string) {
	e.add(c, formHistogram, supplied{value: sum, counts: counts}, len(counts), labels)
}

// EmitSummary emits one series of a summary: an estimate for each objective, in ascending order,
// and count and sum. A series that does not fit the definition is dropped and counted.
func (e *Emission) EmitSummary(c Collected, quantiles []float64, count uint64, sum float64, labels ...string) {
	e.add(c, formSummary, supplied{value: sum, quantiles: quantiles, count: count}, len(quantiles), labels)
}

// addOutcome is the result of adding a series to a buffer.
type addOutcome int

const (
	added addOutcome = iota
	addedTwice
	addedTooMany
	addedLate
)

// add adds a series of so many parts, which are counts or quantiles. Logging, which may call the
// user's code, happens outside the mutex. The slices must not reach a function that escape analysis
// cannot follow, or every emission would allocate in the collector.
func (e *Emission) add(c Collected, form form, series supplied, parts int, labels []string) {
	f := e.family(c)
	if f == nil {
		return
	}
	if f.kind.form != form {
		f.misuse(faultLabels, "a collector emitted %s for a %s: use %s", form, f.def.typ, f.kind.form.method())
		return
	}
	if kind, err := f.kind.fits(&f.def, series.value, parts); err != nil {
		f.misuse(kind, "a collector emitted %v", err)
		return
	}
	if len(labels) != len(f.def.labels) {
		f.wrongValues(len(labels))
		return
	}
	labels = f.repairAll(labels)
	outcome := addedLate
	e.mu.Lock()
	if e.buf != nil {
		outcome = e.buf.add(f, &series, labels)
	}
	e.mu.Unlock()
	switch outcome {
	case addedTwice:
		if !f.countKnown(faultLabels) {
			f.misuse(faultLabels, "a collector emitted {%s} twice", appendLabels(nil, f, labels))
		}
	case addedTooMany:
		f.shared.Inc()
		f.overflowed(nil, shard.SeriesLimit)
	case addedLate:
		if !f.countKnown(faultLate) {
			f.misuse(faultLate, "a collector emitted a series after its Collect had returned")
		}
	}
}

// appendLabels appends the text of a series' labels.
func appendLabels(dst []byte, f *family, values []string) []byte {
	for i, value := range values {
		dst = labeltext.Append(dst, f.def.labels[i], value)
	}
	return labeltext.AppendText(dst, f.consts)
}

// add appends a series, unless its family has one with these labels, or no room.
func (b *emissionBuffer) add(f *family, from *supplied, labels []string) addOutcome {
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
	s := emitted{value: from.value, count: from.count}
	b.text, s.labels = appended(b.text, b.scratch)
	b.counts, s.counts = appended(b.counts, from.counts)
	b.quantiles, s.quantiles = appended(b.quantiles, from.quantiles)
	*samples = append(*samples, s)
	return added
}

// stretch is a part of one of a buffer's slices.
type stretch struct{ begin, end int }

// appended appends values to all, and returns the stretch that they are.
func appended[T any](all, values []T) ([]T, stretch) {
	begin := len(all)
	all = append(all, values...)
	return all, stretch{begin, len(all)}
}

// of returns how many series of a family there are. A collector that failed has none.
func (b *emissionBuffer) of(f *family) int {
	if b == nil {
		return 0
	}
	return len(b.samples[f.def.slot])
}

// sample makes series i of a family a sample, and returns its labels.
func (b *emissionBuffer) sample(f *family, i int, to *state) (labels string) {
	s := &b.samples[f.def.slot][i]
	f.kind.take(to, supplied{
		value: s.value, count: s.count,
		counts:    b.counts[s.counts.begin:s.counts.end],
		quantiles: b.quantiles[s.quantiles.begin:s.quantiles.end],
	})
	return stringOf(b.text[s.labels.begin:s.labels.end])
}
