// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestEmittingFromSeveralGoroutinesIsSafe(t *testing.T) {
	r := NewRegistry()
	const goroutines, each = 8, 200
	require.NoError(t, r.Register(&pool{collect: func(p *pool, e *Emission) {
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
	var held []*Emission
	p := &pool{collect: func(p *pool, e *Emission) {
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
	require.Positive(t, r.self.dropped[faultLate].Value())
	require.Equal(t, 3, strings.Count(log.String(), "reason=late"), "once for each metric: %s", log)
}

func TestAnEmissionThatDoesNotFitSaysWhatWouldFit(t *testing.T) {
	for name, test := range map[string]struct {
		emit func(p *pool, e *Emission)
		says string
	}{
		"buckets":   {func(p *pool, e *Emission) { e.EmitHistogram(p.latency, []uint64{1}, 1, "a") }, "a histogram of 1 buckets, want 3"},
		"quantiles": {func(p *pool, e *Emission) { e.EmitSummary(p.age, []float64{1, 2}, 1, 1) }, "a summary of 2 quantiles, want 1"},
		"labels":    {func(p *pool, e *Emission) { e.Emit(p.size, 1) }, "0 label values, want 1"},
		"one value": {func(p *pool, e *Emission) { e.Emit(p.latency, 1, "a") }, "one value for a histogram: use EmitHistogram"},
		"histogram": {func(p *pool, e *Emission) { e.EmitHistogram(p.size, nil, 1, "a") }, "a histogram for a gauge"},
		"summary":   {func(p *pool, e *Emission) { e.EmitSummary(p.waits, nil, 1, 1) }, "a summary for a counter"},
		"undefined": {func(_ *pool, e *Emission) { e.Emit(Collected{}, 1) }, "a Collected that its Define has not returned"},
	} {
		t.Run(name, func(t *testing.T) {
			r, log := logged()
			require.NoError(t, r.Register(&pool{collect: test.emit}))
			require.Empty(t, pageOf(t, r))
			require.Contains(t, log.String(), test.says)
			require.Regexp(t, `caller=\S*emission_test\.go:\d+\n`, log.String())
			require.EqualValues(t, 1, r.self.dropped[faultLabels].Value())
		})
	}
}

// The buffer of a call is used again once the last page that shows it is written, and no sooner.
func TestAPageKeepsWhatWasEmittedForItWhileOthersGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewRegistry()
		calls := 0
		require.NoError(t, r.Register(&pool{collect: func(p *pool, e *Emission) {
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
				w := &lazyWriter{takes: chunk}
				_, err := r.Expose(w, Exposition{NoSelf: true})
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
				page(time.Duration(chunk) * 10 * time.Millisecond) // these share a call
			}
			time.Sleep(7 * time.Millisecond)
		}
		pages.Wait()
		require.Equal(t, 3, calls)
	})
}

// lazyWriter is a reader that takes its time for every chunk.
type lazyWriter struct {
	strings.Builder
	takes time.Duration
}

func (w *lazyWriter) Write(b []byte) (int, error) {
	time.Sleep(w.takes)
	return w.Builder.Write(b)
}

func (w *lazyWriter) valueOf(t *testing.T, series string) string {
	_, rest, ok := strings.Cut(w.String(), "\n"+series+" ")
	require.True(t, ok, series)
	value, _, _ := strings.Cut(rest, "\n")
	return value
}

// numbers are label values.
var numbers = func() (s []string) {
	for i := range 1000 {
		s = append(s, fmt.Sprint(i))
	}
	return s
}()
