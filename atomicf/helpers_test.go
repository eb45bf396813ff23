// SPDX-License-Identifier: Apache-2.0

package atomicf

import (
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/percpu"
)

// cell has the operations that the tests need of a Count, a Sum and a Level alike.
type cell interface {
	add(v float64)
	value() float64
	heat() bool
	hot() bool
}

type (
	countCell struct{ Count }
	sumCell   struct{ Sum }
	levelCell struct{ Level }
)

func (c *countCell) add(v float64)  { c.Add(uint64(v)) }
func (c *countCell) value() float64 { return float64(c.Load()) }
func (c *countCell) heat() bool     { return c.promote() }
func (c *countCell) hot() bool      { return c.word.Load()&hotBit != 0 }
func (c *sumCell) add(v float64)    { c.Add(v) }
func (c *sumCell) value() float64   { return c.Load() }
func (c *sumCell) heat() bool       { return c.promote() }
func (c *sumCell) hot() bool        { return c.word.Load() >= hotNaN }
func (c *levelCell) add(v float64)  { c.Add(v) }
func (c *levelCell) value() float64 { return c.Load() }
func (c *levelCell) heat() bool     { return c.promote() }
func (c *levelCell) hot() bool      { return c.word.Load() >= hotNaN }

var cells = map[string]func() cell{
	"Count": func() cell { return new(countCell) },
	"Sum":   func() cell { return new(sumCell) },
	"Level": func() cell { return new(levelCell) },
}

// mustHeat makes a cell hot. In builds without private words it leaves the cell cold, and tests see
// the same values.
func mustHeat[C any](t testing.TB, c C, heat func(C) bool) {
	t.Helper()
	if !percpu.Private {
		return
	}
	for start := time.Now(); time.Since(start) < 10*time.Second; {
		if heat(c) {
			return
		}
		// The cleanup of another test holds the lock of the slab, and may have been descheduled.
		time.Sleep(10 * time.Microsecond)
	}
	require.Fail(t, "the cell does not turn hot")
}

// long reports whether the full form of a stress test is wanted.
func long() bool { return os.Getenv("QUIPU_LONG") != "" }

// stressTime is how long a stress test runs.
func stressTime() time.Duration {
	if long() {
		return time.Minute
	}
	return 300 * time.Millisecond
}

// temperatures runs a test on a cold cell, on one that is hot from the start, and on one that turns
// hot in the middle.
func temperatures[C any](t *testing.T, heat func(*C) bool, test func(t *testing.T, c *C, middle func())) {
	t.Run("cold", func(t *testing.T) { test(t, new(C), func() {}) })
	t.Run("hot", func(t *testing.T) {
		c := new(C)
		mustHeat(t, c, heat)
		test(t, c, func() {})
	})
	t.Run("turning hot", func(t *testing.T) {
		c := new(C)
		test(t, c, func() { mustHeat(t, c, heat) })
	})
}

func temperature(hot bool) string {
	if hot {
		return "hot"
	}
	return "cold"
}

// run calls work on n goroutines until the time is over, and returns the number of calls.
func run(n int, d time.Duration, work func(g int)) (calls int64) {
	var total atomic.Int64
	var wg sync.WaitGroup
	end := time.Now().Add(d)
	for g := range n {
		wg.Go(func() {
			count := int64(0)
			for time.Now().Before(end) {
				for range 100 {
					work(g)
				}
				count += 100
			}
			total.Add(count)
		})
	}
	wg.Wait()
	return total.Load()
}

// collect runs the garbage collector, and gives cleanups time to run.
func collect() {
	runtime.GC()
	runtime.GC()
	time.Sleep(time.Millisecond)
}
