// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/shard"
)

// Exposition says what a page is to look like.
type Exposition struct {
	// Format is the format, by default text 0.0.4.
	Format encode.Format

	// Names are the metrics to show, as exposed; all when empty. Others cost nothing.
	Names []string

	// NoSelf leaves out the registry's own metrics (quipu_...).
	NoSelf bool

	// Created shows in OpenMetrics when series were created, as samples with the suffix _created: one series more for each
	// counter, histogram and summary, which the server stores. Protobuf always carries these times, at no cost in series,
	// and text 0.0.4 never does.
	Created bool

	// WholeFamilies writes every protobuf family as one message, which is gathered in memory before it is written. Without
	// it a family of more than 64 KiB is sent as several messages of one name. Prometheus adds such messages up; a reader
	// that keeps families in a map by name, as a Pushgateway does, keeps only the last one and needs whole families. The
	// text formats are the same either way.
	WholeFamilies bool

	// Deadline is when the page should be finished. Functions of func metrics and collectors, which are all called when the
	// page begins, are not waited for past it; the page goes on without those that have not returned. A deadline that is
	// less than 10 ms away leaves them 10 ms, all together. By default it is 2 seconds after the page began.
	Deadline time.Time

	// Context, when it is done, ends the page: no function is waited for any longer, nothing more is written, and Expose
	// returns [context.Cause] of it. A deadline of the context ends the page like anything else; the time by which the page
	// should be there, whole, is Deadline. Without a Context the page ends by itself.
	Context context.Context
}

const (
	// chunkSize is how much of a page is gathered before it is written. It is what a scrape holds in memory, however
	// many series there are, and large enough that writing costs little.
	chunkSize = 64 << 10

	// chunkRoom is kept free at the end of a chunk, so that most series end in it without the chunk being moved.
	chunkRoom = 4 << 10
)

// page is one exposition under way. Pages are used again, with their buffers.
type page struct {
	w     io.Writer
	fm    encode.Format
	buf   []byte
	enc   *encode.Family // of the family under way
	name  string         // of that family; those of one name share a header
	open  bool           // the header is written
	start int            // where the piece of it under way begins in buf: protobuf needs its length
	full  int            // the length of buf at which it is written
	n     int64          // bytes written
	err   error
	ctx   context.Context // may be nil

	created   bool
	whole     bool // one protobuf message for each family: see Exposition.WholeFamilies
	functions pageFunctions

	counts    []uint64
	quantiles []float64
	counter   encode.CounterSample
	histogram encode.HistogramSample
	summary   encode.SummarySample
	native    nativePage
	exemplars []*encode.Exemplar
}

func newPage() *page { return &page{buf: make([]byte, 0, chunkSize)} }

// Expose writes the registry's metrics to w, families in the order of their names, series in the order of their creation.
// A metric with labels that has no series yet is left out.
//
// The page is written in chunks of about 64 KiB, each with one Write (larger ones with WholeFamilies), and Expose stops at
// the first error of w, which it returns. It takes no lock while it writes, so neither updates nor the creation of series
// wait for it or for w. It may be called concurrently. In steady state it allocates nothing, but for a few small objects
// for each function that it calls.
func (r *Registry) Expose(w io.Writer, e Exposition) (n int64, err error) {
	if r == nil {
		return 0, fmt.Errorf("quipu: Expose: %w", errNilRegistry)
	}
	if e.Format > encode.Protobuf {
		return 0, fmt.Errorf("quipu: %w: there is no exposition format %d", ErrOption, e.Format)
	}
	begin := time.Now()
	p := r.pages.get(newPage)
	defer p.release(r)
	p.w, p.fm = w, e.Format
	p.created = e.Created || e.Format == encode.Protobuf
	p.whole = e.WholeFamilies && e.Format == encode.Protobuf
	p.ctx = e.Context

	r.log.Drain()
	r.self.refresh(r)
	families := *r.sorted.Load()
	if !p.stopped() {
		p.startFunctions(r, families, &e, begin)
	}
	for _, f := range families {
		if !e.shows(f) {
			continue
		}
		if p.stopped() {
			break
		}
		p.enter(f, families)
		f.expose(p)
	}
	p.leave()
	p.buf = encode.AppendTrailer(p.buf, p.fm)
	p.flush()

	r.self.scrapes.Inc()
	r.self.bytes.ints.Add(uint64(p.n))
	r.self.duration.Observe(time.Since(begin).Seconds())
	return p.n, p.err
}

// shows reports whether the page has a family. It says the same each time.
func (e *Exposition) shows(f *family) bool {
	return !(f.isSelf && e.NoSelf) && (len(e.Names) == 0 || slices.Contains(e.Names, f.def.name))
}

// release keeps a page for the next scrape, unless a family has made its buffer large.
func (p *page) release(r *Registry) {
	p.w, p.err, p.n = nil, nil, 0
	p.enc, p.name, p.open = nil, "", false
	p.ctx = nil
	p.functions.leave()
	clear(p.exemplars)
	p.exemplars = p.exemplars[:0]
	p.counter.Exemplar, p.histogram.Exemplars = nil, nil
	p.buf = p.buf[:0]
	if cap(p.buf) <= 4*chunkSize {
		r.pages.put(p)
	}
}

// stopped reports whether the page is over before its end: it could not be written, or its context is done.
func (p *page) stopped() bool {
	if p.err == nil && p.ctx != nil && p.ctx.Err() != nil {
		p.err = context.Cause(p.ctx)
	}
	return p.err != nil
}

// flush writes what is in the buffer.
func (p *page) flush() {
	if !p.stopped() && len(p.buf) > 0 {
		var n int
		n, p.err = p.w.Write(p.buf)
		p.n += int64(n)
		if p.err == nil && n < len(p.buf) {
			p.err = io.ErrShortWrite
		}
	}
	p.buf = p.buf[:0]
}

// enter makes f the family whose series follow.
func (p *page) enter(f *family, families []*family) {
	if f.def.name != p.name {
		p.leave()
		p.name = f.def.name
	}
	unknown := false
	if p.fm == encode.OpenMetrics {
		// The list decides, so that what a page shows fits together whatever is defined and removed meanwhile.
		base := f.def.unsuffixed()
		unknown = base != "" && !f.isSelf && hasName(families, base)
	}
	p.enc = f.encoder(unknown)
}

// leave closes what is open.
func (p *page) leave() {
	if p.open {
		p.end()
	}
	p.name, p.open = "", false
}

// expose appends the series of the family that the page has entered, flushing as needed.
func (f *family) expose(p *page) {
	switch {
	case f.def.callback:
		if value, ok := p.functions.value(f); ok && p.next() {
			f.appendValue(p, value)
		}
	case f.def.source != nil:
		e := p.functions.emission(f.def.source)
		for i := range e.of(f) {
			if !p.next() {
				return
			}
			e.append(p, f, i)
		}
	case f.only != nil:
		if p.next() {
			f.append(p, f.only)
		}
	default:
		for n := range f.index.All() {
			if !p.next() {
				return
			}
			f.append(p, n)
		}
	}
}

// next makes room for the next series of the family under way, and opens the family before the first one of its name. It
// returns false when the page cannot be written.
func (p *page) next() bool {
	switch {
	case !p.open:
		p.begin()
	case len(p.buf) <= p.full:
	case p.whole:
		p.full = len(p.buf) + chunkSize // nothing is written yet, but the context is looked at
		p.stopped()
	default:
		p.end()
		p.flush()
		p.resume()
	}
	return p.err == nil
}

// begin opens a family.
func (p *page) begin() {
	if len(p.buf) > chunkSize-chunkRoom {
		p.flush()
	}
	p.start = len(p.buf)
	p.buf = p.enc.Begin(p.buf, p.fm)
	p.open = true
	p.opened()
}

// resume opens the next piece of a family.
func (p *page) resume() {
	p.start = len(p.buf)
	p.buf = p.enc.Continue(p.buf, p.fm)
	p.opened()
}

// opened sets where this piece of a family ends. Protobuf repeats the header for every piece, so that a help text larger
// than a chunk, without the second term, would be there once for each series.
func (p *page) opened() { p.full = max(chunkSize-chunkRoom, 2*(len(p.buf)-p.start)) }

// end closes it. Families of one name have one header, so that it does not matter which of them closes.
func (p *page) end() { p.buf = p.enc.End(p.buf, p.start, p.fm) }

// append appends one series.
func (f *family) append(p *page, n *shard.Node) {
	switch f.def.kind {
	case encode.Counter:
		seriesOf[Counter](n).sample(&p.counter)
		p.counter.Created = p.bornAt(f, n)
		p.counter.Exemplar = nil
		if p.fm != encode.Text {
			if set := f.exemplars.set(n); set != nil {
				p.counter.Exemplar = set.slots[0].Load()
			}
		}
		p.buf = p.enc.AppendCounter(p.buf, p.fm, n.Labels, &p.counter)
	case encode.Gauge:
		p.buf = p.enc.AppendGauge(p.buf, p.fm, n.Labels, seriesOf[Gauge](n).level.Load())
	case encode.Histogram:
		p.sampleHistogram(f, n)
		p.buf = p.enc.AppendHistogram(p.buf, p.fm, n.Labels, &p.histogram)
		if p.fm == encode.Protobuf && p.histogram.Native != nil && len(p.exemplars) > 0 && !p.whole {
			// Prometheus reads the exemplars of the first native histogram in a message only. A reader of whole families
			// loses nothing: a Pushgateway writes its page anew.
			p.end()
			p.resume()
		}
	default:
		s := &p.summary
		p.quantiles, s.Count, s.Sum = seriesOf[Summary](n).window.Snapshot(p.quantiles[:0])
		s.Quantiles, s.Created = p.quantiles, p.bornAt(f, n)
		p.buf = p.enc.AppendSummary(p.buf, p.fm, n.Labels, s)
	}
}

// appendValue appends the one series of a func metric.
func (f *family) appendValue(p *page, value float64) {
	if f.def.kind == encode.Counter {
		p.counter = encode.CounterSample{Frac: value}
		p.buf = p.enc.AppendCounter(p.buf, p.fm, f.consts, &p.counter)
		return
	}
	p.buf = p.enc.AppendGauge(p.buf, p.fm, f.consts, value)
}

// bornAt returns when a series was created, in seconds since 1970, or 0 if the page does not show it.
func (p *page) bornAt(f *family, n *shard.Node) float64 {
	if !p.created {
		return 0
	}
	// A quotient, so that the page shows three decimals at most.
	return float64(bornMillis(n.Born, f.reg.epochMillis)) / 1000
}

// unixSeconds returns the nearest float64, which nanoseconds since 1970 would not give: they have more than 53 bits.
func unixSeconds(t time.Time) float64 { return float64(t.Unix()) + float64(t.Nanosecond())/1e9 }
