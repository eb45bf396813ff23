// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"fmt"
	"math/rand/v2"
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

const ms = time.Millisecond

// sleeper is a function that takes its time, and knows how often it has been called and whether twice at once.
type sleeper struct {
	takes          time.Duration
	calls, running atomic.Int32
	twice          atomic.Bool
}

func (s *sleeper) sleep() {
	s.calls.Add(1)
	if s.running.Add(1) > 1 {
		s.twice.Store(true)
	}
	time.Sleep(s.takes)
	s.running.Add(-1)
}

func (s *sleeper) value() float64 { s.sleep(); return 1 }

// gauges is a collector of one gauge.
type gauges struct {
	name    string
	gauge   engine.Collected
	collect func(c *gauges, e *engine.Emission)
}

func (c *gauges) Define(d *engine.Definitions)        { c.gauge = d.Gauge(c.name, "", []string{"a"}) }
func (c *gauges) Collect(e *engine.Emission)          { c.collect(c, e) }
func sleepAndEmit(s *sleeper) *gauges                 { return &gauges{name: "collected", collect: s.emit} }
func (s *sleeper) emit(c *gauges, e *engine.Emission) { s.sleep(); e.Emit(c.gauge, 1, "x") }

func define(t *testing.T, r *engine.Registry, name string, f func() float64) {
	t.Helper()
	_, err := r.NewGaugeFunc(name, "", f)
	require.NoError(t, err)
}

// timedPage returns a page and how long it took.
func timedPage(t *testing.T, r *engine.Registry, e engine.Exposition) (map[string]string, time.Duration) {
	t.Helper()
	begin := time.Now()
	e.NoSelf = true
	page, err := parseText(expose(t, r, e))
	require.NoError(t, err)
	return page.values, time.Since(begin)
}

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

func TestFunctionsOfAPageDoNotWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := logged()
		for i := range 60 {
			define(t, r, fmt.Sprint("f", i), (&sleeper{takes: 30 * ms}).value)
		}
		values, took := timedPage(t, r, engine.Exposition{Deadline: time.Now().Add(750 * ms)})
		require.Len(t, values, 60)
		require.Equal(t, 30*ms, took)
		values, took = timedPage(t, r, engine.Exposition{Deadline: time.Now().Add(-time.Hour)})
		require.Empty(t, values)
		require.Equal(t, 10*ms, took, "what is left to functions when the deadline is over does not add up")
		time.Sleep(time.Second)
		values, took = timedPage(t, r, engine.Exposition{Names: []string{"f1", "f2"}, Deadline: time.Now().Add(750 * ms)})
		require.Equal(t, map[string]string{"f1": "1", "f2": "1"}, values)
		require.Equal(t, 30*ms, took)
	})
}

func TestFunctionsThatAPageDoesNotShowAreNotCalled(t *testing.T) {
	r, _ := logged()
	shown, hidden, collector := new(sleeper), new(sleeper), new(sleeper)
	define(t, r, "shown", shown.value)
	define(t, r, "hidden", hidden.value)
	require.NoError(t, r.Register(sleepAndEmit(collector)))
	timedPage(t, r, engine.Exposition{Names: []string{"shown"}})
	require.EqualValues(t, 1, shown.calls.Load())
	require.Zero(t, hidden.calls.Load()+collector.calls.Load())
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
		var page strings.Builder
		_, err = r.Expose(slowWriter{&page, 400 * ms}, engine.Exposition{Deadline: time.Now().Add(200 * ms)})
		require.NoError(t, err)
		require.Contains(t, page.String(), "\nz 1\n")
	})
}

// slowWriter is a reader that takes its time for every chunk.
type slowWriter struct {
	to    *strings.Builder
	takes time.Duration
}

func (w slowWriter) Write(b []byte) (int, error) { time.Sleep(w.takes); return w.to.Write(b) }

func TestACollectorHasTheTimeOfThePage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := logged()
		slow := &sleeper{takes: 1200 * ms}
		require.NoError(t, r.Register(sleepAndEmit(slow)))
		define(t, r, "z", func() float64 { return 1 })
		all := map[string]string{"z": "1", `collected{a="x"}`: "1"}
		values, took := timedPage(t, r, engine.Exposition{})
		require.Equal(t, all, values)
		require.Equal(t, 1200*ms, took)

		slow.takes = 7 * time.Second
		values, took = timedPage(t, r, engine.Exposition{Deadline: time.Now().Add(8 * time.Second)})
		require.Equal(t, all, values)
		require.Equal(t, 7*time.Second, took)

		values, took = timedPage(t, r, engine.Exposition{Deadline: time.Now().Add(time.Second)})
		require.Equal(t, map[string]string{"z": "1"}, values)
		require.Equal(t, time.Second, took)
		_, took = timedPage(t, r, engine.Exposition{Deadline: time.Now().Add(time.Second)})
		require.Zero(t, took, "the call has had all the time of this page already")
		values, took = timedPage(t, r, engine.Exposition{Deadline: time.Now().Add(8 * time.Second)})
		require.Equal(t, all, values, "a page with more time waits for the same call")
		require.Equal(t, 6*time.Second, took)
		require.EqualValues(t, 3, slow.calls.Load())
	})
}

// Whatever functions there are and however long they take, and however pages overlap: a page comes by its deadline, has
// what takes no longer than its own limit and the page's, and no function is ever called twice at once.
func TestAPageIsCompleteAndInTimeWhateverItsFunctionsTake(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	for round := range 60 {
		random := rand.New(rand.NewPCG(seed, uint64(round)))
		synctest.Test(t, func(t *testing.T) {
			r, _ := logged()
			var functions, collectors []*sleeper
			for i := range 1 + random.IntN(40) {
				s := &sleeper{takes: time.Duration(random.Int64N(int64(700 * ms)))}
				switch random.IntN(8) {
				case 0:
					s.takes = 0
				case 1:
					s.takes = time.Hour
				}
				functions = append(functions, s)
				define(t, r, fmt.Sprintf("f%02d", i), s.value)
			}
			for i := range random.IntN(6) {
				s := &sleeper{takes: time.Duration(random.Int64N(int64(2 * time.Second)))}
				collectors = append(collectors, s)
				c := sleepAndEmit(s)
				c.name = fmt.Sprintf("c%02d", i)
				if i%2 == 1 {
					c.name = "h" + c.name // behind the functions
				}
				require.NoError(t, r.Register(c))
			}
			var pages sync.WaitGroup
			for range 1 + random.IntN(8) {
				after, limit := time.Duration(random.Int64N(int64(time.Second))), time.Duration(random.Int64N(int64(1500*ms)))
				pages.Go(func() {
					time.Sleep(after)
					e := engine.Exposition{Deadline: time.Now().Add(limit)}
					if limit < 100*ms {
						e.Deadline, limit = time.Time{}, 2*time.Second
					}
					values, took := timedPage(t, r, e)
					require.LessOrEqual(t, took, limit)
					for i, s := range functions {
						name := fmt.Sprintf("f%02d", i)
						switch {
						case s.takes < min(limit, engine.CallbackTimeout):
							require.Contains(t, values, name, "%v of %v", s.takes, limit)
						case s.takes == time.Hour:
							require.NotContains(t, values, name)
						}
					}
					for i, s := range collectors {
						name := fmt.Sprintf(`c%02d{a="x"}`, i)
						if i%2 == 1 {
							name = "h" + name
						}
						if s.takes < limit {
							require.Contains(t, values, name, "%v of %v", s.takes, limit)
						}
					}
				})
			}
			pages.Wait()
			time.Sleep(2 * time.Hour)
			for _, s := range append(functions, collectors...) {
				require.False(t, s.twice.Load())
			}
		})
	}
}

// Channels, timers and wait groups that are made inside a bubble must not be used outside it: the runtime ends the process.
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

// Values of panics whose text is the user's code.
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
	for _, value := range []any{exits{}, panics{}, panicsInTurn{}, blocks{release}, fmt.Errorf("wrapped: %w", panics{})} {
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

func TestAFunctionThatIsReplacedIsLoggedOnce(t *testing.T) {
	r, log := logged()
	f := func() float64 { return 1 }
	first := func() string { _, err := r.NewGaugeFunc("g", "", f); require.NoError(t, err); return line() }()
	require.Empty(t, log.String())
	var again string
	for range 3 {
		again = func() string { _, err := r.NewGaugeFunc("g", "", f); require.NoError(t, err); return line() }()
	}
	require.Equal(t, 1, strings.Count(log.String(), "\n"), "%s", log)
	require.Contains(t, log.String(), "its function replaced")
	require.Contains(t, log.String(), "metric=g caller="+again+" first="+first+"\n")
}
