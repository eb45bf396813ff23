// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// sleep returns the time that time.Now would return after the machine has slept: the wall clock has
// advanced and the monotonic clock has not. In a time with a monotonic reading, the seconds begin
// at bit 30 of the first word.
func sleep(now time.Time, seconds uint64) time.Time {
	later := now
	*(*uint64)(unsafe.Pointer(&later)) += seconds << 30
	return later
}

// The age of a series was measured by the monotonic clock, which stands still while the machine
// sleeps.
func TestASeriesCreatedAfterTheMachineSleptIsNotAsOldAsTheSleep(t *testing.T) {
	const hours = 8 * 3600
	start := time.Now()
	now := start
	r := NewRegistry(WithClock(func() time.Time { return now }))
	now = sleep(start, hours)
	require.EqualValues(t, start.Unix()+hours, now.Unix())
	require.Zero(t, now.Sub(start), "the monotonic clock stood still")

	c, err := r.NewCounter("c_total", "")
	require.NoError(t, err)
	created := bornMillis(c.node.Created, r.epochMillis)
	require.LessOrEqual(t, created, now.UnixMilli())
	require.Greater(t, created, now.UnixMilli()-bornFineStep)
}

func TestCreationTimesAreTheWallTimeWhereverTheClockIsSet(t *testing.T) {
	for _, epoch := range []time.Time{time.Unix(0, 0), time.Unix(1_700_000_000, 250e6), time.Unix(4_000_000_000, 0)} {
		for _, jump := range []time.Duration{
			0, 1, time.Millisecond, 99 * time.Millisecond, 100 * time.Millisecond, time.Hour,
			-time.Hour, -time.Millisecond,
			10 * 365 * 24 * time.Hour, -365 * 24 * time.Hour, -30 * 365 * 24 * time.Hour, 54 * 365 * 24 * time.Hour,
		} {
			wall := epoch.Add(jump)
			millis := wall.UnixMilli()
			if millis < 0 || millis > 1000*(1<<32-1) {
				continue // creation times reach from 1970 to 2106
			}
			got := bornMillis(bornOf(wall, epoch.UnixMilli()), epoch.UnixMilli())
			step := int64(bornFineStep)
			if jump < -500*24*time.Hour || jump > 12*365*24*time.Hour {
				step = bornCoarseStep
			}
			require.LessOrEqual(t, got, millis, "%v%+v", epoch, jump)
			require.Greater(t, got, millis-step, "%v%+v", epoch, jump)
		}
	}
	// These are the ends of the fine and of the coarse scale.
	const epoch = 1_700_000_000_000
	require.Zero(t, bornOf(time.UnixMilli(epoch-bornEarlier*bornFineStep), epoch))
	lastFine := time.UnixMilli(epoch + (bornCoarse-bornEarlier)*bornFineStep - 1)
	require.EqualValues(t, uint32(bornCoarse-1), bornOf(lastFine, epoch))
	require.EqualValues(t, uint32(bornCoarse), bornOf(time.Unix(-1, 0), epoch))
	require.EqualValues(t, uint32(1<<32-1), bornOf(time.Unix(1<<40, 0), epoch))
}

// A time of whole milliseconds once came back almost a microsecond early, so that its millisecond
// was the one before.
func TestTimesComeBackFromSecondsToTheMicrosecond(t *testing.T) {
	for i := range int64(20_000) {
		at := time.UnixMicro(1_795_000_000_000_000 + i*1_000_003*7919)
		require.True(t, at.Equal(timeOf(unixSeconds(at))), at)
		at = at.Truncate(time.Millisecond)
		require.Equal(t, at.UnixMilli(), timeOf(unixSeconds(at)).UnixMilli())
	}
	before := time.UnixMilli(-1500)
	require.True(t, before.Equal(timeOf(unixSeconds(before))))
}
