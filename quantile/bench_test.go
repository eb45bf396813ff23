// SPDX-License-Identifier: Apache-2.0

package quantile

import (
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"
)

// cpuTime returns the time that the process has used on all CPUs, which includes merging in the
// background.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func reportTotal(b *testing.B, before time.Duration) {
	b.ReportMetric(float64(cpuTime()-before)/float64(b.N), "total-ns/op")
}

func BenchmarkObserve(b *testing.B) {
	l := NewLog(nil)
	var w Window
	w.Init(l, mustObjectives(b, defaults), 10*time.Minute)
	values := latencies()
	b.ReportAllocs()
	before := cpuTime()
	i := 0
	for b.Loop() {
		l.Observe(&w, values[i%4096])
		i++
	}
	l.Drain()
	reportTotal(b, before)
}

func BenchmarkObserveParallel(b *testing.B) {
	l := NewLog(nil)
	var w Window
	w.Init(l, mustObjectives(b, defaults), 10*time.Minute)
	values := latencies()
	b.ReportAllocs()
	before := cpuTime()
	b.RunParallel(func(pb *testing.PB) {
		i := rand.IntN(4096)
		for pb.Next() {
			l.Observe(&w, values[i%4096])
			i++
		}
	})
	l.Drain()
	reportTotal(b, before)
}

// BenchmarkObserveManyWindows spreads observations over so many windows that a chunk has few for
// each.
func BenchmarkObserveManyWindows(b *testing.B) {
	for _, n := range []int{10, 100, 1000, 10000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			l := NewLog(nil)
			o := mustObjectives(b, defaults)
			windows := make([]Window, n)
			for i := range windows {
				windows[i].Init(l, o, 10*time.Minute)
			}
			values := latencies()
			before := cpuTime()
			i := 0
			for b.Loop() {
				l.Observe(&windows[i%n], values[i%4096])
				i++
			}
			l.Drain()
			reportTotal(b, before)
		})
	}
}

// BenchmarkMerge reports the cost of sorting and merging alone, for each observation, by the number
// of observations in a batch.
func BenchmarkMerge(b *testing.B) {
	for _, n := range []int{1, 8, 32, 128, 512, 1024} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			l := NewLog(nil)
			var w Window
			w.Init(l, mustObjectives(b, defaults), 10*time.Minute)
			values := latencies()
			entries := make([]entry, len(values))
			for i, v := range values {
				entries[i] = entry{&w, v}
			}
			s := new(scratch)
			now := time.Now()
			i := 0
			b.ResetTimer()
			for left := b.N; left > 0; left -= n {
				s.merge(entries[i:i+n], now)
				i = (i + n) % 4096
			}
		})
	}
}

func BenchmarkSnapshot(b *testing.B) {
	now := time.Now()
	l := NewLog(func() time.Time { return now })
	var w Window
	w.Init(l, mustObjectives(b, defaults), 10*time.Minute)
	for i, v := range latencies() {
		if i%1000 == 999 {
			l.Drain()
			now = now.Add(2 * time.Minute)
		}
		l.Observe(&w, v)
	}
	l.Drain()
	var dst []float64
	b.ReportAllocs()
	for b.Loop() {
		dst, _, _ = w.Snapshot(dst[:0])
	}
}

// BenchmarkObserveUnsaturated reports the cost to the caller while merging keeps up. It observes in
// bursts that fit into the ring, and drains the log between them while the clock stands still. The
// other benchmarks observe as fast as they can, so their callers pay for merging too.
func BenchmarkObserveUnsaturated(b *testing.B) {
	l := NewLog(nil)
	var w Window
	w.Init(l, mustObjectives(b, defaults), 10*time.Minute)
	values := latencies()
	l.merging.Store(true) // no merger starts that would share the CPU
	var spent time.Duration
	b.ResetTimer()
	for left := b.N; left > 0; left -= 3000 {
		burst := min(left, 3000)
		start := time.Now()
		for i := range burst {
			l.Observe(&w, values[i%4096])
		}
		spent += time.Since(start)
		l.Drain()
	}
	b.ReportMetric(float64(spent)/float64(b.N), "caller-ns/op")
}
