// SPDX-License-Identifier: Apache-2.0

package atomicf

import (
	"math"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/percpu"
)

func TestCountIsExactAtTheEdges(t *testing.T) {
	for name, c := range map[string]struct {
		adds []uint64
		want uint64
	}{
		"nothing":            {nil, 0},
		"zeroes":             {[]uint64{0, 0}, 0},
		"2^53-1":             {[]uint64{1<<53 - 1, 0}, 1<<53 - 1},
		"2^53+1":             {[]uint64{1 << 53, 1}, 1<<53 + 1},
		"one below 2^62":     {[]uint64{1<<62 - 2, 1}, 1<<62 - 1},
		"2^62":               {[]uint64{1<<62 - 1, 1}, 1 << 62},
		"past 2^62":          {[]uint64{1 << 62, 1, 1}, 1<<62 + 2},
		"2^63-1":             {[]uint64{1<<62 - 1, 1 << 62}, 1<<63 - 1},
		"wraps at 2^63":      {[]uint64{1<<63 - 1, 1}, 0},
		"wraps and goes on":  {[]uint64{1<<63 - 1, 1, 41, 1}, 42},
		"wraps in one step":  {[]uint64{1<<63 - 1, 1<<63 - 1}, 1<<63 - 2},
		"large steps":        {[]uint64{lateMax - 1, lateMax, lateMax + 1}, 3 * lateMax},
		"multiples of 1024":  {[]uint64{1024, 1024, 2048}, 4096},
		"more than 2^63":     {[]uint64{1<<63 + 5, 1}, 6},
		"the largest number": {[]uint64{1, math.MaxUint64, math.MaxUint64}, 1<<63 - 1},
		"wraps a third time": {[]uint64{1<<63 - 1, 1<<63 - 1, 1<<63 - 1, 1<<63 - 1, 4}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			temperatures(t, (*Count).promote, func(t *testing.T, cell *Count, middle func()) {
				for i, n := range c.adds {
					if i == len(c.adds)/2 {
						middle()
					}
					cell.Add(n)
				}
				require.Equal(t, c.want, cell.Load())
			})
		})
	}
}

func TestIncIsAddOfOne(t *testing.T) {
	temperatures(t, (*Count).promote, func(t *testing.T, c *Count, middle func()) {
		for i := range uint64(3000) {
			if i == 1500 {
				middle()
			}
			require.Equal(t, i, c.Load())
			c.Inc()
		}
	})
	t.Run("past the plain add", func(t *testing.T) {
		temperatures(t, (*Count).promote, func(t *testing.T, c *Count, middle func()) {
			c.Add(coldMax - 1)
			c.Inc()
			middle()
			c.Inc()
			c.Inc()
			require.Equal(t, uint64(coldMax+2), c.Load())
		})
	})
}

// An updater that loads a cold word, and adds after the cell has turned hot, adds to the tag.
func TestCountFindsAdditionsThatCameLate(t *testing.T) {
	c := new(Count)
	c.Add(5)
	mustHeat(t, c, (*Count).promote)
	c.word.Add(lateMax - 1)
	c.word.Add(1)
	c.Inc()
	require.Equal(t, uint64(lateMax+6), c.Load())
}

func TestLargeAdditionsToColdCountersAreNotLost(t *testing.T) {
	const goroutines, cells, each, n = 4, 2000, 50, 1 << 40
	counts := make([]Count, cells)
	var work sync.WaitGroup
	for range goroutines {
		work.Go(func() {
			for i := range counts {
				for range each {
					counts[i].Add(n)
				}
			}
		})
	}
	work.Wait()
	for i := range counts {
		require.Equal(t, uint64(goroutines*each*n), counts[i].Load())
	}
}

// Small and large additions are sampled equally often.
func TestCountSamplesAdditionsOfAnySizeAlike(t *testing.T) {
	const n = 1 << 20
	for _, step := range []uint64{1, 2, 3, 10, 1000, 1024, 1500, 1 << 16, 1<<20 - 1} {
		samples, sum := 0, uint64(0)
		for range n {
			if sum += step; sampled(sum) {
				samples++
			}
		}
		require.InDelta(t, n/heatSample, samples, n/heatSample/4, "steps of %d", step)
	}
}

// Counters of bytes grow by megabytes. Such additions go by compare-and-swap, which once reported
// nothing, so the cell stayed cold however many goroutines fought over it.
func TestLargeAdditionsMakeACountHot(t *testing.T) {
	if !percpu.Private {
		return // purego: nothing becomes hot
	}
	measured := pinCost.Swap(pinCheaper) // one goroutine's use is enough then
	defer pinCost.Store(measured)
	var c Count
	additions := uint64(0)
	for end := time.Now().Add(20 * time.Second); c.word.Load()&hotBit == 0 && time.Now().Before(end); additions++ {
		c.Add(lateMax)
	}
	require.NotZero(t, c.word.Load()&hotBit, "cold after %d additions", additions)
	c.Add(lateMax)
	require.Equal(t, (additions+1)*lateMax, c.Load())
}
