// SPDX-License-Identifier: Apache-2.0

// Package time has the part of the API of the standard library's time that scenarios need. Its
// clock is that of the run: see package interleave.
package time

import (
	"time"

	"github.com/quipu-metrics/quipu/internal/interleave"
)

type (
	Time     = time.Time
	Duration = time.Duration
)

const (
	Nanosecond  = time.Nanosecond
	Microsecond = time.Microsecond
	Millisecond = time.Millisecond
	Second      = time.Second
	Minute      = time.Minute
	Hour        = time.Hour
)

// Now returns the time on the clock of the run, which starts in 2001.
func Now() Time { return time.Unix(1e9, 0).Add(interleave.Elapsed()) }

// Since is time.Since.
func Since(t Time) Duration { return Now().Sub(t) }

// Sleep advances the clock.
func Sleep(d Duration) { interleave.Sleep(d) }

// AfterFunc starts a thread that calls f, so a timer can fire at any time.
func AfterFunc(_ Duration, f func()) *time.Timer {
	interleave.Go(f)
	return nil
}
