// SPDX-License-Identifier: Apache-2.0

package engine

import "time"

// Observer takes observations: it is a [Histogram] or a [Summary].
type Observer interface{ Observe(v float64) }

// Timer measures the time from Start to Stop. It is a value and costs no allocation
// (BenchmarkTimer):
//
//	defer latency.Start().Stop()
type Timer struct {
	begin    time.Time
	observer Observer
}

// Start starts a timer that observes into the histogram, in seconds. On a nil Histogram it panics.
func (h *Histogram) Start() Timer { return StartTimer(h) }

// Start starts a timer that observes into the summary, in seconds. On a nil Summary it panics.
func (s *Summary) Start() Timer { return StartTimer(s) }

// StartTimer starts a timer that observes into o, in seconds. It panics when o is nil, or a
// [Histogram] or [Summary] that no constructor made: Stop, which often runs deferred, would panic
// only after the timed work.
func StartTimer(o Observer) Timer {
	if isNil(o) {
		panic("quipu: a timer of a nil observer")
	}
	if !isMade(o) {
		panic("quipu: a timer of a histogram or summary that no constructor made")
	}
	return Timer{time.Now(), o}
}

// isNil reports whether there is no observer: none in the interface, or a nil Histogram or Summary.
// Nil pointers of other types may be observers.
func isNil(o Observer) bool {
	switch o := o.(type) {
	case nil:
		return true
	case *Histogram:
		return o == nil
	case *Summary:
		return o == nil
	}
	return false
}

// isMade reports whether a constructor made o, if it is a Histogram or Summary. o is not nil.
func isMade(o Observer) bool {
	switch o := o.(type) {
	case *Histogram:
		return o.fam != nil
	case *Summary:
		return o.fam != nil
	}
	return true
}

// Stop observes the time since the start and returns it. It uses the monotonic clock, so setting
// the clock back does not make it negative. Each call observes again.
func (t Timer) Stop() time.Duration {
	elapsed := time.Since(t.begin)
	t.observer.Observe(elapsed.Seconds())
	return elapsed
}
