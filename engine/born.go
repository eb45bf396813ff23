// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math"
	"time"
)

// A series remembers when it was created in the 32 bits that its node has room for: eight bytes
// more would make a counter a size class larger. Most of the range counts tenths of a second from
// 1.6 years before the registry's own creation to 12 years after it. A clock can be further off
// than that, because it was set while the program ran: on a machine without a battery a program
// starts in 1970. The rest of the range covers 1970 to 2106 in steps of 16 seconds.
//
// Both are wall time. The monotonic clock stands still while a machine sleeps, and a series created
// after that would seem to be older by the length of the sleep.
const (
	bornCoarse     = 15 << 28    // values from here on are coarse
	bornEarlier    = 500_000_000 // tenths before the registry's creation that are still fine
	bornFineStep   = 100         // milliseconds
	bornCoarseStep = 16 * 1000   // milliseconds
	bornCoarseMax  = 1<<32 - 1 - bornCoarse
)

// bornOf encodes a wall time. It is rounded down, so that a series is never younger than its first
// sample.
func bornOf(wall time.Time, epochMillis int64) uint32 {
	millis := wall.UnixMilli()
	if since := millis - epochMillis + bornEarlier*bornFineStep; since >= 0 && since/bornFineStep < bornCoarse {
		return uint32(since / bornFineStep)
	}
	return bornCoarse + uint32(min(max(0, millis/bornCoarseStep), bornCoarseMax))
}

// bornMillis decodes what bornOf returned, to milliseconds since 1970.
func bornMillis(born uint32, epochMillis int64) int64 {
	if born >= bornCoarse {
		return int64(born-bornCoarse) * bornCoarseStep
	}
	return epochMillis + (int64(born)-bornEarlier)*bornFineStep
}

// unixSeconds returns a time in seconds since 1970, as the nearest float64. Nanoseconds since 1970
// have more than 53 bits, so dividing them would not give it.
func unixSeconds(t time.Time) float64 { return float64(t.Unix()) + float64(t.Nanosecond())/1e9 }

// timeOf returns the time of so many seconds since 1970, to the microsecond: a float64 has no more
// digits, and times that were whole milliseconds are so again.
func timeOf(seconds float64) time.Time {
	whole, fraction := math.Modf(seconds)
	return time.Unix(int64(whole), int64(math.Round(fraction*1e6))*1000)
}
