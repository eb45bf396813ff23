// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/histogram"
	"github.com/quipu-metrics/quipu/internal/labeltext"
	"github.com/quipu-metrics/quipu/quantile"
)

// feed calls a Source for a registry. Every call fills another buffer, which belongs to the pages
// that show it until the last of them is written.
type feed struct {
	core    *core
	source  Source
	name    string        // the type of the source, for log lines
	timeout time.Duration // 0: the time of the page
	consts  []Label       // constant labels of the registry

	runner  *runner[*feedBuffer]
	buffers freeList[*feedBuffer]
	until   atomic.Int64 // the deadline of the context, in nanoseconds since 1970

	headers  map[string][]*fedHeader // by name; only the goroutine of the run under way uses these two
	kept     int                     // how many there are in headers
	reported atomic.Uint32           // faults that have been logged, a bit each
}

// feedBuffer holds the series of one call of Emit. Pages that show them read it once Emit has
// returned.
//
// Slices of points are parts of the buffer's own slices. When one of these grows into new memory,
// the parts taken before stay in the old memory, which is not written any more.
type feedBuffer struct {
	families []fedFamily
	byName   map[string]int // the index of a family
	points   []fedPoint
	seen     map[uint64]bool // hashes of the names and labels of all series
	err      error           // what Emit returned

	scratch   []byte
	text      []byte
	counts    []uint64
	quantiles []float64
	spans     []histogram.NativeSpan
	deltas    []int64
	natives   []encode.NativeSample
	exemplars []encode.Exemplar
	marks     []*encode.Exemplar
}

// fedFamily is a family that a source has written.
type fedFamily struct {
	header      *fedHeader // of its first series
	first, last int        // indices of its points
}

// fedHeader is the header of a family and its bounds or quantiles, rendered once for all pages that
// show the same.
type fedHeader struct {
	kind             *kind
	name, help, unit string
	typ              encode.Type
	bounds           []float64
	objectives       []quantile.Objective
	samples          []string // the names of all its samples
	base             string   // the name that OpenMetrics gives to the family of a counter
	enc, unknown     *encode.Family
}

// fedPoint is a series that a source has written.
type fedPoint struct {
	header *fedHeader // with the bounds or quantiles of this series
	next   int        // the index of the family's next point, 0 for none

	id     uint64 // the hash of name and labels
	labels string
	supplied
	native  *encode.NativeSample
	marks   []*encode.Exemplar
	created float64
	millis  int64
	timed   bool
}

var feedSeed = maphash.MakeSeed()

func newFeed(c *core, s Source, timeout time.Duration) *feed {
	f := &feed{core: c, source: s, name: fmt.Sprintf("%T", s), timeout: timeout}
	f.headers = make(map[string][]*fedHeader)
	for name, value := range c.consts {
		f.consts = append(f.consts, Label{name, labeltext.Clean(value)})
	}
	slices.SortFunc(f.consts, func(a, b Label) int { return strings.Compare(a.Name, b.Name) })
	f.runner = newRunner(f.run)
	f.runner.recycle = f.recycle
	return f
}

// run is the call of Emit.
func (f *feed) run(result **feedBuffer) {
	b := f.buffers.get(newFeedBuffer)
	*result = b
	b.reset()
	ctx, cancel := context.WithDeadline(context.Background(), time.Unix(0, f.until.Load()))
	defer cancel()
	w := &Writer{feed: f, buf: b}
	defer w.close()
	b.err = f.source.Emit(ctx, w)
}

func (f *feed) recycle(b *feedBuffer) { f.buffers.put(b) }

func (f *feed) String() string { return "a source" }

func newFeedBuffer() *feedBuffer {
	return &feedBuffer{byName: make(map[string]int), seen: make(map[uint64]bool)}
}

func (b *feedBuffer) reset() {
	clear(b.byName)
	clear(b.seen)
	*b = feedBuffer{
		families: b.families[:0], byName: b.byName, points: b.points[:0], seen: b.seen, text: b.text[:0],
		counts: b.counts[:0], quantiles: b.quantiles[:0], scratch: b.scratch[:0], spans: b.spans[:0],
		deltas: b.deltas[:0], natives: b.natives[:0], exemplars: b.exemplars[:0], marks: b.marks[:0],
	}
}

// dropped counts a series that is not shown, and logs the first one of its reason.
func (f *feed) dropped(name string, reason fault, err error) {
	name = labeltext.Clean(name)
	f.core.tally.named.add(eventSourceDrop, name, reason)
	if bit := uint32(1) << reason; f.reported.Or(bit)&bit == 0 {
		f.core.warn("quipu: dropped a series of a source (further ones are only counted)", "source", f.name,
			"metric", name, "reason", reason.String(), "detail", err.Error())
	}
}

// failed counts a call that a page does without, or that ended with an error, and logs the first
// one.
func (f *feed) failed(kind fault, cause any) {
	f.core.tally.failed[kind].Inc()
	if bit := uint32(1) << kind; f.reported.Or(bit)&bit == 0 {
		f.core.warn("quipu: a source failed (further ones are only counted)", "source", f.name, "reason", kind.String(),
			"detail", fmt.Sprint(cause))
	}
}

// add adds a series to the buffer, or returns why it is dropped. The caller holds the mutex of the
// Writer.
func (b *feedBuffer) add(f *feed, p *Point) (fault, error) {
	if reason, err := checkPoint(p); err != nil {
		return reason, err
	}
	name := f.core.prefix + p.Name
	i, known := b.byName[name]
	if known {
		if h := b.families[i].header; h.typ != p.Type || h.help != p.Help || h.unit != p.Unit {
			return faultHeader, errHeader
		}
	}
	id, labels, err := b.appendLabels(f, name, p)
	if err != nil {
		return faultLabels, err
	}
	b.points = append(b.points, fedPoint{header: f.header(name, p), id: id, labels: labels})
	to := &b.points[len(b.points)-1]
	to.value = p.Value
	if !p.Created.IsZero() {
		to.created = unixSeconds(p.Created)
	}
	if !p.Time.IsZero() {
		to.millis, to.timed = p.Time.UnixMilli(), true
	}
	if h := p.Histogram; h != nil {
		to.value = h.Sum
		b.counts, to.counts = grown(b.counts, h.Counts)
		if h.Native != nil {
			to.native = b.addNative(h.Native)
		}
	}
	if s := p.Summary; s != nil {
		to.value, to.count = s.Sum, s.Count
		from := len(b.quantiles)
		for _, e := range s.Estimates {
			b.quantiles = append(b.quantiles, e.Value)
		}
		to.quantiles = b.quantiles[from:len(b.quantiles):len(b.quantiles)]
	}
	to.marks = b.addExemplars(p)
	n := len(b.points) - 1
	if !known {
		b.byName[name] = len(b.families)
		b.families = append(b.families, fedFamily{header: to.header, first: n, last: n})
		return 0, nil
	}
	b.points[b.families[i].last].next = n
	b.families[i].last = n
	return 0, nil
}

// grown appends values to all and returns the part of all that they are.
func grown[T any](all, values []T) (_, part []T) {
	from := len(all)
	all = append(all, values...)
	return all, all[from:len(all):len(all)]
}

// checkPoint says why a series cannot be shown, whatever else its source writes. It dispatches by
// form and not by a function of the kind, which would move every Point to the heap.
func checkPoint(p *Point) (fault, error) {
	if !encode.ValidMetricName(p.Name) {
		return faultName, ErrName
	}
	k := kindOf(p.Type)
	if k == nil {
		return faultHeader, fmt.Errorf("%w: there is no type %d", ErrOption, p.Type)
	}
	switch k.form {
	case formHistogram:
		return checkHistogramPoint(p)
	case formSummary:
		return checkSummaryPoint(p)
	default:
		p.Histogram, p.Summary = nil, nil
		return k.fits(nil, p.Value, 0)
	}
}

// header returns the header of a series, the one that an earlier series of this or another call has
// had if it is equal.
func (f *feed) header(name string, p *Point) *fedHeader {
	for _, h := range f.headers[name] {
		if h.typ == p.Type && h.help == p.Help && h.unit == p.Unit && h.hasSteps(p) {
			return h
		}
	}
	if f.kept >= maxHeaders {
		clear(f.headers)
		f.kept = 0
	}
	h := &fedHeader{kind: kindOf(p.Type), name: name, help: p.Help, unit: p.Unit, typ: p.Type}
	steps := h.bounds
	if p.Histogram != nil && p.Histogram.Counts != nil {
		h.bounds = slices.Clone(p.Histogram.Bounds)
		steps = h.bounds
	}
	if p.Summary != nil {
		for _, e := range p.Summary.Estimates {
			h.objectives = append(h.objectives, quantile.Objective{Quantile: e.Quantile, Epsilon: e.Error})
			steps = append(steps, e.Quantile)
		}
	}
	h.enc = encode.NewFamily(name, p.Help, p.Unit, p.Type, steps)
	h.unknown = h.enc
	d := definition{rules: h.kind.rules, name: name}
	if h.base = d.unsuffixed(); h.base != "" {
		h.unknown = encode.NewUnknownCounter(name, p.Help, p.Unit)
	}
	h.samples = d.samples()
	f.headers[name] = append(f.headers[name], h)
	f.kept++
	return h
}

// maxHeaders bounds the headers that a feed keeps: names, help texts and bounds of a source may
// change with every call.
const maxHeaders = 10_000

// hasSteps reports whether the bounds or quantiles are those of the header.
func (h *fedHeader) hasSteps(p *Point) bool {
	if s := p.Summary; s != nil {
		return slices.EqualFunc(s.Estimates, h.objectives, func(e Estimate, o quantile.Objective) bool {
			return e.Quantile == o.Quantile && e.Error == o.Epsilon
		})
	}
	if p.Histogram != nil && p.Histogram.Counts != nil {
		return h.bounds != nil && slices.Equal(p.Histogram.Bounds, h.bounds)
	}
	return h.bounds == nil
}

// appendLabels renders the labels of a series, those of the registry last, and checks them.
func (b *feedBuffer) appendLabels(f *feed, name string, p *Point) (id uint64, text string, err error) {
	own, states, stated := kindOf(p.Type).ownLabel, kindOf(p.Type).states, false
	if states && name != p.Name {
		own = name // the label p.Name gets this name
	}
	b.scratch = b.scratch[:0]
	id = maphash.String(feedSeed, name)
	add := func(name, value string) {
		begin := len(b.scratch)
		b.scratch = labeltext.Append(b.scratch, name, value)
		if begin > 0 {
			begin++ // the comma
		}
		id += maphash.Bytes(feedSeed, b.scratch[begin:]) // a sum, so that the order of labels does not matter
	}
	for i, l := range p.Labels {
		if err := checkLabelName(l.Name); err != nil {
			return 0, "", err
		}
		if l.Name == own || hasLabel(p.Labels[:i], l.Name) {
			return 0, "", fmt.Errorf("%w: %q is there twice", ErrLabel, l.Name)
		}
		if l.Value == "" { // an empty label is an absent one
			continue
		}
		labelName := l.Name
		if states && l.Name == p.Name {
			labelName, stated = name, true
		}
		add(labelName, labeltext.Clean(l.Value))
	}
	if states && !stated {
		return 0, "", errNoLabel
	}
	for _, l := range f.consts {
		if l.Name != own && !hasLabel(p.Labels, l.Name) {
			add(l.Name, l.Value)
		}
	}
	if b.seen[id] {
		return 0, "", errTwice
	}
	b.seen[id] = true
	return id, b.addText(), nil
}

// addText copies the scratch into the buffer.
func (b *feedBuffer) addText() string {
	from := len(b.text)
	b.text = append(b.text, b.scratch...)
	return stringOf(b.text[from:])
}

func hasLabel(labels []Label, name string) bool {
	return slices.ContainsFunc(labels, func(l Label) bool { return l.Name == name })
}

// addNative copies native buckets into the buffer.
func (b *feedBuffer) addNative(n *histogram.NativeSnapshot) *encode.NativeSample {
	to := encode.NativeSample{
		Schema: int32(n.Schema), ZeroThreshold: n.ZeroThreshold, ZeroCount: n.ZeroCount, Count: n.Count, Sum: n.Sum,
	}
	b.spans, to.Positive.Spans = grown(b.spans, n.Positive.Spans)
	b.deltas, to.Positive.Deltas = grown(b.deltas, n.Positive.Deltas)
	b.spans, to.Negative.Spans = grown(b.spans, n.Negative.Spans)
	b.deltas, to.Negative.Deltas = grown(b.deltas, n.Negative.Deltas)
	b.natives = append(b.natives, to)
	return &b.natives[len(b.natives)-1]
}

// addExemplars copies exemplars into the buffer: one of a counter, one for each bucket of a
// histogram. Those that do not fit are left out.
func (b *feedBuffer) addExemplars(p *Point) []*encode.Exemplar {
	if len(p.Exemplars) == 0 {
		return nil
	}
	size := 1
	if h := p.Histogram; h != nil {
		size = max(len(h.Counts), len(p.Exemplars))
	}
	from := len(b.marks)
	for range size {
		b.marks = append(b.marks, nil)
	}
	marks := b.marks[from:len(b.marks):len(b.marks)]
	for i := range p.Exemplars {
		e := &p.Exemplars[i]
		slot := e.Bucket
		if p.Histogram == nil || p.Histogram.Counts == nil {
			slot = i
		}
		if slot < 0 || slot >= len(marks) {
			continue
		}
		b.scratch = b.scratch[:0]
		for _, l := range e.Labels {
			if labeltext.ValidName(l.Name) {
				b.scratch = labeltext.Append(b.scratch, l.Name, labeltext.Clean(l.Value))
			}
		}
		text := b.addText()
		if labeltext.Runes(text) > encode.MaxExemplarRunes {
			continue
		}
		b.exemplars = append(b.exemplars, encode.Exemplar{Labels: text, Value: e.Value})
		to := &b.exemplars[len(b.exemplars)-1]
		if !e.Time.IsZero() {
			to.Timestamp = unixSeconds(e.Time)
		}
		marks[slot] = to
	}
	return marks
}

// state makes a series of a source a state.
func (p *fedPoint) state(s *state) {
	p.header.kind.take(s, p.supplied)
	s.counter.Created, s.histogram.Created, s.summary.Created = 0, 0, 0
	if s.withCreated {
		s.counter.Created, s.histogram.Created, s.summary.Created = p.created, p.created, p.created
	}
	s.counter.Exemplar, s.histogram.Exemplars, s.histogram.Native = nil, p.marks, p.native
	if len(p.marks) > 0 && s.withExemplars {
		s.counter.Exemplar = p.marks[0]
	}
	if p.native != nil {
		s.native = *p.native
		s.native.Exemplars = p.marks
		s.histogram.Native, s.histogram.Sum = &s.native, p.native.Sum
		to := &s.snapshot // for readers
		to.Schema, to.ZeroThreshold, to.ZeroCount = int(p.native.Schema), p.native.ZeroThreshold, p.native.ZeroCount
		to.Count, to.Sum, to.Exact = p.native.Count, p.native.Sum, true
		to.Positive, to.Negative = p.native.Positive, p.native.Negative
	}
}
