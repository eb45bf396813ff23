// SPDX-License-Identifier: Apache-2.0

package export

import (
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
)

// queueTime bounds the time that a scrape beyond WithMaxConcurrent waits for a slot; half of the
// scrape's time limit bounds it too. A page of 100 000 series takes milliseconds, and stalled
// readers are cut off meanwhile.
const queueTime = time.Second

// Handler returns the endpoint that a Prometheus server scrapes. It serves the metrics of reg. The
// handler is safe for concurrent use; make it once and mount it:
//
//	http.Handle("/metrics", export.Handler(engine.Default()))
//
// The Accept header chooses the format (see [Negotiate]); the default is text 0.0.4. The page is
// compressed with gzip if Accept-Encoding asks for it; [WithEncoding] adds other encodings. The
// query parameter name[], which may be repeated, limits the page to the named families. The handler
// answers GET and HEAD, and all other methods with 405. It never reads request bodies.
//
// A scrape takes no lock that updates take, and allocates nothing in steady state. A callback that
// panics or hangs costs its own family, and the status stays 200. If writing a page fails midway,
// the handler aborts the connection, so that no client mistakes a part for the whole. Over HTTP/1.0
// a client sees the difference only in OpenMetrics and in gzip, whose pages have an end mark.
//
// [WithWriteTimeout] and [WithScrapeTimeout] bound slow readers, and [WithMaxConcurrent] bounds the
// number of concurrent scrapes. When scrapes wait for a slot, the handler cuts off the page of the
// reader that has been stalled longest.
//
// Handler panics if reg or an option is nil.
func Handler(reg *engine.Registry, opts ...Option) http.Handler {
	if reg == nil {
		panic("quipu: Handler needs a registry: pass engine.Default() or one of your own")
	}
	return newHandler(reg, newHandlerConfig(opts))
}

// source is the part of an engine.Registry that a handler needs.
type source interface {
	Expose(w io.Writer, e engine.Exposition) (int64, error)
}

type handler struct {
	source source
	handlerConfig
	slots     *slots
	writers   sync.Pool          // of *pageWriter
	encodings []*offeredEncoding // in the order of preference

	// Header values are made once, so that setting them allocates nothing. They have no spare
	// capacity, so that an append by a handler further out copies them.
	contentTypes [offerCount][choices][]string // by offer, then by choice.index
	vary         []string
}

func newHandler(src source, cfg handlerConfig) *handler {
	h := &handler{
		source:        src,
		handlerConfig: cfg,
		slots:         newSlots(cfg.maxConcurrent),
		writers:       sync.Pool{New: func() any { return new(pageWriter) }},
		encodings:     cfg.offeredEncodings(),
		vary:          []string{"Accept, Accept-Encoding"},
	}
	for i := range cfg.offers {
		for escaping := range encode.NoEscaping + 1 {
			c := choice{&cfg.offers[i], escaping, true}
			h.contentTypes[i][c.index()] = []string{c.contentType()}
		}
		c := choice{offer: &cfg.offers[i]}
		h.contentTypes[i][c.index()] = []string{c.contentType()}
	}
	return h
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	if r.ContentLength != 0 && r.ProtoMajor == 1 {
		// If a handler leaves a body unread, net/http reads up to 256 KiB of it, for as long as the
		// client likes, unless the connection is to be closed.
		w.Header()["Connection"] = []string{"close"}
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header()["Allow"] = []string{"GET, HEAD"}
		h.refuse(w, http.StatusMethodNotAllowed, "metrics are read with GET or HEAD")
		return
	}
	limit, chosenLimit := h.timeLimit(r.Header[scrapeTimeoutHeader])
	chosen := choose(h.offers, r.Header["Accept"])
	if r.Method == http.MethodHead {
		h.setHeader(w.Header(), chosen, chooseEncoding(h.encodings, r.Header["Accept-Encoding"]))
		setWriteTimeout(w, h.writeTimeout)
		return
	}
	p := h.writers.Get().(*pageWriter)
	p.start(w, r, h.slots, h.writeTimeout, start.Add(limit))
	finished := false
	defer func() {
		panicked := p.encoder
		if !finished && p.started {
			// A panic makes the server close the connection. But there is middleware that recovers
			// even from http.ErrAbortHandler, as gin's does, and the server would then end the body
			// properly, if it could still write.
			p.setDeadline(longAgo)
		}
		*p = pageWriter{} // which takes no writes
		if !panicked {
			h.writers.Put(p)
		}
	}()
	if !h.slots.enter(&p.slot, min(queueTime, limit/2)) {
		w.Header()["Retry-After"] = []string{"1"}
		h.refuse(w, http.StatusServiceUnavailable, "too many scrapes at once")
		return
	}
	defer h.slots.leave(&p.slot)

	enc := chooseEncoding(h.encodings, r.Header["Accept-Encoding"])
	if enc != nil && h.slots.crowded() {
		enc = nil
	}
	enc = h.setHeader(w.Header(), chosen, enc)
	e := engine.Exposition{Format: chosen.format, Escaping: chosen.escaping, NoSelf: h.noSelf, Created: h.created}
	if r.URL.RawQuery != "" {
		e.Names = familyNames(r.URL.RawQuery)
	}
	if chosenLimit {
		e.Deadline = start.Add(callbackBudget(limit))
	}
	h.writePage(p, e, enc)
	finished = true
}

// refuse answers with an error in place of a page.
func (h *handler) refuse(w http.ResponseWriter, status int, text string) {
	setWriteTimeout(w, h.writeTimeout)
	http.Error(w, text, status)
}

// setHeader sets the header of a page and returns the encoding that the handler has to use, which
// may be nil. It is nil if a handler further out has set a Content-Encoding already.
func (h *handler) setHeader(header http.Header, chosen choice, enc *offeredEncoding) *offeredEncoding {
	for i := range h.offers {
		if chosen.offer == &h.offers[i] {
			header["Content-Type"] = h.contentTypes[i][chosen.index()]
		}
	}
	// A handler further out may have set Vary already.
	if vary := header["Vary"]; len(vary) == 0 {
		header["Vary"] = h.vary
	} else if !slices.Contains(vary, h.vary[0]) {
		header["Vary"] = append(slices.Clip(vary), h.vary[0])
	}
	if enc == nil || len(header["Content-Encoding"]) > 0 {
		return nil
	}
	header["Content-Encoding"] = enc.header
	return enc
}

func (h *handler) writePage(p *pageWriter, e engine.Exposition, enc *offeredEncoding) {
	err := h.expose(p, e, enc)
	if err == nil && !p.isCut {
		p.extendDeadline() // for the data that net/http flushes after the handler has returned
		return
	}
	if !p.started {
		delete(p.w.Header(), "Content-Encoding")
		h.refuse(p.w, http.StatusInternalServerError, "the metrics could not be written: "+err.Error())
		return
	}
	// A return here would end the body properly, and the client would mistake a part of the page
	// for the whole.
	panic(http.ErrAbortHandler)
}

func (h *handler) expose(p *pageWriter, e engine.Exposition, enc *offeredEncoding) error {
	if enc == nil {
		_, err := h.source.Expose(p, e)
		return err
	}
	c := enc.pool.Get().(*compressor)
	p.encoder = true
	c.start(p)
	_, err := h.source.Expose(c.enc, e)
	if err == nil {
		err = c.finish()
	}
	// This is not deferred: an encoder that panics is not used again, and neither is p, to which it
	// may write from the background.
	c.release(err == nil)
	p.encoder = false
	enc.pool.Put(c)
	return err
}
