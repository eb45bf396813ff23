// SPDX-License-Identifier: Apache-2.0

package engine

import "time"

// Observer is what takes observations: a [Histogram] or a [Summary].
type Observer interface{ Observe(v float64) }

// Timer measures the time from Start to Stop. It is a value and costs no allocation:
//
//	defer latency.Start().Stop()
type Timer struct {
	begin    time.Time
	observer Observer
}

// Start starts a timer that observes into the histogram, in seconds.
func (h *Histogram) Start() Timer { return StartTimer(h) }

// Start starts a timer that observes into the summary, in seconds.
func (s *Summary) Start() Timer { return StartTimer(s) }

// StartTimer starts a timer that observes into o, in seconds.
func StartTimer(o Observer) Timer { return Timer{time.Now(), o} }

// Stop observes the time since the start and returns it. It uses the monotonic clock, so setting the clock back does not
// make it negative. Each call observes again.
func (t Timer) Stop() time.Duration {
	elapsed := time.Since(t.begin)
	t.observer.Observe(elapsed.Seconds())
	return elapsed
}
