// SPDX-License-Identifier: Apache-2.0

//go:build !race

package quantile

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestObserveDoesNotAllocate(t *testing.T) {
	l := NewLog(nil)
	var w Window
	w.Init(l, mustObjectives(t, defaults), 10*time.Minute)
	values := latencies()
	i := 0
	observe := func() {
		for range 5000 { // uses the whole ring, and every way of making room
			l.Observe(&w, values[i%4096])
			i++
		}
	}
	for range 20 {
		observe() // rings, scratch memory and tuples are made here
	}
	require.Zero(t, testing.AllocsPerRun(100, observe))
}

func TestScrapingDoesNotAllocate(t *testing.T) {
	l := NewLog(nil)
	var w Window
	w.Init(l, mustObjectives(t, defaults), 10*time.Minute)
	values := latencies()
	var dst []float64
	i := 0
	scrape := func() {
		for range 50 {
			l.Observe(&w, values[i%4096])
			i++
		}
		l.Drain()
		dst, _, _ = w.Snapshot(dst[:0])
	}
	for range 2000 {
		scrape()
	}
	require.Zero(t, testing.AllocsPerRun(200, scrape))
}

// TestAnIdleWindowIsSmall bounds the memory of a series with a hundred observations, spread over
// the window or not.
func TestAnIdleWindowIsSmall(t *testing.T) {
	for name, every := range map[string]int{"at once": 100, "over the window": 20} {
		t.Run(name, func(t *testing.T) {
			const n = 1000
			now := time.Unix(1e9, 0)
			l := NewLog(func() time.Time { return now })
			o := mustObjectives(t, defaults)
			values := latencies()
			scratch := Window{}
			scratch.Init(l, o, 0)
			l.Observe(&scratch, 1)
			l.Drain()
			before := heap()
			windows := make([]*Window, n)
			for i := range windows {
				windows[i] = new(Window)
				windows[i].Init(l, o, 10*time.Minute)
			}
			for i := range 100 {
				if i > 0 && i%every == 0 {
					now = now.Add(2 * time.Minute)
				}
				for _, w := range windows {
					l.Observe(w, values[i])
				}
				l.Drain()
				if i%10 == 0 {
					for _, w := range windows {
						w.Snapshot(nil)
					}
				}
			}
			each := int(heap()-before) / n
			t.Logf("%d bytes per window", each)
			require.Less(t, each, 3000)
			runtime.KeepAlive(windows)
		})
	}
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
