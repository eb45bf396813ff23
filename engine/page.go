// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/quipu-metrics/quipu/encode"
)

// Exposition describes a page.
type Exposition struct {
	// Format is the format, by default text 0.0.4.
	Format encode.Format

	// Escaping is how the page shows names that are no identifiers, which registries with
	// [WithUTF8Names] may have. By default that is [encode.UnderscoresEscaping], which every reader
	// understands. With [encode.NoEscaping] such names stand between quotes. Text 0.0.4 has no
	// quotes for names: such a page is one in text 1.0.0, as [encode.Format.EscapedContentType]
	// says. For pages without such names it makes no difference, nor in what they cost.
	Escaping encode.Escaping

	// Names are the metrics to show, as exposed, escaped or not; all when empty. Others cost
	// nothing.
	Names []string

	// NoSelf leaves out the registry's own metrics (quipu_...).
	NoSelf bool

	// Created shows in OpenMetrics when series were created, as samples with the suffix _created:
	// one series more for each counter, histogram and summary, which the server stores. Protobuf
	// always carries these times, at no cost in series, and text 0.0.4 never does.
	Created bool

	// WholeFamilies writes every protobuf family as one message, which is gathered in memory before
	// it is written. Without it a family of more than 64 KiB is sent as several messages of one
	// name. Prometheus adds such messages up; a reader that keeps families in a map by name, as a
	// Pushgateway does, keeps only the last one and needs whole families. The text formats are the
	// same either way.
	WholeFamilies bool

	// LeftOut, if it is not nil, is called for what the page lacks because of Escaping: with the
	// name of each metric of which the page leaves out all or some series, whose names become those
	// of others. It may be called several times with one name. The registry counts and logs them in
	// any case.
	LeftOut func(metric string)

	// Deadline is when the page should be finished. The functions of func metrics and collectors,
	// which are all called when the page begins, are not waited for past it; the page goes on
	// without those that have not returned. A deadline less than 10 ms away leaves all of them
	// together 10 ms. By default it is 2 seconds after the page began.
	Deadline time.Time

	// Context, when it is done, ends the page: no function is waited for any longer, nothing more
	// is written, and Expose returns [context.Cause] of it. A deadline of the context ends the page
	// in the same way; the time by which the whole page should be written is Deadline. Without a
	// Context the page ends by itself.
	Context context.Context
}

// page is an exposition under way. Pages are used again, with their buffers.
type page struct {
	pageWriter
	walk   walk
	labels []byte    // of the series under way, where it does not show its own
	series seriesSet // of a family whose labels are escaped
}

func newPage() any {
	p := new(page)
	p.buf = make([]byte, 0, chunkSize)
	return p
}

// Expose writes the registry's metrics to w, families in the order of their names, series in the
// order of their creation. A metric with labels that has no series yet is left out.
//
// The page is written in chunks of about 64 KiB, each with one Write (larger ones with
// WholeFamilies), and Expose stops at the first error of w, which it returns. It takes no lock
// while it writes, so neither updates nor the creation of series wait for it or for w. It may be
// called concurrently. In steady state it allocates nothing, except a few small objects for each
// function that it calls. BenchmarkScrape measures it.
func (r *Registry) Expose(w io.Writer, e Exposition) (n int64, err error) {
	if r == nil {
		return 0, fmt.Errorf("quipu: Expose: %w", errNilRegistry)
	}
	if e.Format > encode.Protobuf {
		return 0, fmt.Errorf("quipu: %w: there is no exposition format %d", ErrOption, e.Format)
	}
	if e.Escaping > encode.NoEscaping {
		return 0, fmt.Errorf("quipu: %w: there is no escaping %d", ErrOption, e.Escaping)
	}
	begin := time.Now()
	p := r.pages.get(newPage).(*page)
	defer p.release(r)
	p.w, p.format, p.ctx = w, e.Format, e.Context
	p.whole = e.WholeFamilies && e.Format == encode.Protobuf
	p.state.withCreated = e.Created || e.Format == encode.Protobuf
	p.state.withExemplars = e.Format != encode.Text
	p.walk.names, p.walk.noSelf, p.walk.escaping, p.walk.leftOut = e.Names, e.NoSelf, e.Escaping, e.LeftOut

	if !p.stopped() {
		var done <-chan struct{}
		if p.ctx != nil {
			done = p.ctx.Done()
		}
		p.walk.begin(r, e.Deadline, done)
	}
	for f := range p.walk.all {
		if p.stopped() {
			break
		}
		if f.metrics == nil {
			p.exposeSource(f.source)
		} else {
			p.expose(f.metrics)
		}
	}
	p.finish()

	r.tally.page(p.n, time.Since(begin).Seconds())
	return p.n, p.err
}

// expose appends the series of all metrics of one name, and flushes as needed.
func (p *page) expose(metrics []*placed) {
	unknown, first := false, metrics[0]
	if p.format == encode.OpenMetrics {
		base := first.def.unsuffixed(first.name)
		unknown = base != "" && !first.def.self && p.walk.hasBase(first, base)
	}
	for _, metric := range metrics {
		enc := metric.encoder(unknown)
		if p.walk.escapes(metric) {
			if p.walk.leavesOut(metric) {
				continue
			}
			enc = enc.Escaped(p.walk.escaping)
		}
		p.enter(metric.name, enc)
		p.exposeMetric(metric)
	}
}

func (p *page) exposeMetric(at *placed) {
	f := at.fam
	p.state.histogram.Native = nil // for splitNative, if the kind does not set it
	switch {
	case f.def.supplier != nil:
		p.walk.supplied(f, &p.state, func(labels string) bool { return p.exposeSeries(at, labels) })
	case at.tail == nil && !p.walk.escapesSeries(at):
		f.kind.expose(f, &p.pageWriter)
	case !f.def.open && !p.walk.escapesSeries(at):
		p.exposeMounted(at)
	default:
		p.series.reset()
		for n := range f.nodes {
			f.kind.read(f, n, &p.state)
			if !p.exposeSeries(at, n.Labels) {
				return
			}
		}
	}
}

// exposeMounted appends the series of a metric that is mounted with labels. All of them are shown,
// so less has to be asked for each than exposeSeries does (BenchmarkScrapeMounted).
func (p *page) exposeMounted(at *placed) {
	f, tail, room := at.fam, at.tail, p.labels
	read, write := f.kind.read, f.kind.append
	p.state.histogram.Native = nil // for splitNative, if the kind does not set it
	for n := range f.nodes {
		if !p.next() {
			break
		}
		read(f, n, &p.state)
		room = tail.appendLabels(room[:0], n.Labels)
		write(&p.pageWriter, stringOf(room), &p.state)
		if p.state.histogram.Native != nil {
			p.splitNative()
		}
	}
	p.labels = room
}

// exposeSeries appends a series whose state has been read, and reports whether the page goes on.
func (p *page) exposeSeries(at *placed, labels string) bool {
	text, ok := p.walk.labelsAt(at, labels, &p.labels)
	if !ok {
		return true
	}
	if p.walk.escapesSeries(at) && !p.series.add(p.walk.escaping, text) {
		p.walk.dropEscaped(at, faultLabels)
		return true
	}
	if !p.next() {
		return false
	}
	at.fam.kind.append(&p.pageWriter, text, &p.state)
	p.splitNative()
	return true
}

// exposeSource appends the series of a family of a source.
func (p *page) exposeSource(i int) {
	shown := &p.walk.sources.shown[i]
	unknown := p.format == encode.OpenMetrics && p.walk.hasSourceBase(shown)
	escapes := p.walk.escaping < encode.NoEscaping && p.walk.sources.shown[shown.first].quoted
	if i == shown.first {
		p.series.reset()
	}
	p.walk.sources.each(i, &p.state, &p.labels, func(point *sourcePoint, h *sourceHeader, labels string) bool {
		enc := h.enc
		if unknown {
			enc = h.unknown
		}
		if escapes {
			if !p.series.add(p.walk.escaping, labels) {
				p.walk.dropEscapedSource(shown, faultLabels)
				return true
			}
			enc = enc.Escaped(p.walk.escaping)
		}
		p.enter(h.name, enc)
		if !p.next() {
			return false
		}
		from := len(p.buf)
		h.kind.append(&p.pageWriter, labels, &p.state)
		if point.millis != 0 {
			p.buf = enc.Stamp(p.buf, from, p.format, point.millis)
		}
		p.splitNative()
		return true
	})
}

// release keeps a page for the next scrape, unless a family has made its buffer large.
func (p *page) release(r *Registry) {
	p.walk.end()
	p.reset()
	if cap(p.buf) <= 4*chunkSize {
		r.pages.put(p)
	}
}
