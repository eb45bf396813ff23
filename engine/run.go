// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// pageBudget is how long a page without a deadline waits for functions: less than the usual
	// scrape timeout of 10 s.
	pageBudget = 2 * time.Second

	// pageFloor is how long a page waits for all its functions together when its deadline has
	// passed before it began. The value of a function that returns at once is on every page.
	pageFloor = 10 * time.Millisecond

	// describeTimeout is how long a run waits for the text of a panic value or an error, which may
	// come from the user's String or Error method.
	describeTimeout = 100 * time.Millisecond
)

// runner calls a user's function so that nothing the function does can hurt a scrape. T is the type
// of its result.
//
// A call is a run: an object and a goroutine that end with the function. A function that hangs or
// ends its goroutine therefore costs nobody else anything. A page that wants the result while a run
// is under way joins that run. So the function never runs twice at once, overlapping scrapes share
// its result, and a function that hangs gathers no goroutines behind it. Each page waits as long as
// it likes; the run goes on without it.
//
// A runner holds no channel and no timer, only a run has them. A function may be defined inside a
// testing/synctest bubble and scraped outside it, or the other way round, as long as no run is
// under way in both.
type runner[T any] struct {
	f       func(result *T) // calls the user's function
	call    func()          // r.do, bound once: starting it allocates nothing
	recycle func(result T)  // takes a result back once nobody uses it; may be nil

	calls    atomic.Uint64 // that have ended
	latest   atomic.Int64  // how long the latest of these took, in nanoseconds
	failures atomic.Uint64 // pages that did without the result

	described atomic.Bool // the text of a panic value has been asked for: see describe

	mu      sync.Mutex // held for a few assignments, never while a user's code runs
	current *run[T]    // the run under way, or nil
}

// run is one call of a function. Until done is closed its goroutine writes the result; after that
// the result stands, and whoever has received from done may read it until it leaves the run.
type run[T any] struct {
	runner *runner[T]
	begin  time.Time
	done   chan struct{}
	users  int // who may still use the result, the run's goroutine included; guarded by runner.mu

	result T
	ok     bool
	fault  fault // why not
	cause  any
}

func newRunner[T any](f func(result *T)) *runner[T] {
	r := &runner[T]{f: f}
	r.call = r.do
	return r
}

// start joins the run under way, or starts one. The caller calls leave when it no longer uses the
// run.
func (r *runner[T]) start() *run[T] {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.current != nil {
		r.current.users++
		return r.current
	}
	r.current = &run[T]{runner: r, begin: time.Now(), done: make(chan struct{}), users: 2}
	go r.call()
	return r.current
}

// do is the goroutine of a run. It gets to finish even when the function panics or ends the
// goroutine.
func (r *runner[T]) do() {
	// The mutex is not needed: start has set current before it started this goroutine, and only
	// finish changes it.
	run := r.current
	run.fault, run.cause = faultExit, "runtime.Goexit"
	defer r.finish(run)
	defer func() {
		if p := recover(); p != nil {
			run.ok, run.fault, run.cause = false, faultPanic, r.describe(p)
		}
	}()
	r.f(&run.result)
	run.ok = true
}

// finish ends a run. The next run may start once current is nil.
func (r *runner[T]) finish(run *run[T]) {
	r.latest.Store(int64(time.Since(run.begin)))
	r.calls.Add(1)
	r.mu.Lock()
	r.current = nil
	r.mu.Unlock()
	close(run.done)
	run.leave()
}

// running returns how long the run under way has taken so far, or 0 if there is none.
func (r *runner[T]) running() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.current == nil {
		return 0
	}
	return time.Since(r.current.begin)
}

// leave ends the caller's use of the run.
func (run *run[T]) leave() {
	r := run.runner
	r.mu.Lock()
	run.users--
	unused := run.users == 0
	r.mu.Unlock()
	if unused && r.recycle != nil {
		r.recycle(run.result)
	}
}

// describe returns the text of a panic value. The value's String, Error or Format method is the
// user's code too. It runs on another goroutine, because it may panic, end its goroutine or hang,
// and only once for each function, because a goroutine that hangs stays, and the text is logged
// only once.
func (r *runner[T]) describe(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	kind := fmt.Sprintf("a panic with a %T", value)
	if r.described.Swap(true) {
		return kind
	}
	if text, ok := textOf(value); ok {
		return text
	}
	return kind + noText
}

// noText ends the description of a value that has no text.
const noText = " whose text cannot be had"

// textOf returns the text of a value whose methods are the user's. If they hang, a goroutine stays
// behind.
func textOf(value any) (text string, ok bool) {
	result := make(chan string, 1)
	go func() {
		defer close(result)
		defer func() { _ = recover() }() // Sprint recovers from most panics, but not from one with such a value
		result <- fmt.Sprint(value)
	}()
	timer := time.NewTimer(describeTimeout)
	defer timer.Stop()
	select {
	case text, ok = <-result:
	case <-timer.C:
	}
	return text, ok
}

// waiter waits for runs, one after another. The zero value is ready.
type waiter struct {
	abort <-chan struct{} // when closed, nobody needs the results any more; may be nil
	timer *time.Timer     // made when something has to be waited for
}

// wait waits until a run has closed done, at most until the given time, and reports whether it has.
// It does not matter how late it is if the run is done.
func (w *waiter) wait(done <-chan struct{}, until time.Time) bool {
	select {
	case <-done:
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
	case <-done:
		w.timer.Stop()
		return true
	case <-w.abort:
		w.timer.Stop()
		return false
	case <-w.timer.C:
	}
	select { // both may have been ready
	case <-done:
		return true
	default:
		return false
	}
}

// aborted reports whether nobody needs the results any more.
func (w *waiter) aborted() bool {
	select {
	case <-w.abort:
		return true
	default:
		return false
	}
}

// stop drops the timer: the next page may be made inside another testing/synctest bubble.
func (w *waiter) stop() {
	if w.timer != nil {
		w.timer.Stop()
	}
	*w = waiter{}
}

// failure returns why a run has no result for a page that has waited for it.
func (run *run[T]) failure(finished bool) (kind fault, cause any) {
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
