// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

func TestCollectorMisuseIsDroppedAndCounted(t *testing.T) {
	r := engine.NewRegistry(engine.WithMaxSeries(3))
	require.NoError(t, r.Register(&watchedPool{collect: func(p *watchedPool, e *engine.Emission) {
		collectPool(p, e)
		e.Emit(p.size, 9, "a")             // twice
		e.Emit(p.size, 9)                  // no label value
		e.Emit(p.waits, -1)                // a counter does not go down
		e.Emit(p.latency, 1, "b")          // a histogram is more than one value
		e.EmitHistogram(p.latency, nil, 0) // no buckets
		e.EmitSummary(p.age, nil, 0, 0)    // no quantiles
		e.Emit(p.size, 1, "c")
		e.Emit(p.size, 1, "one too many")
	}}))
	page := pageOf(t, r)
	require.Equal(t, strings.Replace(poolPage, "4.5\n", "4.5\npool_size{pool=\"c\"} 1\n", 1), page)
	require.EqualValues(t, 5, dropped(t, r, "labels"))
	require.EqualValues(t, 1, dropped(t, r, "negative"))
	self, err := parseText(expose(t, r, engine.Exposition{Names: []string{"quipu_overflowed_lookups_total"}}))
	require.NoError(t, err)
	require.EqualValues(t, 1, self.float(t, `quipu_overflowed_lookups_total{metric="pool_size"}`))
}

func TestEmittingFromSeveralGoroutinesIsSafe(t *testing.T) {
	r := engine.NewRegistry()
	const goroutines, each = 8, 200
	require.NoError(t, r.Register(&watchedPool{collect: func(p *watchedPool, e *engine.Emission) {
		var workers sync.WaitGroup
		for g := range goroutines {
			workers.Go(func() {
				for i := range each {
					label := fmt.Sprintf("%d/%d", g, i)
					e.Emit(p.size, float64(g*each+i), label)
					e.EmitHistogram(p.latency, []uint64{1, uint64(g), uint64(i)}, 1, label)
				}
			})
		}
		workers.Wait()
	}}))
	for range 3 {
		page := pageOf(t, r)
		require.Equal(t, goroutines*each*6+4, strings.Count(page, "\n"))
		for g := range goroutines {
			for i := range each {
				require.Contains(t, page, fmt.Sprintf("pool_size{pool=\"%d/%d\"} %d\n", g, i, g*each+i))
				require.Contains(t, page, fmt.Sprintf("pool_latency_seconds_count{pool=\"%d/%d\"} %d\n", g, i, 1+g+i))
			}
		}
	}
}

func TestEmittingAfterCollectHasReturnedIsDroppedAndCounted(t *testing.T) {
	r, log := logged()
	var held []*engine.Emission
	p := &watchedPool{collect: func(p *watchedPool, e *engine.Emission) {
		collectPool(p, e)
		held = append(held, e)
	}}
	require.NoError(t, r.Register(p))
	var stop atomic.Bool
	var late sync.WaitGroup
	for i := range 5 {
		require.Equal(t, poolPage, pageOf(t, r), "nothing late is on it")
		e := held[i]
		late.Go(func() {
			for n := 0; n == 0 || !stop.Load(); n++ {
				e.Emit(p.size, 1, fmt.Sprint("late", n))
				e.EmitHistogram(p.latency, []uint64{1, 2, 3}, 1, fmt.Sprint("late", n))
				e.EmitSummary(p.age, []float64{1}, 1, 1)
			}
		})
	}
	for range 50 {
		require.Equal(t, poolPage, pageOf(t, r))
	}
	stop.Store(true)
	late.Wait()
	require.Positive(t, dropped(t, r, "late"))
	require.Equal(t, 3, strings.Count(log.String(), "reason=late"), "once for each metric: %s", log)
}

func TestAnEmissionThatDoesNotFitSaysWhatWouldFit(t *testing.T) {
	for name, test := range map[string]struct {
		emit func(p *watchedPool, e *engine.Emission)
		says string
	}{
		"buckets": {func(p *watchedPool, e *engine.Emission) { e.EmitHistogram(p.latency, []uint64{1}, 1, "a") },
			"a histogram of 1 buckets, want 3"},
		"quantiles": {func(p *watchedPool, e *engine.Emission) { e.EmitSummary(p.age, []float64{1, 2}, 1, 1) },
			"a summary of 2 quantiles, want 1"},
		"labels": {func(p *watchedPool, e *engine.Emission) { e.Emit(p.size, 1) }, "0 label values, want 1"},
		"one value": {func(p *watchedPool, e *engine.Emission) { e.Emit(p.latency, 1, "a") },
			"one value for a histogram: use EmitHistogram"},
		"histogram": {func(p *watchedPool, e *engine.Emission) { e.EmitHistogram(p.size, nil, 1, "a") },
			"a histogram for a gauge"},
		"summary": {func(p *watchedPool, e *engine.Emission) { e.EmitSummary(p.waits, nil, 1, 1) },
			"a summary for a counter"},
		"undefined": {func(_ *watchedPool, e *engine.Emission) { e.Emit(engine.Collected{}, 1) },
			"a Collected that its Define has not returned"},
	} {
		t.Run(name, func(t *testing.T) {
			r, log := logged()
			require.NoError(t, r.Register(&watchedPool{collect: test.emit}))
			require.Empty(t, pageOf(t, r))
			require.Contains(t, log.String(), test.says)
			require.Regexp(t, `caller=\S*emission_test\.go:\d+\n`, log.String())
			require.EqualValues(t, 1, dropped(t, r, "labels"))
		})
	}
}

// The buffer of a call is reused when the last page that shows it has been written, and no sooner.
func TestAPageKeepsWhatWasEmittedForItWhileOthersGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := engine.NewRegistry()
		calls := 0
		require.NoError(t, r.Register(&watchedPool{collect: func(p *watchedPool, e *engine.Emission) {
			calls++
			call := float64(calls)
			time.Sleep(time.Millisecond)
			for _, label := range numbers {
				e.Emit(p.size, call, label)
				e.EmitHistogram(p.latency, []uint64{uint64(call), 0, 0}, call, label)
			}
		}}))
		var pages sync.WaitGroup
		page := func(chunk time.Duration) {
			pages.Go(func() {
				w := &slowWriter{takes: chunk}
				_, err := r.Expose(w, engine.Exposition{NoSelf: true})
				require.NoError(t, err)
				for i, label := range numbers {
					value := w.valueOf(t, fmt.Sprintf("pool_size{pool=%q}", label))
					require.Equal(t, w.valueOf(t, fmt.Sprintf("pool_size{pool=%q}", numbers[0])), value, "series %d", i)
					require.Equal(t, value, w.valueOf(t, fmt.Sprintf("pool_latency_seconds_count{pool=%q}", label)))
				}
			})
		}
		for range 3 {
			for chunk := range 6 {
				page(time.Duration(chunk) * 10 * time.Millisecond) // these pages share a call
			}
			time.Sleep(7 * time.Millisecond)
		}
		pages.Wait()
		require.Equal(t, 3, calls)
	})
}

// valueOf returns the value of a series on the page.
func (w *slowWriter) valueOf(t *testing.T, series string) string {
	t.Helper()
	_, rest, ok := strings.Cut(w.String(), "\n"+series+" ")
	require.True(t, ok, series)
	value, _, _ := strings.Cut(rest, "\n")
	return value
}

// swelling emits as many series as it is told.
type swelling struct {
	series *int
	gauge  engine.Collected
}

func (c *swelling) Define(d *engine.Definitions) {
	c.gauge = d.Gauge("g", "", []string{"i"}, engine.WithMaxSeries(engine.NoLimit))
}

func (c *swelling) Collect(e *engine.Emission) {
	for i := range *c.series {
		e.Emit(c.gauge, 1, fmt.Sprint(i))
	}
}

func TestTheMemoryOfACollectorFollowsItsLastCalls(t *testing.T) {
	r := engine.NewRegistry()
	series := 100_000
	require.NoError(t, r.Register(&swelling{series: &series}))
	read := func() (n int) {
		for f := range r.Read(engine.ReadOptions{NoSelf: true, Deadline: time.Now().Add(time.Minute)}) {
			for range f.Samples() {
				n++
			}
		}
		return n
	}
	before := heap()
	require.Equal(t, series, read())
	series = 10
	require.Equal(t, 10, read())
	requireHeapBelow(t, before, 1<<20, func() { require.Equal(t, 10, read()) })
	runtime.KeepAlive(r)
}
