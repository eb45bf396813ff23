// SPDX-License-Identifier: Apache-2.0

package export

import (
	"errors"
	"net/http"
	"time"

	"github.com/quipu-metrics/quipu/internal/instrument"
)

var (
	// errScrapeTimeout ends a page whose scrape has exceeded its time limit.
	errScrapeTimeout = errors.New("quipu: the scrape took longer than its time limit")

	// errCut ends a page whose slot was given to another scrape.
	errCut = errors.New("quipu: the reader was slow, and other scrapes were waiting")
)

// deadliner is the method of a response that http.ResponseController uses to set write deadlines.
type deadliner interface{ SetWriteDeadline(time.Time) error }

// pageWriter writes the chunks of one page to a response, each under a deadline. pageWriters are
// pooled.
type pageWriter struct {
	slot
	slots   *slots
	w       http.ResponseWriter
	timeout time.Duration // for one chunk
	end     time.Time     // for the page
	started bool          // the first chunk has been written
	isCut   bool          // endWrite has reported it; the deadline is past and stays so
	resets  bool          // a deadline that passes ends the response, even if nothing is being written
	encoder bool          // there is an encoder that may still write to it
}

func (p *pageWriter) start(w http.ResponseWriter, r *http.Request, s *slots, timeout time.Duration, end time.Time) {
	p.slots, p.w, p.timeout, p.end = s, w, timeout, end
	p.client, p.deadline = clientOf(r), deadlinerOf(w)
	p.resets = r.ProtoMajor >= 2
	p.setDeadline(end) // in place of the deadline that the server has set
}

// Write sends one chunk. It fails once the page's time is over, also where the response has no
// deadlines.
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
		// HTTP/2 resets the stream when a deadline passes, even if nothing is being written. So the
		// deadline must not pass while the next chunk is made, which may take longer than a write
		// may. HTTP/1 checks deadlines only in writes.
		p.setDeadline(p.end)
	}
	return n, err
}

// extendDeadline moves the write deadline ahead for the next write, but never past the end of the
// page's time. It reports false if that has passed.
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
	// A wrapper may have the method without support beneath it (http.ErrNotSupported); then every
	// call would allocate. A closed connection fails again when it is written to.
	if p.deadline.SetWriteDeadline(t) != nil {
		p.deadline = nil
	}
}

// deadlinerOf looks for write deadlines beneath wrappers, as http.ResponseController does. The
// controller itself would allocate an error in each call if there are none.
func deadlinerOf(w http.ResponseWriter) deadliner {
	d, _ := instrument.First[deadliner](w)
	return d
}

// setWriteTimeout sets the deadline of a short answer that is not a page.
func setWriteTimeout(w http.ResponseWriter, timeout time.Duration) {
	if d := deadlinerOf(w); d != nil {
		_ = d.SetWriteDeadline(time.Now().Add(timeout)) // see setDeadline
	}
}
