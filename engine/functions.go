// SPDX-License-Identifier: Apache-2.0

package engine

import "time"

// pageFunctions are the calls of users' functions that a page needs: of func metrics and of
// collectors. They start together when the page begins, so that a slow one delays no other, and the
// page waits for each when it comes to its family. Their results stand until the page leaves them.
type pageFunctions struct {
	waiter
	begin, until time.Time // while the page waits for them

	funcs      map[*family]funcRun // of the func metrics that the page shows
	collectors map[*registeredCollector]collectorRun
}

// funcRun is the call of a func metric's function for a page. Whether it came in time is decided
// once.
type funcRun struct {
	run     *run[float64]
	decided bool
	value   supplied
	ok      bool
}

// collectorRun is the call of a collector for a page. Whether it came in time is decided once, so
// that a page shows all metrics of a collector or none.
type collectorRun struct {
	run     *run[*emissionBuffer]
	decided bool
	inTime  bool
}

// open sets the time that the page has for its functions: from now to the deadline, and at least
// pageFloor. The page does not wait for them any longer once abort is closed.
func (fs *pageFunctions) open(now, deadline time.Time, abort <-chan struct{}) {
	fs.begin, fs.until, fs.abort = now, deadline, abort
	if fs.until.IsZero() {
		fs.until = now.Add(pageBudget)
	} else if floor := now.Add(pageFloor); fs.until.Before(floor) {
		fs.until = floor
	}
}

// startFamily calls the function or the collector of a family that the page shows, if it has one.
func (fs *pageFunctions) startFamily(f *family) {
	switch s := f.def.supplier.(type) {
	case nil, *selfSeries:
	case *registeredCollector:
		fs.start(s)
	default:
		fs.startFunc(f)
	}
}

// runWithoutMetrics calls the collectors without metrics and waits for them. They change other
// metrics, so their calls end before the page begins.
func (fs *pageFunctions) runWithoutMetrics(withoutMetrics []supplier) {
	for _, s := range withoutMetrics {
		fs.start(s.(*registeredCollector))
	}
	for _, s := range withoutMetrics {
		fs.emission(s.(*registeredCollector))
	}
}

func (fs *pageFunctions) start(s *registeredCollector) {
	if _, ok := fs.collectors[s]; ok {
		return
	}
	if fs.collectors == nil {
		fs.collectors = make(map[*registeredCollector]collectorRun)
	}
	fs.collectors[s] = collectorRun{run: s.runner.start()}
}

// startFunc calls the function of a func metric. A metric that the page shows in several places is
// called once.
func (fs *pageFunctions) startFunc(f *family) {
	if _, ok := fs.funcs[f]; ok {
		return
	}
	if fs.funcs == nil {
		fs.funcs = make(map[*family]funcRun)
	}
	fs.funcs[f] = funcRun{run: f.fn.Load().start()}
}

// value returns the value of a func metric.
func (fs *pageFunctions) value(f *family) (value supplied, ok bool) {
	call := fs.funcs[f]
	if !call.decided {
		call.decided = true
		call.value, call.ok = f.result(&fs.waiter, call.run, fs.until)
		fs.funcs[f] = call
	}
	return call.value, call.ok
}

// emission returns the emissions of a collector for the page, or nil if it failed.
//
// A collector has no time limit but the page's. If its call began for an earlier page and has
// lasted longer than this page may take, the collector hangs and is not waited for.
func (fs *pageFunctions) emission(s *registeredCollector) *emissionBuffer {
	call := fs.collectors[s]
	if !call.decided {
		until := earlier(call.run.begin.Add(fs.until.Sub(fs.begin)), fs.until)
		finished := fs.wait(call.run.done, until)
		call.decided, call.inTime = true, finished && call.run.ok
		fs.collectors[s] = call
		if !call.inTime && !(!finished && fs.aborted()) {
			s.runner.failures.Add(1)
			s.leftOut(call.run.failure(finished))
		}
	}
	if !call.inTime {
		return nil
	}
	return call.run.result
}

// leave ends the page's use of the results.
func (fs *pageFunctions) leave() {
	for _, call := range fs.funcs {
		call.run.leave()
	}
	for _, call := range fs.collectors {
		call.run.leave()
	}
	fs.stop()
	clear(fs.funcs)
	clear(fs.collectors)
	*fs = pageFunctions{funcs: fs.funcs, collectors: fs.collectors}
}
