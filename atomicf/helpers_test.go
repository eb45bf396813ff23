// SPDX-License-Identifier: Apache-2.0

package atomicf

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/percpu"
)

// cell is what the tests need of Count, Sum and Level alike.
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

// mustHeat makes a cell hot, or leaves it cold in builds without private words: tests then see the same values.
func mustHeat[C any](t testing.TB, c C, heat func(C) bool) {
	t.Helper()
	if !percpu.Private {
		return
	}
	for start := time.Now(); time.Since(start) < 10*time.Second; {
		if heat(c) {
			return
		}
		time.Sleep(10 * time.Microsecond) // another test's cleanup is giving rows back, and may have been descheduled
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
