// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// pageBudget is how long a page without a deadline waits for functions: less than the usual scrape timeout of 10 s.
	pageBudget = 2 * time.Second

	// pageFloor is how long a page waits for functions even when its deadline has passed before it began, all of them
	// together. A function that returns at once is shown whatever the page's caller has done to the time.
	pageFloor = 10 * time.Millisecond

	// describeTimeout is how long a run waits for the text of a panic value, which the user's String method may make.
	describeTimeout = 100 * time.Millisecond
)

// runner calls a user's function so that nothing the function does can hurt a scrape.
//
// A call is a run: an object of its own, on a goroutine of its own that ends with the function. A function that hangs or
// ends its goroutine therefore costs nobody else anything. Whoever wants the result while a run is under way joins that
// run, so the function never runs twice at once, overlapping scrapes share its result, and one that hangs gathers no
// goroutines behind it. Each waits as long as it likes; the run goes on without them.
//
// A runner holds no channel and no timer, only a run has them. A function may be defined inside a testing/synctest
// bubble and scraped outside it, or the other way round, as long as no run is under way in both.
type runner struct {
	f       func(*run) // calls the user's function and keeps its result in the run
	call    func()     // r.do, bound once: starting it allocates nothing
	recycle func(*run) // takes back what a run holds once nobody uses the run; may be nil

	described atomic.Bool // the text of a panic value has been asked for: see describe

	mu      sync.Mutex // held for a few assignments, never while a user's code runs
	current *run       // the run under way, or nil
}

// run is one call of a function. Until done is closed its goroutine writes the results; after that they stand, and
// whoever has received from done may read them until it leaves.
type run struct {
	runner *runner
	begin  time.Time
	done   chan struct{}
	users  int // who may still use the results, its goroutine included; guarded by runner.mu

	value    float64
	emission *emissionBuffer // of a collector
	ok       bool
	fault    fault // why not
	cause    any
}

func newRunner(f func(*run)) *runner {
	r := &runner{f: f}
	r.call = r.do
	return r
}

// start joins the run under way, or starts one. The caller calls leave when it is done with the run.
func (r *runner) start() *run {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.current != nil {
		r.current.users++
		return r.current
	}
	r.current = &run{runner: r, begin: time.Now(), done: make(chan struct{}), users: 2}
	go r.call()
	return r.current
}

// do is the goroutine of a run. It gets to finish even when the function panics or ends the goroutine.
func (r *runner) do() {
	// The mutex is not needed: start has set current before it started this goroutine, and nobody changes it until
	// finish does.
	run := r.current
	run.fault, run.cause = faultExit, "runtime.Goexit"
	defer r.finish(run)
	defer func() {
		if p := recover(); p != nil {
			run.ok, run.fault, run.cause = false, faultPanic, r.describe(p)
		}
	}()
	r.f(run)
	run.ok = true
}

// finish ends a run. From its first line on the next one may start.
func (r *runner) finish(run *run) {
	r.mu.Lock()
	r.current = nil
	r.mu.Unlock()
	close(run.done)
	run.leave()
}

// leave ends the caller's use of the run.
func (run *run) leave() {
	r := run.runner
	r.mu.Lock()
	run.users--
	unused := run.users == 0
	r.mu.Unlock()
	if unused && r.recycle != nil {
		r.recycle(run)
	}
}

// describe returns the text of a panic value. Its String, Error or Format method is the user's code, too: it runs on a
// goroutine of its own, because it may panic, end its goroutine or hang, and once for each function, because a goroutine
// that hangs stays, and the text is logged only once.
func (r *runner) describe(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	kind := fmt.Sprintf("a panic with a %T", value)
	if r.described.Swap(true) {
		return kind
	}
	text := make(chan string, 1)
	go func() {
		defer close(text)
		defer func() { _ = recover() }() // Sprint recovers from most panics, but not from one with such a value
		text <- fmt.Sprint(value)
	}()
	timer := time.NewTimer(describeTimeout)
	defer timer.Stop()
	select {
	case s, ok := <-text:
		if ok {
			return s
		}
	case <-timer.C:
	}
	return kind + " whose text cannot be had"
}

// waiter waits for runs, one after another. The zero value is ready.
type waiter struct {
	done  <-chan struct{} // when closed, nobody needs the results any more; may be nil
	timer *time.Timer     // made when something has to be waited for
}

// wait waits for a run, at most until the given time, and reports whether it is done. A run that is done is so whatever
// the time.
func (w *waiter) wait(run *run, until time.Time) bool {
	select {
	case <-run.done:
		return true
	default:
	}
	left := time.Until(until)
	if left <= 0 {
		return false
	}
	if w.timer == nil {
		w.timer = time.NewTimer(left)
	} else {
		w.timer.Reset(left)
	}
	select {
	case <-run.done:
		w.timer.Stop()
		return true
	case <-w.done:
		w.timer.Stop()
		return false
	case <-w.timer.C:
	}
	select { // both may have been ready
	case <-run.done:
		return true
	default:
		return false
	}
}

// stopped reports whether nobody needs the results any more.
func (w *waiter) stopped() bool {
	select {
	case <-w.done:
		return true
	default:
		return false
	}
}

// stop lets go of the timer: the next page may be made inside another testing/synctest bubble.
func (w *waiter) stop() {
	if w.timer != nil {
		w.timer.Stop()
	}
	*w = waiter{}
}

// failure says why a run has no result for someone who has waited for it.
func (run *run) failure(finished bool) (kind fault, cause any) {
	if !finished {
		return faultHang, fmt.Sprintf("still running after %v", time.Since(run.begin).Round(time.Millisecond))
	}
	return run.fault, run.cause
}

// earlier returns the earlier of two times.
func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
