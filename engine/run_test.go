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

func TestOverlappingPagesShareTheCallUnderWay(t *testing.T) {
	for _, pages := range []int{2, 3, 4, 8} {
		synctest.Test(t, func(t *testing.T) {
			r, log := logged()
			function, collector := &sleeper{takes: 300 * ms}, &sleeper{takes: 300 * ms}
			define(t, r, "function", function.value)
			require.NoError(t, r.Register(sleepAndEmit(collector)))
			var scrapes sync.WaitGroup
			for i := range pages {
				scrapes.Go(func() {
					time.Sleep(time.Duration(i) * 30 * ms)
					values, took := timedPage(t, r, engine.Exposition{})
					require.Equal(t, map[string]string{"function": "1", `collected{a="x"}`: "1"}, values)
					require.Equal(t, 300*ms-time.Duration(i)*30*ms, took)
				})
			}
			scrapes.Wait()
			require.EqualValues(t, 1, function.calls.Load())
			require.EqualValues(t, 1, collector.calls.Load())
			require.Empty(t, log.String())
		})
	}
}

func TestAFunctionNeverRunsTwiceAtOnceAndConcurrentScrapesAllSeeIt(t *testing.T) {
	r, _ := logged()
	var running, most atomic.Int32
	_, err := r.NewGaugeFunc("g", "", func() float64 {
		most.Store(max(most.Load(), running.Add(1)))
		time.Sleep(time.Millisecond)
		running.Add(-1)
		return 1
	})
	require.NoError(t, err)
	var scrapes sync.WaitGroup
	for range 8 {
		scrapes.Go(func() {
			for range 5 {
				page := expose(t, r, engine.Exposition{NoSelf: true})
				require.Equal(t, "# TYPE g gauge\ng 1\n", string(page))
			}
		})
	}
	scrapes.Wait()
	require.EqualValues(t, 1, most.Load())
}

func TestAPageWaitsForAFunctionOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := logged()
		define(t, r, "a", (&sleeper{takes: 200 * ms}).value)
		define(t, r, "b", (&sleeper{takes: 480 * ms}).value)
		release := make(chan struct{})
		defer close(release)
		define(t, r, "hangs", func() float64 { <-release; return 1 })
		var scrapers sync.WaitGroup
		for range 2 {
			scrapers.Go(func() {
				for range 5 {
					values, took := timedPage(t, r, engine.Exposition{Deadline: time.Now().Add(750 * ms)})
					require.Equal(t, map[string]string{"a": "1", "b": "1"}, values)
					require.LessOrEqual(t, took, 500*ms)
					values, took = timedPage(t, r, engine.Exposition{Deadline: time.Now().Add(450 * ms)})
					require.Contains(t, values, "a")
					require.LessOrEqual(t, took, 450*ms)
					time.Sleep(70 * ms)
				}
			})
			time.Sleep(130 * ms)
		}
		scrapers.Wait()
	})
}

func TestAFunctionThatHangsIsWaitedForToTheEndOfItsOwnTimeOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := logged()
		hangs := &sleeper{takes: 10 * time.Second}
		define(t, r, "hangs", hangs.value)
		for _, wait := range []time.Duration{500 * ms, 0, 0} {
			_, took := timedPage(t, r, engine.Exposition{})
			require.Equal(t, wait, took)
		}
		require.EqualValues(t, 1, hangs.calls.Load())
		require.EqualValues(t, 3, failures(t, scrape(t, r), "timeout")-1)
		time.Sleep(10 * time.Second)

		var first sync.WaitGroup
		first.Go(func() { timedPage(t, r, engine.Exposition{}) })
		time.Sleep(300 * ms)
		_, took := timedPage(t, r, engine.Exposition{})
		require.Equal(t, 200*ms, took, "its time began with its call")
		first.Wait()
		require.EqualValues(t, 2, hangs.calls.Load())
		time.Sleep(10 * time.Second)
	})
}

func TestACallThatIsDoneIsShownWhateverTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := logged()
		define(t, r, "z", (&sleeper{takes: 100 * ms}).value)
		v, err := r.NewGaugeVec("a", "", []string{"i"})
		require.NoError(t, err)
		for i := range 5000 {
			v.With(fmt.Sprint(i)).Set(1)
		}
		page := &slowWriter{takes: 400 * ms}
		_, err = r.Expose(page, engine.Exposition{Deadline: time.Now().Add(200 * ms)})
		require.NoError(t, err)
		require.Contains(t, page.String(), "\nz 1\n")
	})
}

// The runtime ends the process if a channel, timer or wait group that was made inside a synctest
// bubble is used outside it.
func TestARegistryMayBeUsedInsideAndOutsideSynctestBubbles(t *testing.T) {
	outside, _ := logged()
	var inside *engine.Registry
	fill := func(t *testing.T, r *engine.Registry, name string) {
		define(t, r, name, func() float64 { time.Sleep(ms); return 1 })
		c := sleepAndEmit(&sleeper{takes: ms})
		c.name = name + "_collected"
		require.NoError(t, r.Register(c))
		s, err := r.NewSummary(name+"_seconds", "")
		require.NoError(t, err)
		s.Observe(1)
	}
	count := func(t *testing.T, r *engine.Registry, want int) {
		t.Helper()
		for range 3 {
			values, _ := timedPage(t, r, engine.Exposition{Names: []string{"a", "a_collected", "b", "b_collected"}})
			require.Len(t, values, want)
			scrape(t, r)
		}
	}
	fill(t, outside, "a")
	count(t, outside, 2)
	synctest.Test(t, func(t *testing.T) {
		inside, _ = logged()
		fill(t, outside, "b")
		count(t, outside, 4)
		fill(t, inside, "a")
		count(t, inside, 2)
	})
	count(t, outside, 4)
	fill(t, inside, "b")
	count(t, inside, 4)
	synctest.Test(t, func(t *testing.T) {
		count(t, outside, 4)
		count(t, inside, 4)
	})
}

func TestFunctionsLeaveNoGoroutinesBehind(t *testing.T) {
	r, _ := logged()
	for i, f := range []func() float64{
		func() float64 { return 1 }, func() float64 { panic(1) }, func() float64 { runtime.Goexit(); return 1 },
	} {
		_, err := r.NewGaugeFunc(fmt.Sprint("g", i), "", f)
		require.NoError(t, err)
	}
	before := runtime.NumGoroutine()
	for range 100 {
		expose(t, r, engine.Exposition{})
	}
	for end := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		require.True(t, time.Now().Before(end), "%d goroutines, %d before", runtime.NumGoroutine(), before)
	}
}

// These are values of panics that cannot be printed.
type (
	exits        struct{}
	panics       struct{}
	panicsInTurn struct{}
	blocks       struct{ until chan struct{} }
)

func (exits) String() string            { runtime.Goexit(); return "" }
func (panics) Error() string            { panic("in Error") }
func (panicsInTurn) String() string     { panic(panicsInTurn{}) }
func (b blocks) Format(fmt.State, rune) { <-b.until }
func (b blocks) String() string         { return "" }

func TestAFunctionWhosePanicCannotBePrintedIsCalledAgain(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	for _, value := range []any{
		exits{}, panics{}, panicsInTurn{}, blocks{release}, fmt.Errorf("wrapped: %w", panics{}),
	} {
		t.Run(fmt.Sprintf("%T", value), func(t *testing.T) {
			r, log := logged()
			calls := 0
			f, err := r.NewGaugeFunc("g", "", func() float64 {
				if calls++; calls < 3 {
					panic(value)
				}
				return 7
			})
			require.NoError(t, err)
			for range 2 {
				values, _ := timedPage(t, r, engine.Exposition{})
				require.Empty(t, values)
			}
			require.EqualValues(t, 7, f.Value())
			require.EqualValues(t, 2, failures(t, scrape(t, r), "panic"))
			require.Equal(t, 1, strings.Count(log.String(), "\n"), "%s", log)
			require.Contains(t, log.String(), "metric=g")
		})
	}
}
