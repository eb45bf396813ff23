// SPDX-License-Identifier: Apache-2.0

package expvars

import (
	"context"
	"expvar"
	"log/slog"
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

// publish publishes a variable, unless an earlier run of the test has.
func publish(name string, v expvar.Var) {
	if expvar.Get(name) == nil {
		expvar.Publish(name, v)
	}
}

func TestPublishedVariablesAreShownFromTheirFirstPageOn(t *testing.T) {
	reg := engine.NewRegistry()
	require.NoError(t, Attach(reg))
	require.NotContains(t, samplesOf(t, reg), "expvar_memstats", "nobody has asked for it")
	publish("TestPublished.queue", number(7))
	samples := samplesOf(t, reg)
	require.EqualValues(t, 7, samples["expvar_TestPublished_queue{}"])
	for series := range samples {
		require.NotContains(t, series, "memstats", "nobody has asked for it")
		require.NotContains(t, series, "cmdline")
	}
}

func TestMemstatsAreShownIfTheyAreAskedFor(t *testing.T) {
	for _, option := range []Option{
		WithVariables("memstats"), WithUntyped("memstats", "expvar_memstats", "Memory."),
	} {
		reg := engine.NewRegistry()
		require.NoError(t, Attach(reg, option))
		page := pageOf(t, reg)
		require.Positive(t, page.Value(t, "expvar_memstats", "key", "HeapAlloc"))
		require.EqualValues(t, 1, page.Value(t, "expvar_memstats", "key", "EnableGC"))
		require.NotContains(t, page.Named("expvar_memstats"), `{key="PauseNs"}`, "it is a list")
	}
	reg := engine.NewRegistry()
	require.NoError(t, Attach(reg, WithVariables("cmdline")))
	require.Empty(t, samplesOf(t, reg), "its strings are in a list")
}

func TestNamesOfVariablesBecomeNamesOfMetrics(t *testing.T) {
	reg := attached(t, variables{"http.in-flight": number(1), "9": number(2), "größe": number(3), "": number(4)})
	require.Equal(t, map[string]float64{"expvar_http_in_flight{}": 1, "expvar_9{}": 2, "expvar_gr__e{}": 3,
		"expvar_{}": 4}, samplesOf(t, reg))
}

func TestOfVariablesWithOneNameTheFirstIsShown(t *testing.T) {
	reg := attached(t, variables{"a-b": number(1), "a.b": number(2), "c": number(3)})
	require.Equal(t, map[string]float64{"expvar_a_b{}": 1, "expvar_c{}": 3}, samplesOf(t, reg))
	require.EqualValues(t, 2,
		pageOf(t, reg).Value(t, "quipu_source_drops_total", "metric", "expvar_a_b", "reason", "header"))

	_, err := reg.NewGauge("expvar_c", "The program's own.")
	require.NoError(t, err)
	require.Equal(t, map[string]float64{"expvar_a_b{}": 1, "expvar_c{}": 0}, samplesOf(t, reg))
}

func TestACounterThatIsNoneIsDroppedAndCounted(t *testing.T) {
	reg := attached(t, variables{"a": number(-1), "b": float(math.NaN()), "c": number(1)},
		WithCounter("a", "a_total", "A."), WithCounter("b", "b_total", "B."), WithCounter("c", "c_total", "C."))
	require.Equal(t, map[string]float64{"c_total{}": 1}, samplesOf(t, reg))
	page := pageOf(t, reg)
	require.EqualValues(t, 2, page.Value(t, "quipu_source_drops_total", "metric", "a_total", "reason", "negative"))
	require.EqualValues(t, 2, page.Value(t, "quipu_source_drops_total", "metric", "b_total", "reason", "negative"))
}

func TestAFunctionThatFailsCostsItsOwnVariable(t *testing.T) {
	for name, f := range map[string]expvar.Func{
		"panic": func() any { panic("no") },
		"value": func() any { panic(text("no")) },
		"exit":  func() any { runtime.Goexit(); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			m := new(expvar.Map)
			m.Set("a", number(1))
			m.Set("b", f)
			reg := attached(t, variables{"a": number(1), "f": f, "m": m, "z": number(2)})
			require.Equal(t, map[string]float64{"expvar_a{}": 1, `expvar_m{key="a"}`: 1, "expvar_z{}": 2},
				samplesOf(t, reg))
			require.EqualValues(t, 2, failures(t, reg))
		})
	}
}

// TestAFunctionThatHangsCostsItsOwnVariable wants the page without it, no second call, and no lock
// of package expvar that is held meanwhile.
func TestAFunctionThatHangsCostsItsOwnVariable(t *testing.T) {
	var calls atomic.Int64
	release := make(chan struct{})
	f := expvar.Func(func() any {
		calls.Add(1)
		<-release
		return 7
	})
	m := new(expvar.Map)
	m.Set("f", f)
	reg := attached(t, variables{"a": number(1), "f": f, "m": m, "z": number(2)})
	others := map[string]float64{"expvar_a{}": 1, "expvar_z{}": 2}
	require.Equal(t, others, samplesOf(t, reg))
	require.EqualValues(t, 2, calls.Load())
	m.Add("new", 3)
	require.Equal(t, others, samplesOf(t, reg))
	require.EqualValues(t, 2, calls.Load(), "nor called")
	require.EqualValues(t, 3, failures(t, reg))

	close(release)
	require.Eventually(t, func() bool { return len(samplesOf(t, reg)) == 5 }, 10*time.Second, time.Millisecond)
	require.Equal(t, map[string]float64{"expvar_a{}": 1, "expvar_f{}": 7, `expvar_m{key="f"}`: 7,
		`expvar_m{key="new"}`: 3, "expvar_z{}": 2}, samplesOf(t, reg))
}

func TestAPageWaitsForAFunctionAsLongAsItMay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		f := expvar.Func(func() any { <-release; return 7 })
		const page = 10 * time.Second
		for timeout, options := range map[time.Duration][]Option{
			engine.CallbackTimeout: nil, time.Second: {WithTimeout(time.Second)}, page: {WithTimeout(engine.NoLimit)},
		} {
			s, err := newSource(variables{"f": f}.do, options)
			require.NoError(t, err)
			for _, want := range []time.Duration{timeout, 0} { // a second page does not wait
				ctx, cancel := context.WithTimeout(context.Background(), page)
				began := time.Now()
				err := s.Emit(ctx, new(engine.Writer))
				require.ErrorContains(t, err, "has not returned after "+timeout.String())
				require.Equal(t, want, time.Since(began))
				cancel()
			}
		}
		close(release)
	})
}

// A page waits for the variable, which waits for a page of its own, which waits for the first one's
// reading of the variables.
func TestAVariableThatReadsTheRegistryHoldsUpNobody(t *testing.T) {
	reg := engine.NewRegistry(engine.WithLogger(slog.New(slog.DiscardHandler)))
	families := expvar.Func(func() any {
		n := 0
		for range reg.Read(engine.ReadOptions{}) {
			n++
		}
		return n
	})
	s, err := newSource(variables{"families": families, "n": number(7)}.do, nil)
	require.NoError(t, err)
	require.NoError(t, reg.Attach(s))
	require.EqualValues(t, 7, samplesOf(t, reg)["expvar_n{}"])
	require.Positive(t, failures(t, reg))
}

func TestNoReadingIsKeptAfterThePage(t *testing.T) {
	s, err := newSource(variables{"f": constant(7), "n": number(8)}.do, nil)
	require.NoError(t, err)
	require.Len(t, samplesOf(t, attachedTo(t, s)), 2)
	require.Empty(t, s.running)
}

// A page that has little time gives up a function. One that has more, and comes at once, waits for
// the same call.
func TestAPageJoinsTheCallOfAnEarlierOne(t *testing.T) {
	release := make(chan struct{})
	f := expvar.Func(func() any { <-release; return 7 })
	s, err := newSource(variables{"f": f}.do, nil)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	require.ErrorContains(t, s.Emit(ctx, new(engine.Writer)), `the variable "f" has not returned after`)

	own := s.calls()[0]
	joined := s.start(own)
	require.NotSame(t, own, joined)
	close(release)
	require.True(t, joined.wait(context.Background(), time.Minute))
	require.Equal(t, []leaf{{number: 7}}, joined.reading.leaves)
	s.finish(joined)
	require.Same(t, own, s.start(own), "the next page reads again")
}

func TestASourceOfSeveralRegistriesIsReadByAll(t *testing.T) {
	s, err := newSource(variables{"f": constant(7), "n": number(8)}.do, nil)
	require.NoError(t, err)
	var readers sync.WaitGroup
	for range 4 {
		reg := attachedTo(t, s)
		readers.Go(func() {
			for range 100 {
				var page strings.Builder
				if _, err := reg.Expose(&page, engine.Exposition{NoSelf: true}); err != nil {
					t.Error(err)
				}
				text := page.String()
				if !strings.Contains(text, "\nexpvar_f 7\n") || !strings.HasSuffix(text, "\nexpvar_n 8\n") {
					t.Error(text)
				}
			}
		})
	}
	readers.Wait()
}

func TestTheVariablesLeaveWithTheirSource(t *testing.T) {
	s, err := NewSource(WithVariables("memstats"))
	require.NoError(t, err)
	reg := engine.NewRegistry()
	require.NoError(t, reg.Attach(s))
	require.ErrorIs(t, reg.Attach(s), engine.ErrTaken)
	require.NotEmpty(t, samplesOf(t, reg))
	require.True(t, reg.Detach(s))
	require.Empty(t, samplesOf(t, reg))
}

func TestANilRegistryIsAnError(t *testing.T) {
	require.ErrorIs(t, Attach(nil), engine.ErrOption)
}

func TestErrorsNameTheVariable(t *testing.T) {
	s, err := newSource(variables{"b": text("?"), "c": constant(func() {})}.do, nil)
	require.NoError(t, err)
	err = s.Emit(context.Background(), new(engine.Writer))
	require.Equal(t, 2, len(strings.Split(err.Error(), "\n")))
	require.ErrorContains(t, err, `the variable "b": invalid character`)
	require.ErrorContains(t, err, `the variable "c": json: unsupported type`)
}
