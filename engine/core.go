// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/quipu-metrics/quipu/atomicf"
	"github.com/quipu-metrics/quipu/histogram"
	"github.com/quipu-metrics/quipu/quantile"
)

// core is the part of a registry that its families use.
type core struct {
	settings
	epoch       time.Time // when the registry was made
	epochMillis int64     // likewise, in milliseconds since 1970

	defined atomic.Uint64 // how many families have been made

	log   *quantile.Log // observations of summaries that are not merged yet
	tally tally
	sites callSites // of misuse
}

// tally counts what happens to a registry. The registry's own metrics show it: see self.go.
type tally struct {
	scrapes  atomicf.Count
	bytes    atomicf.Count
	duration atomic.Pointer[histogram.Classic] // of pages, in seconds; made by the first one

	torn    atomicf.Count // snapshots that were not exact
	dropped [faults]atomicf.Count
	failed  [faults]atomicf.Count

	named namedCounts
}

// pageBounds is the layout of the histogram of the seconds that pages take.
var pageBounds = Must(histogram.NewBounds([]float64{0.0001, 0.001, 0.01, 0.1, 1, 10}))

// page counts a page.
func (t *tally) page(bytes int64, seconds float64) {
	t.scrapes.Inc()
	t.bytes.Add(uint64(bytes))
	h := t.duration.Load()
	if h == nil {
		h = new(histogram.Classic)
		h.Init(pageBounds)
		if !t.duration.CompareAndSwap(nil, h) {
			h = t.duration.Load()
		}
	}
	h.Observe(seconds)
}

// snapshot counts a snapshot if it is not exact.
func (t *tally) snapshot(exact bool) {
	if !exact {
		t.torn.Inc()
	}
}

// warn writes a line to the registry's log. The line is written on the goroutine that is at fault,
// which may be on a hot path, so a handler that panics must not become its panic. No lock is held:
// a handler may use metrics, and misuse them.
func (c *core) warn(message string, args ...any) {
	defer func() { _ = recover() }()
	c.currentLogger().Warn(message, args...)
}

// currentLogger returns the logger of the options, or else the one that is slog's default now.
func (c *core) currentLogger() *slog.Logger {
	if c.logger == nil {
		return slog.Default()
	}
	return c.logger
}

// sinceEpoch is the registry's time, in nanoseconds since it was made. Where the clock carries
// monotonic readings, as time.Now does, nobody can set it.
func (c *core) sinceEpoch() int64 { return int64(c.clock().Sub(c.epoch)) }
