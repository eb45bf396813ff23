// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"fmt"
	"math"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

// mortalClock is a clock that tests set.
type mortalClock struct{ nanos atomic.Int64 }

func (c *mortalClock) now() time.Time { return time.Unix(1_700_000_000, c.nanos.Load()) }

func (c *mortalClock) add(d time.Duration) { c.nanos.Add(int64(d)) }

// mortalRegistry returns a registry whose labelled metrics expire after a minute.
func mortalRegistry(options ...engine.RegistryOption) (*engine.Registry, *mortalClock) {
	c := new(mortalClock)
	options = append([]engine.RegistryOption{engine.WithExpiry(time.Minute), engine.WithClock(c.now)}, options...)
	return engine.NewRegistry(options...), c
}

// after moves the clock and returns a page without the registry's own metrics and without types.
func (c *mortalClock) after(t testing.TB, r *engine.Registry, d time.Duration) string {
	t.Helper()
	c.add(d)
	var b bytes.Buffer
	for line := range bytes.Lines([]byte(exposed(t, r, engine.Exposition{}))) {
		if line[0] != '#' {
			b.Write(line)
		}
	}
	return b.String()
}

// collectGarbage runs the collector until finalizers and cleanups of what was dropped before have
// run.
func collectGarbage() {
	for range 3 {
		runtime.GC()
		done := make(chan struct{})
		runtime.SetFinalizer(&struct{ p *int }{}, func(*struct{ p *int }) { close(done) })
		runtime.GC()
		<-done
	}
}

// updates of a series that is called x of metrics of each kind. The function for each update gets
// the series by its labels each time, or once if it is held.
var mortals = map[string]struct {
	define func(t *testing.T, r *engine.Registry) (handle func() (update func()))
	once   string // the samples after one update
	twice  string // and after two
}{
	"counter": {func(t *testing.T, r *engine.Registry) func() func() {
		v := must(r.NewCounterVec("m", "", []string{"a"}))
		return func() func() { return v.With("x").Inc }
	}, "m{a=\"x\"} 1\n", "m{a=\"x\"} 2\n"},
	"counter of fractions": {func(t *testing.T, r *engine.Registry) func() func() {
		v := must(r.NewCounterVec("m", "", []string{"a"}))
		return func() func() { c := v.With("x"); return func() { c.Add(0.25) } }
	}, "m{a=\"x\"} 0.25\n", "m{a=\"x\"} 0.5\n"},
	"counter that stays 0": {func(t *testing.T, r *engine.Registry) func() func() {
		v := must(r.NewCounterVec("m", "", []string{"a"}))
		return func() func() { c := v.With("x"); return func() { c.Add(0) } }
	}, "m{a=\"x\"} 0\n", "m{a=\"x\"} 0\n"},
	"counter that stays infinite": {func(t *testing.T, r *engine.Registry) func() func() {
		v := must(r.NewCounterVec("m", "", []string{"a"}))
		return func() func() { c := v.With("x"); return func() { c.Add(math.Inf(1)) } }
	}, "m{a=\"x\"} +Inf\n", "m{a=\"x\"} +Inf\n"},
	"gauge": {func(t *testing.T, r *engine.Registry) func() func() {
		v := must(r.NewGaugeVec("m", "", []string{"a"}))
		return func() func() { return v.With("x").Inc }
	}, "m{a=\"x\"} 1\n", "m{a=\"x\"} 2\n"},
	"gauge set to the same value": {func(t *testing.T, r *engine.Registry) func() func() {
		v := must(r.NewGaugeVec("m", "", []string{"a"}))
		return func() func() { g := v.With("x"); return func() { g.Set(7) } }
	}, "m{a=\"x\"} 7\n", "m{a=\"x\"} 7\n"},
	"gauge that goes up and down": {func(t *testing.T, r *engine.Registry) func() func() {
		v := must(r.NewGaugeVec("m", "", []string{"a"}))
		return func() func() { g := v.With("x"); return func() { g.Inc(); g.Dec() } }
	}, "m{a=\"x\"} 0\n", "m{a=\"x\"} 0\n"},
	"histogram": {func(t *testing.T, r *engine.Registry) func() func() {
		v := must(r.NewHistogramVec("m", "", []string{"a"}, engine.WithBuckets()))
		return func() func() { h := v.With("x"); return func() { h.Observe(3) } }
	}, "m_bucket{a=\"x\",le=\"+Inf\"} 1\nm_sum{a=\"x\"} 3\nm_count{a=\"x\"} 1\n",
		"m_bucket{a=\"x\",le=\"+Inf\"} 2\nm_sum{a=\"x\"} 6\nm_count{a=\"x\"} 2\n"},
	"native histogram": {func(t *testing.T, r *engine.Registry) func() func() {
		v := must(r.NewHistogramVec("m", "", []string{"a"}, engine.WithNative(histogram.NativeDefaults())))
		return func() func() { h := v.With("x"); return func() { h.Observe(3) } }
	}, "m_bucket{a=\"x\",le=\"+Inf\"} 1\nm_sum{a=\"x\"} 3\nm_count{a=\"x\"} 1\n",
		"m_bucket{a=\"x\",le=\"+Inf\"} 2\nm_sum{a=\"x\"} 6\nm_count{a=\"x\"} 2\n"},
	"summary": {func(t *testing.T, r *engine.Registry) func() func() {
		v := must(r.NewSummaryVec("m", "", []string{"a"}, engine.WithObjectives(nil)))
		return func() func() { s := v.With("x"); return func() { s.Observe(3) } }
	}, "m_sum{a=\"x\"} 3\nm_count{a=\"x\"} 1\n", "m_sum{a=\"x\"} 6\nm_count{a=\"x\"} 2\n"},
	"typed counter": {func(t *testing.T, r *engine.Registry) func() func() {
		v := must(engine.RegisterCounterOf[struct{ A string }](r, "m", ""))
		return func() func() { return v.With(struct{ A string }{"x"}).Inc }
	}, "m{a=\"x\"} 1\n", "m{a=\"x\"} 2\n"},
}

func TestSeriesOfEveryKindLeaveAndComeBack(t *testing.T) {
	for name, m := range mortals {
		t.Run(name, func(t *testing.T) {
			r, clock := mortalRegistry()
			handle := m.define(t, r)
			update := handle()
			update()
			require.Equal(t, m.once, clock.after(t, r, 0))
			require.Equal(t, m.once, clock.after(t, r, time.Minute-1))
			require.Empty(t, clock.after(t, r, 1))
			collectGarbage()
			require.Empty(t, clock.after(t, r, time.Hour))

			update()
			require.Equal(t, m.twice, clock.after(t, r, time.Second))
			require.Equal(t, m.twice, clock.after(t, r, time.Minute-1))
			require.Empty(t, clock.after(t, r, 1))

			handle()() // finds the old series
			for range 5 {
				require.NotEmpty(t, clock.after(t, r, time.Minute-1), "any update counts")
				update()
			}
		})
	}
}

func TestNoKindLosesAnUpdateOfAHandleThatIsDroppedAtOnce(t *testing.T) {
	for name, m := range mortals {
		t.Run(name, func(t *testing.T) {
			r, clock := mortalRegistry()
			handle := m.define(t, r)
			update := handle()
			update()
			require.Equal(t, m.once, clock.after(t, r, 0))
			require.Empty(t, clock.after(t, r, time.Minute))
			update()
			update = nil
			collectGarbage()
			require.Equal(t, m.twice, clock.after(t, r, time.Hour))

			require.Empty(t, clock.after(t, r, time.Minute))
			collectGarbage()
			handle()()
			require.Equal(t, m.once, clock.after(t, r, 0), "forgotten: it begins again")
		})
	}
}

func TestAGoroutineOfEveryKindThatIsParkedBetweenLookupAndUpdate(t *testing.T) {
	for name, m := range mortals {
		t.Run(name, func(t *testing.T) {
			r, clock := mortalRegistry()
			handle := m.define(t, r)
			fetched, goOn, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
			go func() {
				defer close(done)
				update := handle()
				close(fetched)
				<-goOn
				update()
			}()
			<-fetched
			require.Empty(t, clock.after(t, r, time.Minute))
			collectGarbage()
			require.Empty(t, clock.after(t, r, time.Minute))
			collectGarbage()
			close(goOn)
			<-done
			collectGarbage()
			require.Equal(t, m.once, clock.after(t, r, 0))
		})
	}
}

// The same with rows for every P, which go back when the series is collected and not before.
func TestHotSeriesComeBackWithTheirRows(t *testing.T) {
	r, clock := mortalRegistry()
	c := must(r.NewCounterVec("c", "", []string{"a"})).With("x")
	g := must(r.NewGaugeVec("g", "", []string{"a"})).With("x")
	h := must(r.NewHistogramVec("h", "", []string{"a"}, engine.WithBuckets())).With("x")
	const n = 200_000
	stop := background(func(int) { runtime.GC() })
	for _, update := range []func(){c.Inc, func() { g.Add(1) }, func() { h.Observe(1) }} {
		done := make(chan struct{})
		for range 2 {
			go func() {
				for range n {
					update()
				}
				done <- struct{}{}
			}()
		}
		<-done
		<-done
	}
	clock.after(t, r, 0)
	require.Empty(t, clock.after(t, r, time.Minute))
	c.Inc()
	g.Dec()
	g.Inc()
	h.Observe(1)
	c, g, h = nil, nil, nil
	stop()
	collectGarbage()
	require.Equal(t, fmt.Sprintf("c{a=\"x\"} %d\ng{a=\"x\"} %d\n"+
		"h_bucket{a=\"x\",le=\"+Inf\"} %[1]d\nh_sum{a=\"x\"} %[1]d\nh_count{a=\"x\"} %[1]d\n", 2*n+1, 2*n),
		clock.after(t, r, 0))
}

func TestASeriesThatComesBackHasItsTimeOfCreationAndItsExemplar(t *testing.T) {
	r, clock := mortalRegistry()
	v := must(r.NewCounterVec("c_total", "", []string{"a"}))
	page := func() string { return exposed(t, r, engine.Exposition{Format: openMetrics, Created: true}) }
	c := v.With("x")
	c.AddWithExemplar(1, engine.Labels{"trace": "1"})
	before := page()
	require.Contains(t, before, "c_created{a=\"x\"} 1700000000")
	require.Contains(t, before, `# {trace="1"}`)
	require.Empty(t, clock.after(t, r, time.Minute))
	c.Add(0)
	c = nil
	collectGarbage()
	require.Equal(t, before, page())

	require.Empty(t, clock.after(t, r, time.Minute))
	collectGarbage()
	v.With("x").Inc()
	require.Contains(t, page(), "c_created{a=\"x\"} 1700000120", "another series")
	require.NotContains(t, page(), "trace")
}

func TestReadMakesSeriesLeaveToo(t *testing.T) {
	r, clock := mortalRegistry()
	g := must(r.NewGaugeVec("g", "", []string{"a"})).With("x")
	read := func() (n int) {
		for f := range r.Read(engine.ReadOptions{Names: []string{"g"}}) {
			for range f.Samples() {
				n++
			}
		}
		return n
	}
	g.Set(1)
	require.Equal(t, 1, read())
	clock.add(time.Minute)
	require.Zero(t, read())
	g.Set(1)
	require.Equal(t, 1, read())
}

func TestExpiryOfAMetricAndOfARegistry(t *testing.T) {
	r, clock := mortalRegistry()
	for name, options := range map[string][]engine.MetricOption{
		"default": nil,
		"longer":  {engine.WithExpiry(time.Hour)},
		"never":   {engine.WithExpiry(engine.NoLimit)},
	} {
		must(r.NewCounterVec(name, "", []string{"a"}, options...)).With("x").Inc()
	}
	must(r.NewCounter("plain", "")).Inc()
	clock.after(t, r, 0)
	require.Equal(t, "longer{a=\"x\"} 1\nnever{a=\"x\"} 1\nplain 1\n", clock.after(t, r, time.Minute))
	require.Equal(t, "never{a=\"x\"} 1\nplain 1\n", clock.after(t, r, time.Hour))
}

func TestExpiryThatCannotWork(t *testing.T) {
	r := engine.NewRegistry()
	for _, option := range []engine.Option{
		engine.WithExpiry(0), engine.WithExpiry(-time.Second), engine.WithExpiry(math.MinInt64),
	} {
		_, err := r.NewCounterVec("c", "", []string{"a"}, option)
		require.ErrorIs(t, err, engine.ErrOption)
		require.Panics(t, func() { engine.NewRegistry(option) })
	}
	option := engine.WithExpiry(time.Minute)
	_, err := r.NewCounter("c", "", option)
	require.ErrorIs(t, err, engine.ErrOption)
	require.ErrorContains(t, err, "labels")
	_, err = r.NewGaugeFunc("g", "", func() float64 { return 1 }, option)
	require.ErrorIs(t, err, engine.ErrOption)
	require.NotPanics(t, func() { engine.NewRegistry(option) })
}

func TestASecondDefinitionWithAnotherExpiryGetsTheFirstMetric(t *testing.T) {
	r, log := logged()
	first := must(r.NewCounterVec("c", "", []string{"a"}, engine.WithExpiry(time.Minute)))
	require.Same(t, first, must(r.NewCounterVec("c", "", []string{"a"}, engine.WithExpiry(time.Hour))))
	require.Contains(t, log.String(), "expiry differs: 1h0m0s, but 1m0s in the first definition")
}

func TestDeleteAndResetForgetSeriesThatHaveLeft(t *testing.T) {
	r, clock := mortalRegistry()
	v := must(r.NewGaugeVec("g", "", []string{"a"}))
	for name, forget := range map[string]func(){
		"Delete":       func() { require.True(t, v.Delete("x")) },
		"DeleteLabels": func() { require.True(t, v.DeleteLabels(engine.Labels{"a": "x"})) },
		"Reset":        v.Reset,
	} {
		t.Run(name, func(t *testing.T) {
			g := v.With("x")
			g.Set(1)
			clock.after(t, r, 0)
			require.Empty(t, clock.after(t, r, time.Minute))
			forget()
			g.Set(2)
			require.Empty(t, clock.after(t, r, 0))
			v.With("x").Inc()
			require.Equal(t, "g{a=\"x\"} 1\n", clock.after(t, r, 0))
			g.Set(3)
			require.Equal(t, "g{a=\"x\"} 1\n", clock.after(t, r, 0))
			v.Reset()
		})
	}
	require.False(t, v.Delete("nobody"))
}

func TestExpiredSeriesMakeRoomAndUpdatedOnesWaitForIt(t *testing.T) {
	r, clock := mortalRegistry(engine.WithMaxSeries(2))
	v := must(r.NewCounterVec("c_total", "", []string{"a"}))
	x, y := v.With("x"), v.With("y")
	x.Inc()
	y.Inc()
	v.With("z").Inc()
	require.Equal(t, "c_total{a=\"x\"} 1\nc_total{a=\"y\"} 1\nc_total{a=\"__overflow__\"} 1\n", clock.after(t, r, 0))
	clock.add(time.Minute)
	v.With("p").Inc() // no page: the lookup makes the room
	v.With("q").Inc()
	x.Inc()
	own := func(name string) float64 { return scrape(t, r).float(t, name+`{metric="c_total"}`) }
	require.Equal(t, "c_total{a=\"__overflow__\"} 1\nc_total{a=\"p\"} 1\nc_total{a=\"q\"} 1\n", clock.after(t, r, 0))
	require.EqualValues(t, 1, own("quipu_waiting_series"))
	require.EqualValues(t, 2, own("quipu_expired_series_total"))
	v.Delete("p")
	require.Equal(t, "c_total{a=\"__overflow__\"} 1\nc_total{a=\"q\"} 1\nc_total{a=\"x\"} 2\n", clock.after(t, r, 0))
	require.Zero(t, own("quipu_waiting_series"))
	clock.after(t, r, time.Minute)
	require.EqualValues(t, 4, own("quipu_expired_series_total"))
	runtime.KeepAlive(y)

	require.True(t, r.Unregister("c_total"))
	require.NotContains(t, string(expose(t, r, engine.Exposition{})), "quipu_waiting_series")
}

func TestAServiceThatNobodyScrapesKeepsFewSeries(t *testing.T) {
	r, clock := mortalRegistry(engine.WithMaxSeries(engine.NoLimit))
	v := must(r.NewCounterVec("c", "", []string{"a"}))
	most := 0
	for i := range 100_000 {
		clock.add(60 * time.Millisecond) // 1000 in a minute
		v.With(strconv.Itoa(i)).Inc()
		info, _ := r.Lookup("c")
		most = max(most, info.Series)
	}
	require.Less(t, most, 7000)
	info, _ := r.Lookup("c")
	require.Less(t, info.Series, 3000)
}

// A series that has left must not keep its registry, nor must its finalizer.
func TestARegistryWithExpiryIsCollected(t *testing.T) {
	collected := make(chan string, 10)
	func() {
		r, clock := mortalRegistry()
		for name, m := range mortals {
			if name == "typed counter" || name == "counter" {
				continue
			}
			r.Unregister("m")
			update := m.define(t, r)()
			update()
			clock.after(t, r, 0)
			clock.after(t, r, time.Minute)
			update()
			clock.after(t, r, 0) // back
		}
		v := must(r.NewCounterVec("c", "", []string{"a"}))
		c := v.With("x")
		c.Inc()
		clock.after(t, r, 0)
		clock.after(t, r, time.Minute) // withdrawn
		runtime.AddCleanup(c, func(string) { collected <- "series" }, "")
		runtime.AddCleanup(r, func(string) { collected <- "registry" }, "")
		runtime.AddCleanup(v, func(string) { collected <- "vec" }, "")
	}()
	var got []string
	require.Eventually(t, func() bool {
		collectGarbage()
		for {
			select {
			case s := <-collected:
				got = append(got, s)
			default:
				return len(got) == 3
			}
		}
	}, 20*time.Second, time.Millisecond)
}
