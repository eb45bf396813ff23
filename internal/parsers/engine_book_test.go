// SPDX-License-Identifier: Apache-2.0

package parsers

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
)

// book records the content that a registry's pages must show. It reads values from the handles, by
// Value and Snapshot, when a page is compared. Names, labels and texts are those that the tests put
// in, repaired by rules that are written here a second time.
type book struct {
	t       testing.TB
	reg     *engine.Registry
	clock   atomic.Int64 // the registry's, in milliseconds; a summary's merger reads it too
	consts  engine.Labels
	entries map[string]*entry
}

// entry is a metric of the book.
type entry struct {
	family
	consts engine.Labels
	lines  []*line
	byKey  map[string]*line
}

// line is a series of the book.
type line struct {
	labels    map[string]string
	created   float64
	metric    any                // a handle, or a sample from a function or a collector
	exemplars []*encode.Exemplar // by bucket; one for a counter
}

func newBook(t testing.TB, options ...engine.RegistryOption) *book {
	// Quarters of a second are exact as floats and as milliseconds.
	b := &book{t: t, entries: map[string]*entry{}}
	b.clock.Store(1_700_000_000_250)
	clock := func() time.Time { return time.UnixMilli(b.clock.Load()) }
	b.reg = engine.NewRegistry(append(options, engine.WithClock(clock))...)
	return b
}

// now is the time of the registry's clock, in seconds.
func (b *book) now() float64 { return float64(b.clock.Load()) / 1000 }

// cleaned returns the label value that the engine makes of v: valid UTF-8 that ends with a whole
// character and has a bounded length.
func cleaned(v string) string {
	cut := func(v string) string {
		if len(v) <= engine.MaxLabelValue {
			return v
		}
		end := engine.MaxLabelValue
		for end > engine.MaxLabelValue-utf8.UTFMax && v[end]&0xc0 == 0x80 {
			end--
		}
		return v[:end]
	}
	return cut(strings.ToValidUTF8(cut(v), "\ufffd"))
}

// define enters a metric and returns its entry.
func (b *book) define(typ encode.Type, name, help, unit string, bounds []float64, consts engine.Labels) *entry {
	e := &entry{consts: maps.Clone(b.consts), byKey: map[string]*line{}}
	if e.consts == nil {
		e.consts = engine.Labels{}
	}
	maps.Copy(e.consts, consts)
	e.family = family{name: name, help: strings.ToValidUTF8(help, "\ufffd"), unit: unit, typ: typ, bounds: bounds}
	require.NotContains(b.t, b.entries, name)
	b.entries[name] = e
	return e
}

// enter enters a series. Its labels are pairs of names and values. An open metric has no empty
// ones. The same labels must always lead to the same handle.
func (b *book) enter(e *entry, open bool, metric any, labels ...string) *line {
	set := map[string]string{}
	for name, value := range e.consts {
		set[name] = cleaned(value)
	}
	for i := 0; i < len(labels); i += 2 {
		if value := cleaned(labels[i+1]); value != "" || !open {
			set[labels[i]] = value
		}
	}
	key := fmt.Sprintf("%q", set)
	if have := e.byKey[key]; have != nil {
		require.Same(b.t, have.metric, metric, key)
		return have
	}
	l := &line{labels: set, metric: metric, created: b.now()}
	e.byKey[key] = l
	e.lines = append(e.lines, l)
	return l
}

// exemplar notes an exemplar of the series, in its bucket.
func (b *book) exemplar(e *entry, l *line, v float64, labels engine.Labels) {
	if l.exemplars == nil {
		n := 1
		if e.typ == encode.Histogram {
			n += len(e.bounds)
		}
		l.exemplars = make([]*encode.Exemplar, n)
	}
	slot := 0
	if e.typ == encode.Histogram {
		slot, _ = slices.BinarySearch(e.bounds, v)
	}
	var text []byte
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		text = encode.AppendLabel(text, name, cleaned(labels[name]))
	}
	l.exemplars[slot] = &encode.Exemplar{Labels: string(text), Value: v, Timestamp: b.now()}
}

// families returns the families that a page of this format must show, in their order. Metrics
// without series are not on it.
func (b *book) families(format encode.Format) []family {
	var out []family
	for _, name := range slices.Sorted(maps.Keys(b.entries)) {
		e := b.entries[name]
		if len(e.lines) == 0 {
			continue
		}
		f := e.family
		for _, l := range e.lines {
			f.series = append(f.series, l.read(format))
		}
		out = append(out, f)
	}
	return out
}

// read takes the values of a series from its handle.
func (l *line) read(format encode.Format) series {
	s := series{labels: l.labels}
	switch m := l.metric.(type) {
	case *engine.Counter:
		s.counter = encode.CounterSample{Frac: m.Value(), Created: l.created}
		if l.exemplars != nil {
			s.counter.Exemplar = l.exemplars[0]
		}
	case *engine.Gauge:
		s.gauge = m.Value()
	case *engine.Histogram:
		s.histogram = l.histogram(m.Snapshot(), format)
	case *engine.Summary:
		snapshot := m.Snapshot()
		s.summary = encode.SummarySample{Count: snapshot.Count, Sum: snapshot.Sum, Created: l.created}
		for _, q := range slices.Sorted(maps.Keys(snapshot.Quantiles)) {
			s.summary.Quantiles = append(s.summary.Quantiles, snapshot.Quantiles[q])
		}
	case func() float64:
		s.gauge, s.counter.Frac = m(), m()
	case *encode.HistogramSample:
		s.histogram = *m
		s.histogram.Exemplars = make([]*encode.Exemplar, len(m.Counts))
	case *encode.SummarySample:
		s.summary = *m
	default:
		panic(fmt.Sprintf("a %T is no metric", l.metric))
	}
	return s
}

func (l *line) histogram(snapshot engine.HistogramSnapshot, format encode.Format) encode.HistogramSample {
	h := encode.HistogramSample{Counts: snapshot.Counts, Sum: snapshot.Sum, Created: l.created, Exemplars: l.exemplars}
	if h.Exemplars == nil {
		h.Exemplars = make([]*encode.Exemplar, len(snapshot.Counts))
	}
	n := snapshot.Native
	if n == nil {
		return h
	}
	h.Native = &encode.NativeSample{
		Schema: int32(n.Schema), ZeroThreshold: n.ZeroThreshold, ZeroCount: n.ZeroCount, Count: n.Count, Sum: n.Sum,
		Positive: encode.Buckets{Deltas: n.Positive.Deltas}, Negative: encode.Buckets{Deltas: n.Negative.Deltas},
		Exemplars: l.exemplars,
	}
	h.Native.Positive.Spans = append(h.Native.Positive.Spans, n.Positive.Spans...)
	h.Native.Negative.Spans = append(h.Native.Negative.Spans, n.Negative.Spans...)
	h.Sum = h.Native.Sum
	return h
}

// expose returns a page of the registry.
func (b *book) expose(e engine.Exposition) []byte {
	var page bytes.Buffer
	e.Created = true
	n, err := b.reg.Expose(&page, e)
	require.NoError(b.t, err)
	require.EqualValues(b.t, page.Len(), n)
	return page.Bytes()
}

// compare requires that the page shows the content of the book and otherwise only the registry's
// own metrics, which it returns.
func (b *book) compare(page []byte, format encode.Format, contentType string) (own map[string]Sample) {
	samples, err := Parse(page, contentType)
	require.NoError(b.t, err)
	own = map[string]Sample{}
	for _, s := range samples {
		own[s.Key()] = s
	}
	families := b.families(format)
	for i := range families {
		for _, want := range families[i].expect(format) {
			key := want.Key()
			one, ok := own[key]
			require.True(b.t, ok, "no sample %s in %v", key, format)
			requireSame(b.t, want, one)
			delete(own, key)
		}
	}
	for key := range own {
		require.True(b.t, strings.HasPrefix(key, "quipu_"), "%s is a sample that nobody put in", key)
	}
	return own
}
