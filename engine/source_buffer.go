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
	"unicode/utf8"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/histogram"
	"github.com/quipu-metrics/quipu/internal/labeltext"
)

// attachedSource calls a Source for a registry. Every call fills another buffer, which belongs to
// the pages that show it until the last of them is written.
type attachedSource struct {
	core    *core
	source  Source
	name    string        // the type of the source, for log lines
	timeout time.Duration // 0: the time of the page
	consts  []Label       // constant labels of the registry

	runner  *runner[*sourceBuffer]
	buffers freeList[*sourceBuffer]
	allowed atomic.Int64 // how long the next run may take, in nanoseconds

	headers   headers
	described atomic.Bool   // the text of an error has been asked for: see textOf
	reported  atomic.Uint32 // faults that have been logged, a bit each
}

// sourceBuffer holds the series of one call of Emit. Pages that show them read it once Emit has
// returned.
//
// Slices of points are parts of the buffer's own slices. When one of these grows into new memory,
// the parts taken before stay in the old memory, which is not written any more.
type sourceBuffer struct {
	families []sourceFamily
	byName   map[string]int // the index of a family, until the call has ended
	points   []sourcePoint
	seen     map[uint64]bool // hashes of the names and labels of all series

	failed   bool      // Emit returned an error
	problem  string    // the text of the error, if it has been asked for
	deadline time.Time // of the context of the call
	cut      bool      // Emit returned an error and the context was done

	quoted        bool   // a name in the labels of the point that is added needs quotes
	name          []byte // of the family of the point that is added
	scratch       []byte
	text          []byte
	counts        []uint64
	quantiles     []float64
	spans         []histogram.NativeSpan
	deltas        []int64
	natives       []encode.NativeSample
	exemplars     []encode.Exemplar
	exemplarSlots []*encode.Exemplar
}

// sourceFamily is a family that a source has written. Once the call has ended, families are sorted
// by name.
type sourceFamily struct {
	header      *sourceHeader // of its first series
	first, last int           // indices of its points
	quoted      bool          // a name needs quotes: its own, that of a label or that of an exemplar's label
}

// sourcePoint is a series that a source has written.
type sourcePoint struct {
	header *sourceHeader // with the bounds or quantiles of this series
	next   int           // the index of the family's next point, 0 for none

	id     uint64 // the hash of name and labels
	labels string
	supplied
	native        *encode.NativeSample
	exemplarSlots []*encode.Exemplar
	created       float64
	millis        int64 // the time of the value since 1970; 0 if unknown, as protobuf has it
}

var pointSeed = maphash.MakeSeed()

func newAttachedSource(c *core, s Source, timeout time.Duration) *attachedSource {
	f := &attachedSource{core: c, source: s, name: fmt.Sprintf("%T", s), timeout: timeout}
	for name, value := range c.consts {
		f.consts = append(f.consts, Label{name, labeltext.Clean(value, c.maxValue)})
	}
	slices.SortFunc(f.consts, func(a, b Label) int { return strings.Compare(a.Name, b.Name) })
	f.runner = newRunner(f.run)
	f.runner.recycle = f.recycle
	return f
}

// run is the call of Emit.
func (f *attachedSource) run(result **sourceBuffer) {
	b := f.buffers.get(newSourceBuffer)
	*result = b
	b.reset()
	f.headers.begin()
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(f.allowed.Load()))
	defer cancel()
	b.deadline, _ = ctx.Deadline()
	w := &Writer{source: f, buf: b}
	defer w.close()
	err := f.source.Emit(ctx, w)
	w.close()
	if err != nil {
		b.failed, b.cut, b.problem = true, ctx.Err() != nil, f.textOf(err)
	}
	slices.SortFunc(b.families, func(x, y sourceFamily) int { return strings.Compare(x.header.name, y.header.name) })
}

// textOf returns the text of an error that Emit returned. Like [runner.describe] it asks for it
// only once, on another goroutine: the method Error is the user's code. The page has no time to
// lose for that when the context has ended the call.
func (f *attachedSource) textOf(err error) string {
	if err == context.DeadlineExceeded {
		return "context deadline exceeded"
	}
	kind := fmt.Sprintf("an error of the type %T", err)
	if f.described.Swap(true) {
		return kind
	}
	if text, ok := textOf(err); ok {
		return text
	}
	return kind + noText
}

func (f *attachedSource) recycle(b *sourceBuffer) { f.buffers.put(b) }

func (f *attachedSource) String() string { return "a source" }

func newSourceBuffer() *sourceBuffer {
	return &sourceBuffer{byName: make(map[string]int), seen: make(map[uint64]bool)}
}

// reset empties the buffer. A buffer that was far too large for the last call is not kept.
func (b *sourceBuffer) reset() {
	if room := cap(b.points); room > fewSeries && len(b.points) < room/8 {
		*b = *newSourceBuffer()
		return
	}
	clear(b.byName)
	clear(b.seen)
	*b = sourceBuffer{
		families: b.families[:0], byName: b.byName, points: b.points[:0], seen: b.seen, text: b.text[:0],
		counts: b.counts[:0], quantiles: b.quantiles[:0], scratch: b.scratch[:0], name: b.name[:0],
		spans: b.spans[:0], deltas: b.deltas[:0], natives: b.natives[:0],
		exemplars: b.exemplars[:0], exemplarSlots: b.exemplarSlots[:0],
	}
}

// dropped counts a series that is not shown, and logs the first one of its reason. c is that of the
// registry whose page lacks it.
func (f *attachedSource) dropped(c *core, name string, reason fault, err error) {
	name = labeltext.Clean(name, MaxLabelValue)
	c.tally.named.add(eventSourceDrop, name, reason)
	f.warnOnce(c, reason, "dropped a series of a source", name, reason, err)
}

// warnOnce logs an event that has a metric and a reason, the first time.
func (f *attachedSource) warnOnce(c *core, first fault, event, name string, reason fault, err error) {
	if bit := uint32(1) << first; f.reported.Or(bit)&bit == 0 {
		c.warn("quipu: "+event+" (further ones are only counted)", "source", f.name,
			"metric", name, "reason", reason.String(), "detail", err.Error())
	}
}

// failed counts a call that a page does without, or that ended with an error, and logs the first
// one.
func (f *attachedSource) failed(kind fault, cause any) {
	f.runner.failures.Add(1)
	f.core.tally.failed[kind].Inc()
	if bit := uint32(1) << kind; f.reported.Or(bit)&bit == 0 {
		f.core.warn("quipu: a source failed (further ones are only counted)", "source", f.name, "reason", kind.String(),
			"detail", fmt.Sprint(cause))
	}
}

// add adds a series to the buffer, or returns why it is dropped. The caller holds the mutex of the
// Writer.
func (b *sourceBuffer) add(f *attachedSource, p *Point) (fault, error) {
	if reason, err := checkPoint(p); err != nil {
		return reason, err
	}
	k := kindOf(p.Type)
	b.name = f.appendName(b.name[:0], p.Name, k)
	i, known := b.byName[string(b.name)]
	switch {
	case !known:
		if err := f.checkName(p.Name, stringOf(b.name), k); err != nil {
			return faultName, err
		}
	case !b.families[i].header.isFor(p):
		return faultHeader, errHeader
	}
	id, labels, err := b.appendLabels(f, k, p)
	if err != nil {
		return faultLabels, err
	}
	var h *sourceHeader
	if known {
		h = b.points[b.families[i].last].header
	}
	if h == nil || !h.hasSteps(p) {
		h = f.headers.of(stringOf(b.name), p)
	}
	b.points = append(b.points, sourcePoint{header: h, id: id, labels: labels})
	b.quoted = labeltext.HasQuotedNames(labels)
	b.fill(f, &b.points[len(b.points)-1], p)
	n := len(b.points) - 1
	if !known {
		b.byName[h.name] = len(b.families)
		quoted := b.quoted || !labeltext.ValidMetricName(h.name)
		b.families = append(b.families, sourceFamily{header: h, first: n, last: n, quoted: quoted})
		return 0, nil
	}
	b.families[i].quoted = b.families[i].quoted || b.quoted
	b.points[b.families[i].last].next = n
	b.families[i].last = n
	return 0, nil
}

// fill copies the state of a series.
func (b *sourceBuffer) fill(f *attachedSource, to *sourcePoint, p *Point) {
	to.value = p.Value
	to.created = secondsOf(p.Created)
	if !p.Time.IsZero() {
		to.millis = p.Time.UnixMilli()
	}
	if h := p.Histogram; h != nil {
		to.value = h.Sum
		if h.Counts != nil {
			b.counts, to.counts = grown(b.counts, h.Counts)
		}
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
	to.exemplarSlots = b.addExemplars(f, p, to.header)
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
	k := kindOf(p.Type)
	if k == nil {
		return faultHeader, fmt.Errorf("%w: there is no type %d", ErrOption, p.Type)
	}
	if err := checkTime(p.Time); err != nil {
		return faultState, err
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

// appendName appends the name that pages show.
func (f *attachedSource) appendName(dst []byte, name string, k *kind) []byte {
	dst = append(append(dst, f.core.prefix...), name...)
	if k != nil && !strings.HasSuffix(name, k.ending) {
		dst = append(dst, k.ending...)
	}
	return dst
}

// nameOf returns the name under which the family of a point is counted.
func (f *attachedSource) nameOf(p *Point) string {
	return string(f.appendName(nil, p.Name, kindOf(p.Type)))
}

// checkName applies the rules of definitions to the name of a family.
func (f *attachedSource) checkName(given, name string, k *kind) error {
	d := definition{rules: k.rules, naming: f.core.naming, name: name}
	if given == "" || name == k.ending {
		return fmt.Errorf("%w: it is empty", ErrName) // the prefix alone would be a valid name
	}
	return d.checkName()
}

// appendLabels renders the labels of a series, those of the registry last, and checks them. The
// name of the family is in b.name.
func (b *sourceBuffer) appendLabels(f *attachedSource, k *kind, p *Point) (id uint64, text string, err error) {
	name, own, stated := stringOf(b.name), k.ownLabel, false
	if k.states && name != p.Name {
		own = name // the label p.Name gets this name
	}
	b.scratch = b.scratch[:0]
	id = maphash.String(pointSeed, name)
	add := func(name, value string) {
		begin := len(b.scratch)
		b.scratch = labeltext.Append(b.scratch, name, value)
		if begin > 0 {
			begin++ // the comma
		}
		id += maphash.Bytes(pointSeed, b.scratch[begin:]) // a sum, so that the order of labels does not matter
	}
	for i, l := range p.Labels {
		if err := f.core.naming.checkLabel(l.Name); err != nil {
			return 0, "", err
		}
		if l.Name == own || hasLabel(p.Labels[:i], l.Name) {
			return 0, "", fmt.Errorf("%w: %q is there twice", ErrLabel, l.Name)
		}
		if l.Value == "" { // an empty label is an absent one
			continue
		}
		if k.states && l.Name == p.Name {
			l.Name, stated = name, true
		}
		add(l.Name, f.clean(name, l.Value))
	}
	if k.states && !stated {
		return 0, "", errNoLabel
	}
	for _, l := range f.consts {
		if l.Name != own && l.Value != "" && !hasLabel(p.Labels, l.Name) {
			add(l.Name, l.Value)
		}
	}
	if b.seen[id] {
		return 0, "", errTwice
	}
	b.seen[id] = true
	return id, b.addText(), nil
}

// clean returns a label value that can be shown, and counts a change.
func (f *attachedSource) clean(metric, value string) string {
	if len(value) > f.core.maxValue {
		f.changed(metric, noticeCut)
		value = labeltext.Limit(value, f.core.maxValue)
	}
	if !utf8.ValidString(value) {
		f.changed(metric, noticeRepaired)
		value = labeltext.Clean(value, f.core.maxValue)
	}
	return value
}

// changed counts a label value of a metric that is changed. The name is in a buffer of the call.
func (f *attachedSource) changed(metric string, reason fault) {
	f.core.tally.named.add(eventChangedValue, strings.Clone(labeltext.Clean(metric, MaxLabelValue)), reason)
}

// addText copies the scratch into the buffer.
func (b *sourceBuffer) addText() string {
	from := len(b.text)
	b.text = append(b.text, b.scratch...)
	return stringOf(b.text[from:])
}

// addNative copies native buckets into the buffer.
func (b *sourceBuffer) addNative(n *histogram.NativeSnapshot) *encode.NativeSample {
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

// addExemplars copies exemplars into the buffer: one of a counter; of a histogram with classic
// buckets one for each bucket, the last one whose value belongs there; all of other histograms.
// Those whose labels cannot be shown are left out and counted.
func (b *sourceBuffer) addExemplars(f *attachedSource, p *Point, h *sourceHeader) []*encode.Exemplar {
	if len(p.Exemplars) == 0 {
		return nil
	}
	size := 1
	switch {
	case h.classic:
		size = len(h.bounds) + 1
	case p.Histogram != nil:
		size = len(p.Exemplars)
	}
	from := len(b.exemplarSlots)
	b.exemplarSlots = append(b.exemplarSlots, make([]*encode.Exemplar, size)...)
	exemplarSlots := b.exemplarSlots[from:len(b.exemplarSlots):len(b.exemplarSlots)]
	for i := range p.Exemplars {
		e := &p.Exemplars[i]
		slot := min(i, size-1)
		if h.classic {
			slot = bucketOf(h.bounds, e.Value)
		}
		if x := b.addExemplar(f.core.naming, e); x != nil {
			exemplarSlots[slot] = x
		}
	}
	return exemplarSlots
}

// bucketOf returns the index of the bucket of a value. NaN belongs to the one up to +Inf.
func bucketOf(bounds []float64, value float64) int {
	i, _ := slices.BinarySearchFunc(bounds, value, func(bound, value float64) int {
		if bound >= value {
			return 1
		}
		return -1
	})
	return i
}

// addExemplar copies an exemplar into the buffer, or returns nil if its labels cannot be shown.
func (b *sourceBuffer) addExemplar(rule naming, e *Exemplar) *encode.Exemplar {
	b.scratch = b.scratch[:0]
	for i, l := range e.Labels {
		if !rule.validLabel(l.Name) || hasLabel(e.Labels[:i], l.Name) {
			return nil
		}
		b.scratch = labeltext.Append(b.scratch, l.Name, labeltext.Clean(l.Value, MaxLabelValue))
	}
	if labeltext.Runes(stringOf(b.scratch)) > encode.MaxExemplarRunes {
		return nil
	}
	b.quoted = b.quoted || labeltext.HasQuotedNames(stringOf(b.scratch))
	b.exemplars = append(b.exemplars, encode.Exemplar{
		Labels: b.addText(), Value: e.Value, Timestamp: secondsOf(e.Time),
	})
	return &b.exemplars[len(b.exemplars)-1]
}

// state makes a series of a source a state.
func (p *sourcePoint) state(s *state) {
	p.header.kind.take(s, p.supplied)
	s.counter.Created, s.histogram.Created, s.summary.Created = 0, 0, 0
	if s.withCreated {
		s.counter.Created, s.histogram.Created, s.summary.Created = p.created, p.created, p.created
	}
	s.counter.Exemplar, s.histogram.Exemplars, s.histogram.Native = nil, nil, p.native
	if len(p.exemplarSlots) > 0 && s.withExemplars {
		s.counter.Exemplar = p.exemplarSlots[0]
	}
	if p.header.classic {
		s.histogram.Exemplars = p.exemplarSlots
	}
	if p.native != nil {
		s.native = *p.native
		s.native.Exemplars = p.exemplarSlots
		s.histogram.Native, s.histogram.Sum = &s.native, p.native.Sum
		s.exact = true
	}
}
