// SPDX-License-Identifier: Apache-2.0

package export

import (
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/quipu-metrics/quipu/engine"
)

// queueTime is how long a scrape beyond WithMaxConcurrent waits for its turn, if it has twice as long in all. A page of
// 100 000 series takes milliseconds, and readers that stall are cut meanwhile.
const queueTime = time.Second

// Handler serves the registry's metrics: it is the endpoint that a Prometheus server scrapes. The handler is safe for
// concurrent use and is meant to be made once and mounted:
//
//	http.Handle("/metrics", export.Handler(engine.Default()))
//
// The format follows the Accept header (see [Negotiate]) and is text 0.0.4 when nothing else is asked for; gzip is used
// when Accept-Encoding asks for it. The query parameter name[], which may be repeated, limits the page to the families
// it names. GET and HEAD are answered, everything else gets 405; request bodies are never read.
//
// A scrape takes no lock that writers take and allocates nothing in steady state. A callback that panics or hangs
// costs its own family; the answer stays 200. A page whose writing fails midway is cut off by closing the
// connection, so that no client takes half a page for a whole one; over HTTP/1.0 only the end of an OpenMetrics or
// gzip page shows the difference.
//
// Slow readers are bounded by [WithWriteTimeout] and [WithScrapeTimeout], many at once by [WithMaxConcurrent]: when scrapes wait for
// their turn, the page of the reader that has been stalled longest is cut.
//
// Handler panics if reg is nil.
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
	slots       *slots
	writers     sync.Pool // of *pageWriter
	compressors sync.Pool // of *compressor

	// Header values, made once so that setting them allocates nothing. They have no spare capacity, so an append by
	// whoever wraps the handler copies.
	contentTypes [formatCount][]string // by offer
	vary         []string
	gzip         []string
}

func newHandler(src source, cfg handlerConfig) *handler {
	h := &handler{
		source:        src,
		handlerConfig: cfg,
		slots:         newSlots(cfg.maxConcurrent),
		writers:       sync.Pool{New: func() any { return new(pageWriter) }},
		compressors:   sync.Pool{New: func() any { return newCompressor() }},
		vary:          []string{"Accept, Accept-Encoding"},
		gzip:          []string{"gzip"},
	}
	for i, o := range cfg.offers {
		h.contentTypes[i] = []string{o.format.ContentType()}
	}
	return h
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	if r.ContentLength != 0 && r.ProtoMajor == 1 {
		// net/http reads on in a body that the handler leaves, up to 256 KiB and for as long as the client likes,
		// unless the connection is to be closed.
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
		h.setHeader(w.Header(), chosen, !h.noGzip && acceptsGzip(r.Header["Accept-Encoding"]))
		setWriteTimeout(w, h.writeTimeout)
		return
	}
	p := h.writers.Get().(*pageWriter)
	p.start(w, r, h.slots, h.writeTimeout, start.Add(limit))
	defer func() {
		*p = pageWriter{}
		h.writers.Put(p)
	}()
	if !h.slots.enter(&p.slot, min(queueTime, limit/2)) {
		w.Header()["Retry-After"] = []string{"1"}
		h.refuse(w, http.StatusServiceUnavailable, "too many scrapes at once")
		return
	}
	defer h.slots.leave(&p.slot)

	compress := !h.noGzip && acceptsGzip(r.Header["Accept-Encoding"]) && !h.slots.crowded()
	compress = h.setHeader(w.Header(), chosen, compress)
	e := engine.Exposition{Format: chosen.format, NoSelf: h.noSelf, Created: h.created}
	if r.URL.RawQuery != "" {
		e.Names = familyNames(r.URL.RawQuery)
	}
	if chosenLimit {
		e.Deadline = start.Add(callbackBudget(limit))
	}
	h.writePage(p, e, compress)
}

// refuse answers with an error in place of a page.
func (h *handler) refuse(w http.ResponseWriter, status int, text string) {
	setWriteTimeout(w, h.writeTimeout)
	http.Error(w, text, status)
}

// setHeader sets the header of a page and reports whether the page is to be compressed: not if somebody does it already.
func (h *handler) setHeader(header http.Header, chosen *offer, compress bool) bool {
	for i := range h.offers {
		if chosen == &h.offers[i] {
			header["Content-Type"] = h.contentTypes[i]
		}
	}
	// Somebody around us may have had reasons of their own to vary.
	if vary := header["Vary"]; len(vary) == 0 {
		header["Vary"] = h.vary
	} else if !slices.Contains(vary, h.vary[0]) {
		header["Vary"] = append(slices.Clip(vary), h.vary[0])
	}
	if !compress || len(header["Content-Encoding"]) > 0 {
		return false
	}
	header["Content-Encoding"] = h.gzip
	return true
}

func (h *handler) writePage(p *pageWriter, e engine.Exposition, compress bool) {
	err := h.expose(p, e, compress)
	if err == nil && !p.isCut {
		p.extendDeadline() // for what net/http still has to flush when we return
		return
	}
	if !p.started {
		delete(p.w.Header(), "Content-Encoding")
		h.refuse(p.w, http.StatusInternalServerError, "the metrics could not be written: "+err.Error())
		return
	}
	// To return here would end the body properly and make half a page a whole one.
	panic(http.ErrAbortHandler)
}

func (h *handler) expose(p *pageWriter, e engine.Exposition, compress bool) error {
	if !compress {
		_, err := h.source.Expose(p, e)
		return err
	}
	c := h.compressors.Get().(*compressor)
	c.start(p)
	defer func() {
		c.release()
		h.compressors.Put(c)
	}()
	if _, err := h.source.Expose(c.gz, e); err != nil {
		return err
	}
	return c.finish()
}
