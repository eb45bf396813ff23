// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/histogram"
	"github.com/quipu-metrics/quipu/internal/labeltext"
	"github.com/quipu-metrics/quipu/quantile"
)

// Label is one label of a series.
type Label struct{ Name, Value string }

func hasLabel(labels []Label, name string) bool {
	return slices.ContainsFunc(labels, func(l Label) bool { return l.Name == name })
}

// HistogramSnapshot is the state of a histogram at one moment, as [Histogram.Snapshot] returns it,
// [Sample.Histogram] shows it and a [Source] writes it.
type HistogramSnapshot struct {
	Bounds []float64                 // upper bounds, +Inf not included; shared, not to be changed
	Counts []uint64                  // observations in each bucket, not cumulative, +Inf last
	Count  uint64                    // all observations: the sum of Counts
	Sum    float64                   // of these observations
	Native *histogram.NativeSnapshot // nil without native buckets; with these only, there are no Counts
}

// Estimate is a summary's estimate of one quantile.
type Estimate struct {
	Quantile float64
	Error    float64 // the rank error that the objective allows
	Value    float64 // NaN when the window holds no observation
}

// SummarySample is the state of a summary as [Sample.Summary] shows it and as a [Source] writes it.
type SummarySample struct {
	Estimates []Estimate // in ascending order of their quantiles
	Count     uint64
	Sum       float64
}

// Exemplar points from a counter, or from a bucket of a histogram, to one of the events that it
// counted.
type Exemplar struct {
	Labels []Label
	Value  float64
	Time   time.Time // zero if unknown
	Bucket int       // the index of the classic bucket in HistogramSnapshot.Counts; 0 for others; a Writer sets it
}

// Sample is one series of a [Family] at one moment. It is valid until the loop over
// [Family.Samples] takes its next step, and so are the slices and strings that its methods return:
// the next series overwrites them. Collecting samples, as with slices.Collect, collects one sample
// many times; [Sample.Clone] returns a copy that stays. A Sample must not be used by several
// goroutines at once.
type Sample struct {
	state state
	text  string // the labels, escaped

	value float64
	whole uint64
	exact bool // whole is the value

	histogram     *HistogramSnapshot
	summary       *SummarySample
	exemplarSlots []*encode.Exemplar // one for each bucket, or one for a counter; nil where there is none
	created       float64
	time          time.Time // of the value, if a source has said it

	// Room for the results of methods, kept from series to series.
	labels     []Label
	parsed     bool // labels are those of text
	unescaped  []byte
	joined     []byte // what text refers to, where mounts add labels
	histograms HistogramSnapshot
	natives    histogram.NativeSnapshot // shares its buckets with the state: no snapshot is taken into it
	summaries  SummarySample
	exemplars  []Exemplar
	marked     []Label
	listed     bool // exemplars are those of exemplarSlots
}

// open makes the sample ready for a loop.
func (s *Sample) open() { s.state.withCreated, s.state.withExemplars = true, true }

// begin makes the sample one of the series with these labels. What the kind does not set is absent.
func (s *Sample) begin(labels string) {
	s.text, s.parsed, s.listed = labels, false, false
	s.unescaped = s.unescaped[:0]
	s.value, s.whole, s.exact = math.NaN(), 0, false
	s.histogram, s.summary, s.exemplarSlots, s.created, s.time = nil, nil, nil, 0, time.Time{}
}

// Labels returns the labels of the series, constant labels included, sorted by name.
func (s *Sample) Labels() []Label {
	if !s.parsed {
		s.parsed = true
		s.labels = s.appendLabels(s.labels[:0], s.text)
	}
	return s.labels
}

// appendLabels parses label text.
func (s *Sample) appendLabels(dst []Label, text string) []Label {
	begin := len(dst)
	for text != "" {
		name, value, size, rest, ok := labeltext.Next(text)
		if !ok {
			break
		}
		if size != len(value) {
			from := len(s.unescaped)
			s.unescaped = labeltext.AppendUnescaped(s.unescaped, value)
			value = stringOf(s.unescaped[from:])
		}
		dst = append(dst, Label{name, value})
		text = rest
	}
	slices.SortFunc(dst[begin:], func(a, b Label) int { return strings.Compare(a.Name, b.Name) })
	return dst
}

// Value returns the value of a counter or a gauge, and NaN for a histogram or a summary, which have
// several.
func (s *Sample) Value() float64 { return s.value }

// Int returns the value of a counter as an integer if it is one: exact also past 2^53.
func (s *Sample) Int() (value uint64, ok bool) { return s.whole, s.exact }

// Histogram returns the state of a histogram, or nil for other types. A histogram with native
// buckets only has no Bounds and Counts.
func (s *Sample) Histogram() *HistogramSnapshot { return s.histogram }

// Native returns the native buckets of a histogram, or nil if it has none.
func (s *Sample) Native() *histogram.NativeSnapshot {
	if s.histogram == nil {
		return nil
	}
	return s.histogram.Native
}

// Summary returns the state of a summary, or nil for other types.
func (s *Sample) Summary() *SummarySample { return s.summary }

// Exemplars returns the exemplars of a counter or a histogram.
func (s *Sample) Exemplars() []Exemplar {
	if s.listed {
		return s.exemplars
	}
	s.listed = true
	s.exemplars, s.marked = s.exemplars[:0], s.marked[:0]
	for i, e := range s.exemplarSlots {
		if e == nil {
			continue
		}
		from := len(s.marked)
		s.marked = s.appendLabels(s.marked, e.Labels)
		x := Exemplar{Labels: s.marked[from:len(s.marked):len(s.marked)], Value: e.Value}
		if e.Timestamp != 0 {
			x.Time = timeOf(e.Timestamp)
		}
		if s.histogram != nil && s.histogram.Counts != nil {
			x.Bucket = i
		}
		s.exemplars = append(s.exemplars, x)
	}
	return s.exemplars
}

// Created returns when the series was created, or the zero time if that is unknown.
func (s *Sample) Created() time.Time {
	if s.created == 0 {
		return time.Time{}
	}
	return timeOf(s.created)
}

// Time returns the time of the value if a source has stated it, or the zero time: the value is then
// as of now.
func (s *Sample) Time() time.Time { return s.time }

// Clone returns a copy that stays valid.
func (s *Sample) Clone() *Sample {
	c := &Sample{text: strings.Clone(s.text), value: s.value, whole: s.whole, exact: s.exact}
	c.created, c.time = s.created, s.time
	for _, e := range s.exemplarSlots {
		if e != nil { // that of a source is in a buffer which is written again
			e = &encode.Exemplar{Labels: strings.Clone(e.Labels), Value: e.Value, Timestamp: e.Timestamp}
		}
		c.exemplarSlots = append(c.exemplarSlots, e)
	}
	if h := s.histogram; h != nil {
		c.histogram = &HistogramSnapshot{
			Bounds: h.Bounds, Counts: slices.Clone(h.Counts), Count: h.Count, Sum: h.Sum, Native: cloneNative(h.Native),
		}
	}
	if m := s.summary; m != nil {
		c.summary = &SummarySample{Estimates: slices.Clone(m.Estimates), Count: m.Count, Sum: m.Sum}
	}
	return c
}

func cloneNative(n *histogram.NativeSnapshot) *histogram.NativeSnapshot {
	if n == nil {
		return nil
	}
	return &histogram.NativeSnapshot{
		Schema: n.Schema, ZeroThreshold: n.ZeroThreshold, ZeroCount: n.ZeroCount,
		Count: n.Count, Sum: n.Sum, Exact: n.Exact,
		Positive: cloneBuckets(n.Positive), Negative: cloneBuckets(n.Negative),
	}
}

func cloneBuckets(b histogram.NativeBuckets) histogram.NativeBuckets {
	return histogram.NativeBuckets{Spans: slices.Clone(b.Spans), Deltas: slices.Clone(b.Deltas)}
}

// setCounter makes the sample that of a counter.
func (s *Sample) setCounter() {
	c := &s.state.counter
	s.value, s.whole, s.exact = float64(c.Int)+c.Frac, c.Int, c.Frac == 0
	if whole := uint64(c.Frac); c.Int == 0 && c.Frac < 1<<63 && float64(whole) == c.Frac { // a supplied value
		s.whole, s.exact = whole, true
	}
	s.created = c.Created
	if c.Exemplar != nil {
		s.exemplarSlots = append(s.state.exemplars[:0], c.Exemplar)
		s.state.exemplars = s.exemplarSlots
	}
}

// setHistogram makes the sample that of a histogram with these bounds.
func (s *Sample) setHistogram(bounds []float64) {
	from, to := &s.state.histogram, &s.histograms
	*to = HistogramSnapshot{Sum: from.Sum}
	if from.Counts != nil {
		to.Bounds, to.Counts = bounds, from.Counts
		for _, n := range from.Counts {
			to.Count += n
		}
	}
	s.exemplarSlots = from.Exemplars
	if from.Native != nil {
		n := from.Native
		s.natives.Schema, s.natives.ZeroThreshold, s.natives.ZeroCount = int(n.Schema), n.ZeroThreshold, n.ZeroCount
		s.natives.Count, s.natives.Sum, s.natives.Exact = n.Count, n.Sum, s.state.exact
		s.natives.Positive, s.natives.Negative = n.Positive, n.Negative
		to.Native, to.Count = &s.natives, n.Count
		s.exemplarSlots = n.Exemplars
	}
	s.histogram, s.created = to, from.Created
}

// setSummary makes the sample that of a summary with these objectives.
func (s *Sample) setSummary(objectives []quantile.Objective) {
	from, to := &s.state.summary, &s.summaries
	to.Count, to.Sum, to.Estimates = from.Count, from.Sum, to.Estimates[:0]
	for i, o := range objectives {
		to.Estimates = append(to.Estimates, Estimate{Quantile: o.Quantile, Error: o.Epsilon, Value: from.Quantiles[i]})
	}
	s.summary, s.created = to, from.Created
}
