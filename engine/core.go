// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"log/slog"
	"sync/atomic"

	"github.com/quipu-metrics/quipu/atomicf"
	"github.com/quipu-metrics/quipu/histogram"
	"github.com/quipu-metrics/quipu/quantile"
)

// core is the part of a registry that its families use.
type core struct {
	settings
	epochMillis int64 // when the registry was made, in milliseconds since 1970

	log   *quantile.Log // observations of summaries that are not merged yet
	tally tally
	sites callSites // of misuse
}

// tally counts what happens to a registry. Its cells are those of the registry's own metrics, which
// [defineSelf] sets: before that, nothing counts.
type tally struct {
	scrapes  *atomicf.Count
	bytes    *atomicf.Count
	duration *histogram.Classic
	series   *atomicf.Level

	overflow *atomicf.Count // lookups that ended in an overflow series
	capped   *atomicf.Count // times that a summary gave up precision
	torn     *atomicf.Count // snapshots that were not exact
	cut      *atomicf.Count
	repaired *atomicf.Count
	dropped  [faults]*atomicf.Count
	failed   [faults]*atomicf.Count

	dropSource func(metric string, reason fault) // counts a series of a source that is not shown

	cappedSeen atomic.Uint64 // how much of the count of core.log is in capped
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
