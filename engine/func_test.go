// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"errors"
	"fmt"
	"math"
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

func TestFuncMetricsShowWhatTheirFunctionReturns(t *testing.T) {
	r := engine.NewRegistry()
	value := 0.0
	f := func() float64 { return value }
	c, err := r.NewCounterFunc("c_total", "", f)
	require.NoError(t, err)
	g, err := r.NewGaugeFunc("g", "", f, engine.WithConstLabels(engine.Labels{"a": "b"}))
	require.NoError(t, err)
	for _, test := range []struct {
		value   float64
		counter string // "" if a counter cannot have the value
		gauge   string
	}{
		{0, "0", "0"}, {1.5, "1.5", "1.5"}, {1 << 53, "9.007199254740992e+15", "9.007199254740992e+15"},
		{inf, "+Inf", "+Inf"}, {denormal, "5e-324", "5e-324"},
		{-1, "", "-1"}, {-denormal, "", "-5e-324"}, {-inf, "", "-Inf"}, {nan, "", "NaN"}, {minusZero, "0", "-0"},
	} {
		value = test.value
		values := valuesOf(t, r)
		require.Equal(t, test.gauge, values[`g{a="b"}`])
		require.Equal(t, fmt.Sprint(test.value), fmt.Sprint(g.Value()))
		if test.counter == "" {
			require.NotContains(t, values, "c_total")
			require.True(t, math.IsNaN(c.Value()))
			continue
		}
		require.EqualValues(t, test.value, c.Value())
		require.Equal(t, test.counter, strings.TrimPrefix(values["c_total"], "-"))
	}
	require.EqualValues(t, 8, failures(t, scrape(t, r), "negative"), "four values, on a page and in Value")
}

func TestDefiningAFuncMetricAgainReplacesItsFunction(t *testing.T) {
	r := engine.NewRegistry()
	one, err := r.NewGaugeFunc("g", "", func() float64 { return 1 })
	require.NoError(t, err)
	two, err := r.NewGaugeFunc("g", "", func() float64 { return 2 })
	require.NoError(t, err)
	require.Same(t, one, two)
	require.EqualValues(t, 2, one.Value())
	require.Equal(t, map[string]string{"g": "2"}, valuesOf(t, r))
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

// A scrape can see a family as soon as the family is on the registry's list.
func TestFuncMetricsMayBeDefinedWhileThePageIsWritten(t *testing.T) {
	r := engine.NewRegistry()
	var stop atomic.Bool
	var scrapes sync.WaitGroup
	scrapes.Go(func() {
		for !stop.Load() {
			expose(t, r, engine.Exposition{NoSelf: true})
		}
	})
	for i := range 2000 {
		_, err := r.NewGaugeFunc(fmt.Sprint("g", i%50), "", func() float64 { return 1 })
		require.NoError(t, err)
		if i%50 == 49 {
			r.Clear()
		}
	}
	stop.Store(true)
	scrapes.Wait()
}

// stubborn is an error whose method Error panics too.
type stubborn struct{}

func (stubborn) Error() string { panic("even in Error") }

func TestABadFunctionCostsItsOwnFamilyAndNothingElse(t *testing.T) {
	release := make(chan struct{})
	var hung sync.WaitGroup
	defer hung.Wait()
	defer close(release)
	hung.Add(1)
	var once sync.Once
	r, log := logged()
	const limit = 1900 * time.Millisecond
	for name, f := range map[string]func() float64{
		"b_panic":   func() float64 { panic("a reason") },
		"b_error":   func() float64 { panic(errors.New("an error")) },
		"b_strange": func() float64 { panic(stubborn{}) },
		"b_nil":     func() float64 { panic(nil) },
		"b_index":   func() float64 { return []float64{}[len(name())] },
		"b_exit":    func() float64 { runtime.Goexit(); return 1 },
		"b_hang":    func() float64 { <-release; once.Do(hung.Done); return 1 },
		"a_good":    func() float64 { return 1 },
		"c_good":    func() float64 { return 2 },
	} {
		_, err := r.NewGaugeFunc(name, "", f, engine.WithTimeout(limit))
		require.NoError(t, err)
	}
	z, err := r.NewCounter("z_total", "")
	require.NoError(t, err)
	z.Inc()
	for scrapes := 1; scrapes <= 3; scrapes++ {
		begin := time.Now()
		require.Equal(t, map[string]string{"a_good": "1", "c_good": "2", "z_total": "1"}, valuesOf(t, r))
		if scrapes > 1 {
			require.Less(t, time.Since(begin), limit/2, "what hangs is not waited for again")
		}
	}
	page := scrape(t, r)
	require.EqualValues(t, 20, failures(t, page, "panic"))
	require.EqualValues(t, 4, failures(t, page, "exit"))
	require.EqualValues(t, 4, failures(t, page, "timeout"))
	require.Equal(t, 7, strings.Count(log.String(), "\n"), "one line for each: %s", log)
	require.Contains(t, log.String(), "a reason")
}

func name() string { return "x" }

// The bubble's clock runs only while everybody sleeps, so every bound is exact.
func TestAFuncMetricIsWaitedForAsLongAsItsTimeoutSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, log := logged()
		for name, f := range map[string]struct{ takes, timeout time.Duration }{
			"a_quick":    {99 * time.Millisecond, 100 * time.Millisecond},
			"b_late":     {101 * time.Millisecond, 100 * time.Millisecond},
			"c_patient":  {1900 * time.Millisecond, time.Minute},
			"d_too_long": {2100 * time.Millisecond, time.Minute},
		} {
			_, err := r.NewGaugeFunc(name, "", after(f.takes), engine.WithTimeout(f.timeout))
			require.NoError(t, err)
		}
		_, err := r.NewCounterFunc("e_default_total", "", after(499*time.Millisecond))
		require.NoError(t, err)
		begin := time.Now()
		require.Equal(t, map[string]string{"a_quick": "1", "c_patient": "1", "e_default_total": "1"}, valuesOf(t, r))
		require.Equal(t, 2*time.Second, time.Since(begin), "the page has two seconds")
		synctest.Wait()
		time.Sleep(time.Second) // those that were late have returned
		require.Equal(t, 2, strings.Count(log.String(), "reason=timeout"), "%s", log)

		begin = time.Now()
		hurried := engine.Exposition{NoSelf: true, Deadline: begin.Add(200 * time.Millisecond)}
		page, err := parseText(expose(t, r, hurried))
		require.NoError(t, err)
		require.Equal(t, map[string]string{"a_quick": "1"}, page.values)
		require.Equal(t, 200*time.Millisecond, time.Since(begin))
		time.Sleep(time.Minute)
	})
}

// Where an int has 32 bits, NoLimit as a duration is a little more than two seconds.
func TestNoLimitLeavesAFunctionAndASourceAllTimeOfThePage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, log := logged()
		_, err := r.NewGaugeFunc("f", "", after(time.Minute), engine.WithTimeout(engine.NoLimit))
		require.NoError(t, err)
		require.NoError(t, r.Attach(writing(func(w *engine.Writer) { w.Gauge("s", "", after(time.Minute)()) }),
			engine.WithTimeout(engine.NoLimit)))
		page, err := parseText(expose(t, r, engine.Exposition{NoSelf: true, Deadline: time.Now().Add(time.Hour)}))
		require.NoError(t, err)
		require.Equal(t, map[string]string{"f": "1", "s": "1"}, page.values)
		require.Empty(t, log.String())
	})
}

// after returns a function that takes so long and returns 1.
func after(takes time.Duration) func() float64 {
	return func() float64 { time.Sleep(takes); return 1 }
}

func TestTimeoutsThatCannotWorkAreErrors(t *testing.T) {
	r, log := logged()
	one := func() float64 { return 1 }
	for _, d := range []time.Duration{0, -1, math.MinInt64} {
		_, err := r.NewGaugeFunc("g", "", one, engine.WithTimeout(d))
		require.ErrorIs(t, err, engine.ErrOption)
		require.ErrorContains(t, err, "a timeout is positive")
	}
	_, err := r.NewGauge("g", "", engine.WithTimeout(time.Second))
	require.ErrorIs(t, err, engine.ErrOption)
	require.ErrorContains(t, err, "is for func metrics and sources")

	first, err := r.NewGaugeFunc("g", "", one, engine.WithTimeout(math.MaxInt64))
	require.NoError(t, err)
	require.Equal(t, 1.0, first.Value())
	require.Empty(t, log.String())
	second, err := r.NewGaugeFunc("g", "", one, engine.WithTimeout(time.Second))
	require.NoError(t, err)
	require.Same(t, first, second, "only the timeout differs")
	require.Contains(t, log.String(), "a second definition has other limits; the first ones hold")
	require.Equal(t, map[string]string{"g": "1"}, valuesOf(t, r))
}

func TestADeadlineThatIsOverLeavesFunctionsAMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := logged()
		_, err := r.NewGaugeFunc("quick", "", after(9*time.Millisecond))
		require.NoError(t, err)
		_, err = r.NewGaugeFunc("slow", "", after(11*time.Millisecond))
		require.NoError(t, err)
		begin := time.Now()
		page, err := parseText(expose(t, r, engine.Exposition{NoSelf: true, Deadline: begin.Add(-time.Hour)}))
		require.NoError(t, err)
		require.Equal(t, map[string]string{"quick": "1"}, page.values)
		require.Equal(t, 10*time.Millisecond, time.Since(begin))
		time.Sleep(time.Second) // the slow one has returned
	})
}

func TestAFunctionThatHungIsShownAgainOnceItReturns(t *testing.T) {
	r, _ := logged()
	release := make(chan struct{})
	f, err := r.NewGaugeFunc("g", "", func() float64 { <-release; return 7 })
	require.NoError(t, err)
	require.True(t, math.IsNaN(f.Value()))
	close(release)
	require.Eventually(t, func() bool { return f.Value() == 7 }, 5*time.Second, time.Millisecond)
	require.Equal(t, map[string]string{"g": "7"}, valuesOf(t, r))
}

func TestAFunctionMayUseItsRegistry(t *testing.T) {
	r, _ := logged()
	c, err := r.NewCounterVec("c_total", "", []string{"a"})
	require.NoError(t, err)
	calls := 0
	_, err = r.NewGaugeFunc("define", "", func() float64 {
		calls++
		_, err := r.NewGauge(fmt.Sprint("made_", calls), "")
		if err != nil {
			return -1
		}
		c.With(fmt.Sprint(calls)).Inc()
		return 1
	})
	require.NoError(t, err)
	_, err = r.NewGaugeFunc("expose", "", func() float64 {
		return float64(len(expose(t, r, engine.Exposition{Names: []string{"c_total"}})))
	})
	require.NoError(t, err)
	_, err = r.NewGaugeFunc("remove", "", func() float64 { r.Unregister("remove"); return 1 })
	require.NoError(t, err)
	values := valuesOf(t, r)
	require.Equal(t, "1", values["define"])
	require.Equal(t, "1", values["remove"])
	require.NotContains(t, values, "made_1", "the page shows what was there when it began")
	values = valuesOf(t, r)
	require.Contains(t, values, "made_1")
	require.NotContains(t, values, "remove")

	// This function asks for a page that shows its own metric. It waits for itself until one of the
	// two pages gives up.
	_, err = r.NewGaugeFunc("recursive", "", func() float64 { expose(t, r, engine.Exposition{}); return 1 })
	require.NoError(t, err)
	begin := time.Now()
	values = valuesOf(t, r)
	require.Contains(t, values, "define")
	require.Less(t, time.Since(begin), 3*time.Second)
	r.Unregister("recursive")
	r.Unregister("define") // it runs together with z_clear, and could define a metric after Clear

	_, err = r.NewGaugeFunc("z_clear", "", func() float64 { r.Clear(); return 1 })
	require.NoError(t, err)
	require.Contains(t, valuesOf(t, r), "z_clear")
	require.Empty(t, valuesOf(t, r))
}
