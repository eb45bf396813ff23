// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"slices"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
	"github.com/quipu-metrics/quipu/internal/gone"
)

const (
	// maxSamples and maxBytes bound a batch: its samples, and the bytes of everything in it whose
	// size the program decides: labels, native buckets, and texts about families. Both together
	// keep what one request needs, in all of its forms, below 8 MiB, unless one series is larger.
	maxSamples = 5_000
	maxBytes   = 1 << 20
)

// batch holds the series of one request in a form from which each protocol is encoded. So a request
// that is refused can be made again in another one. Its memory is used again for the next batch.
type batch struct {
	series    []series
	families  []metadata
	text      []byte // labels of series and exemplars: see gone.AppendLabel
	natives   []native
	exemplars []exemplar

	histograms int // how many of the series have a native histogram
	onlyNative int // histograms without classic buckets, which have not gone
	bytes      int // of native buckets and of what is said about families
}

// metadata describes a family.
type metadata struct {
	name, help, unit string
	typ              uint64 // in the enum of both protocols
}

// series is one series with one sample.
type series struct {
	labels    span
	family    int    // index of its metadata, or -1
	bits      uint64 // of the value: a stale marker is a NaN that a float register may change
	native    int    // index of its histogram, or -1
	created   int64  // in milliseconds; 0 if unknown
	exemplars span
}

// span is a part of a slice.
type span struct{ from, to int }

// exemplar is an exemplar of a series.
type exemplar struct {
	labels span
	value  float64
	millis int64
}

// native is a native histogram. Its slices are used again.
type native struct {
	schema             int
	zeroThreshold      float64
	zeroCount, count   uint64
	sumBits            uint64 // as series.bits
	positive, negative histogram.NativeBuckets
}

// typeOf returns the number of a type. Untyped is 0.
func typeOf(t encode.Type) uint64 {
	return [...]uint64{
		encode.Counter: 1, encode.Gauge: 2, encode.Histogram: 3, encode.Summary: 5, encode.Untyped: 0,
		encode.Info: 6, encode.StateSet: 7,
	}[t]
}

func (b *batch) reset() {
	b.series, b.families, b.text = b.series[:0], b.families[:0], b.text[:0]
	b.natives, b.exemplars = b.natives[:0], b.exemplars[:0]
	b.histograms, b.bytes = 0, 0
}

// floats returns how many series have a value.
func (b *batch) floats() int { return len(b.series) - b.histograms }

// full reports whether the batch should be sent before another series comes.
func (b *batch) full() bool { return len(b.series) >= maxSamples || len(b.text)+b.bytes >= maxBytes }

// addFamily adds what is said about a family to the batch.
func (b *batch) addFamily(m metadata) {
	b.families = append(b.families, m)
	b.bytes += len(m.name) + len(m.help) + len(m.unit)
}

// add adds a series with a value.
func (b *batch) add(labels span, bits uint64, created int64) *series {
	b.series = append(b.series, series{
		labels: labels, family: len(b.families) - 1, bits: bits, native: -1, created: created,
		exemplars: span{len(b.exemplars), len(b.exemplars)},
	})
	return &b.series[len(b.series)-1]
}

// addNative adds a series with a copy of a native histogram.
func (b *batch) addNative(labels span, created int64, h *histogram.NativeSnapshot) (*series, *native) {
	s := b.add(labels, 0, created)
	b.histograms++
	s.native = len(b.natives)
	if s.native < cap(b.natives) {
		b.natives = b.natives[:s.native+1]
	} else {
		b.natives = append(b.natives, native{})
	}
	n := &b.natives[s.native]
	n.fill(h)
	b.bytes += 8 * (len(h.Positive.Spans) + len(h.Positive.Deltas) + len(h.Negative.Spans) + len(h.Negative.Deltas))
	return s, n
}

// fill copies the state of a histogram.
func (n *native) fill(h *histogram.NativeSnapshot) {
	n.schema, n.zeroThreshold, n.zeroCount, n.count = h.Schema, h.ZeroThreshold, h.ZeroCount, h.Count
	n.sumBits = bitsOf(h.Sum)
	n.positive.CopyFrom(&h.Positive)
	n.negative.CopyFrom(&h.Negative)
}

// addExemplar adds an exemplar to the series that was added last. Receivers take only exemplars
// with a time.
func (b *batch) addExemplar(e *engine.Exemplar) {
	if e.Time.IsZero() {
		return
	}
	from := len(b.text)
	for _, l := range e.Labels {
		b.text = gone.AppendLabel(b.text, l.Name, l.Value)
	}
	b.exemplars = append(b.exemplars, exemplar{span{from, len(b.text)}, e.Value, e.Time.UnixMilli()})
	b.series[len(b.series)-1].exemplars.to = len(b.exemplars)
}

// withoutNatives takes the series with native histograms out of the batch, and returns how many
// histograms are lost thereby: those without classic buckets.
func (b *batch) withoutNatives() (lost int) {
	b.series = slices.DeleteFunc(b.series, func(s series) bool { return s.native >= 0 })
	lost = b.onlyNative
	b.histograms, b.onlyNative = 0, 0
	return lost
}
