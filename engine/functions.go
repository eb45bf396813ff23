// SPDX-License-Identifier: Apache-2.0

package engine

import "time"

// pageFunctions are the calls of users' functions that a page needs: of func metrics and of collectors. They start
// together when the page begins, so that a slow one delays no other, and the page waits for each when it comes to its
// family. Until the page leaves them, their results stand.
type pageFunctions struct {
	waiter
	begin, until time.Time // while the page waits for them

	funcs   []*run // of the func metrics that the page shows, in the page's order
	next    int    // the first of funcs that the page has not come to
	sources map[*source]sourceRun
}

// sourceRun is the call of a collector for a page. Whether it came in time is decided once, so that a page shows all
// metrics of a collector or none.
type sourceRun struct {
	run     *run
	decided bool
	inTime  bool
}

// startFunctions calls the functions of a page that begins now.
func (p *page) startFunctions(r *Registry, families []*family, e *Exposition, now time.Time) {
	fs := &p.functions
	fs.begin, fs.until = now, e.Deadline
	if fs.until.IsZero() {
		fs.until = now.Add(pageBudget)
	} else if floor := now.Add(pageFloor); fs.until.Before(floor) {
		fs.until = floor
	}
	if p.ctx != nil {
		fs.done = p.ctx.Done()
	}
	for _, f := range families {
		switch {
		case !f.def.callback && f.def.source == nil || !e.shows(f):
		case f.def.callback:
			fs.funcs = append(fs.funcs, f.fn.Load().start())
		default:
			fs.start(f.def.source)
		}
	}
	if len(e.Names) > 0 {
		return
	}
	bare := *r.bare.Load()
	for _, s := range bare {
		fs.start(s)
	}
	// They have nothing on the page but what they do to other metrics, so they come first.
	for _, s := range bare {
		fs.emission(s)
	}
}

func (fs *pageFunctions) start(s *source) {
	if _, ok := fs.sources[s]; ok {
		return
	}
	if fs.sources == nil {
		fs.sources = make(map[*source]sourceRun)
	}
	fs.sources[s] = sourceRun{run: s.runner.start()}
}

// value returns the value of a func metric. The page asks for those it shows, each once, in its order.
func (fs *pageFunctions) value(f *family) (value float64, ok bool) {
	run := fs.funcs[fs.next]
	fs.next++
	return f.result(&fs.waiter, run, fs.until)
}

// emission returns what a collector emits for the page, or nil if it failed.
//
// A collector has no time limit but the page's. One that was called for an earlier page, and has been at it for longer
// than this page has time, is not waited for: it hangs.
func (fs *pageFunctions) emission(s *source) *emissionBuffer {
	call := fs.sources[s]
	if !call.decided {
		until := earlier(call.run.begin.Add(fs.until.Sub(fs.begin)), fs.until)
		finished := fs.wait(call.run, until)
		call.decided, call.inTime = true, finished && call.run.ok
		fs.sources[s] = call
		if !call.inTime && !(!finished && fs.stopped()) {
			s.leftOut(call.run.failure(finished))
		}
	}
	if !call.inTime {
		return nil
	}
	return call.run.emission
}

// leave ends the page's use of the results.
func (fs *pageFunctions) leave() {
	for _, run := range fs.funcs {
		run.leave()
	}
	for _, call := range fs.sources {
		call.run.leave()
	}
	fs.stop()
	clear(fs.funcs)
	clear(fs.sources)
	*fs = pageFunctions{funcs: fs.funcs[:0], sources: fs.sources}
}
