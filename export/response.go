// SPDX-License-Identifier: Apache-2.0

package export

import (
	"errors"
	"net/http"
	"time"

	"github.com/quipu-metrics/quipu/internal/instrument"
)

var (
	// errScrapeTimeout ends a page whose scrape took longer than its limit.
	errScrapeTimeout = errors.New("quipu: the scrape took longer than its time limit")

	// errCut ends a page whose reader has made way for another scrape.
	errCut = errors.New("quipu: the reader was slow, and other scrapes were waiting")
)

// deadliner is the part of a response that http.ResponseController would use.
type deadliner interface{ SetWriteDeadline(time.Time) error }

// pageWriter writes the chunks of one page to a response, each under its own deadline. It is pooled.
type pageWriter struct {
	slot
	slots   *slots
	w       http.ResponseWriter
	timeout time.Duration // for one chunk
	end     time.Time     // for the page
	started bool          // the response has been given something to send
	isCut   bool          // as endWrite has said; its deadline is past, and stays there
	resets  bool          // a deadline that passes ends the response even while nothing is being written
}

func (p *pageWriter) start(w http.ResponseWriter, r *http.Request, s *slots, timeout time.Duration, end time.Time) {
	p.slots, p.w, p.timeout, p.end = s, w, timeout, end
	p.client, p.deadline = clientOf(r), deadlinerOf(w)
	p.resets = r.ProtoMajor >= 2
	p.setDeadline(end) // in place of the server's own
}

// Write sends one chunk. Between chunks it notices that the page's time is over, also where there are no deadlines.
func (p *pageWriter) Write(chunk []byte) (int, error) {
	if p.isCut {
		return 0, errCut
	}
	if !p.extendDeadline() {
		return 0, errScrapeTimeout
	}
	p.started = true
	p.slots.beginWrite(&p.slot, time.Now())
	n, err := p.w.Write(chunk)
	if p.slots.endWrite(&p.slot) {
		p.isCut = true
		return n, errCut
	}
	if p.resets {
		// HTTP/2 resets the stream at the deadline, so it has to be out of the way while the next chunk is made: a
		// callback may take longer than a chunk may. HTTP/1 looks at it only when it writes.
		p.setDeadline(p.end)
	}
	return n, err
}

// extendDeadline moves the write deadline ahead for what is written next, never past the page's end; false if that has passed.
func (p *pageWriter) extendDeadline() bool {
	now := time.Now()
	left := p.end.Sub(now)
	if left <= 0 {
		return false
	}
	p.setDeadline(now.Add(min(left, p.timeout)))
	return true
}

func (p *pageWriter) setDeadline(t time.Time) {
	if p.deadline == nil {
		return
	}
	// A wrapper may have the method without support behind it (http.ErrNotSupported), and asking it costs an
	// allocation each time. A connection that is gone tells so again when it is written to.
	if p.deadline.SetWriteDeadline(t) != nil {
		p.deadline = nil
	}
}

// deadlinerOf looks for write deadlines through wrappers, as http.ResponseController does. That one makes an error
// value on every call where there are none, which a scrape that allocates nothing cannot afford.
func deadlinerOf(w http.ResponseWriter) deadliner {
	d, _ := instrument.First[deadliner](w)
	return d
}

// setWriteTimeout sets one deadline for a short answer that is no page.
func setWriteTimeout(w http.ResponseWriter, timeout time.Duration) {
	if d := deadlinerOf(w); d != nil {
		_ = d.SetWriteDeadline(time.Now().Add(timeout)) // as setDeadline
	}
}
