// SPDX-License-Identifier: Apache-2.0

//go:build !race

package engine_test

import (
	"fmt"
	"io"
	"math"
	"runtime"
	"runtime/debug"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

// mallocs returns how many heap objects a call of f allocates in steady state: the average, rounded
// down. Work that happens once in a thousand calls, such as merging the observations of summaries,
// is therefore not counted.
func mallocs(f func()) float64 {
	for range 3000 { // more than the number of updates that makes a series hot
		f()
	}
	return testing.AllocsPerRun(2000, f)
}

func TestUpdatesAllocateNothing(t *testing.T) {
	r, _ := logged()
	c := must(r.NewCounter("c_total", ""))
	g := must(r.NewGauge("g", ""))
	h := must(r.NewHistogram("h", ""))
	s := must(r.NewSummary("s", ""))
	v := must(r.NewCounterVec("v_total", "", []string{"a"}))
	n := must(r.NewHistogram("n", "", engine.WithNative(histogram.NativeDefaults())))
	open := must(r.NewCounterVec("open_total", "", nil))
	x := 0.0
	for name, update := range map[string]func(){
		"Counter.Inc":               c.Inc,
		"Counter.Add":               func() { c.Add(3) },
		"Counter.Add of a half":     func() { c.Add(0.5) },
		"Counter.Value":             func() { x += c.Value() },
		"Gauge.Set":                 func() { g.Set(1.5) },
		"Gauge.Inc":                 g.Inc,
		"Gauge.Dec":                 g.Dec,
		"Gauge.Add":                 func() { g.Add(0.1) },
		"Gauge.Sub":                 func() { g.Sub(0.1) },
		"Gauge.SetToCurrentTime":    g.SetToCurrentTime,
		"Gauge.Value":               func() { x += g.Value() },
		"Histogram.Observe":         func() { h.Observe(0.3) },
		"Histogram.Observe NaN":     func() { h.Observe(nan) },
		"Summary.Observe":           func() { s.Observe(0.3) },
		"Summary.Observe NaN":       func() { s.Observe(nan) },
		"misuse of a counter":       func() { c.Add(-1.5) },
		"NaN in a counter":          func() { c.Add(nan) },
		"NaN in a gauge":            func() { g.Add(nan) },
		"misuse of With":            func() { v.With("a", "b").Inc() },
		"misuse of WithLabels":      func() { v.WithLabels(engine.Labels{"b": "x"}).Inc() },
		"NaN in a native histogram": func() { n.Observe(nan) },
		"misuse of an open With":    func() { open.With("x").Inc() },
	} {
		require.Zero(t, mallocs(update), name)
	}
}

func TestLookupsAllocateNothing(t *testing.T) {
	type one struct{ A string }
	type two struct {
		A string
		B int
	}
	type three struct {
		A string
		B int
		C bool
	}
	type eight struct {
		A, B, C, D string
		E          int
		F          int64
		G          uint8
		H          bool
	}
	type fourLong struct{ A, B, C, D int64 }
	type nineLong struct{ A, B, C, D, E, F, G, H, I int64 }
	r := engine.NewRegistry()
	names := []string{"a", "b", "c", "d", "e", "f", "g", "h"}
	values := []string{"GET", "-200", "true", "/api/v1/users", "1234567890", "-1234567890123456789", "255", "false"}
	for _, n := range []int{1, 2, 3, 8} {
		name := fmt.Sprintf("c%d_total", n)
		v, err := r.NewCounterVec(name, "", names[:n])
		require.NoError(t, err)
		h, err := r.NewHistogramVec(fmt.Sprint("h", n), "", names[:n])
		require.NoError(t, err)
		open, err := r.NewGaugeVec(fmt.Sprint("o", n), "", nil)
		require.NoError(t, err)
		s, err := r.NewSummaryVec(fmt.Sprint("s", n), "", names[:n])
		require.NoError(t, err)
		labels := engine.Labels{}
		for i := range n {
			labels[names[i]] = values[i]
		}
		want := values[:n]
		require.Zero(t, mallocs(func() { v.With(want...).Inc() }), "With, %d labels", n)
		require.Zero(t, mallocs(func() { h.With(want...).Observe(1) }), "With, %d labels", n)
		require.Zero(t, mallocs(func() { s.With(want...).Observe(1) }), "With, %d labels", n)
		require.Zero(t, mallocs(func() { v.WithLabels(labels).Inc() }), "WithLabels, %d labels", n)
		require.Zero(t, mallocs(func() { open.WithLabels(labels).Inc() }), "WithLabels of an open set, %d labels", n)
	}
	// Programs write the arguments out. The slice behind them must stay on the stack.
	v2, _ := r.NewCounterVec("c2_total", "", names[:2])
	require.Zero(t, mallocs(func() { v2.With("GET", "-200").Inc() }))
	require.Zero(t, mallocs(func() { v2.WithLabels(engine.Labels{"a": "GET", "b": "-200"}).Inc() }), "a map literal")

	c1, err := engine.RegisterCounterOf[one](r, "c1_total", "")
	require.NoError(t, err)
	c2, err := engine.RegisterCounterOf[two](r, "c2_total", "")
	require.NoError(t, err)
	g3, err := engine.RegisterGaugeOf[three](r, "g3", "")
	require.NoError(t, err)
	h8, err := engine.RegisterHistogramOf[eight](r, "h8", "")
	require.NoError(t, err)
	s8, err := engine.RegisterSummaryOf[eight](r, "s8", "")
	require.NoError(t, err)
	method, code := values[0], -200
	all := eight{"GET", "-200", "true", "/api/v1/users", 1234567890, -1234567890123456789,
		255, false}
	require.Zero(t, mallocs(func() { c1.With(one{method}).Inc() }))
	require.Zero(t, mallocs(func() { c2.With(two{method, code}).Inc() }))
	require.Zero(t, mallocs(func() { g3.With(three{method, code, true}).Inc() }))
	require.Zero(t, mallocs(func() { h8.With(all).Observe(1) }))
	require.Zero(t, mallocs(func() { s8.With(all).Observe(1) }))

	// These are the longest decimal forms of integers.
	c4, err := engine.RegisterCounterOf[fourLong](r, "long4_total", "")
	require.NoError(t, err)
	c9, err := engine.RegisterCounterOf[nineLong](r, "long9_total", "")
	require.NoError(t, err)
	const l = math.MinInt64
	require.Zero(t, mallocs(func() { c4.With(fourLong{l, l, l, l}).Inc() }))
	require.Zero(t, mallocs(func() { c9.With(nineLong{l, l, l, l, l, l, l, l, l}).Inc() }))

	full, err := r.NewCounterVec("full_total", "", []string{"a"}, engine.WithMaxSeries(1))
	require.NoError(t, err)
	full.With("x")
	require.Zero(t, mallocs(func() { full.With("y").Inc() }), "lookups that end in the overflow series")
}

// crowd returns a registry with many series of each type, all of which have been updated.
func crowd(t testing.TB, counters, histograms, summaries int, options ...engine.RegistryOption) *engine.Registry {
	t.Helper()
	r := engine.NewRegistry(append([]engine.RegistryOption{engine.WithMaxSeries(counters)}, options...)...)
	c, err := r.NewCounterVec("c_total", "Counters.", []string{"method", "path"})
	require.NoError(t, err)
	f, err := r.NewCounter("f_total", "A fraction.")
	require.NoError(t, err)
	f.Add(0.1)
	h, err := r.NewHistogramVec("h_seconds", "Histograms.", []string{"method", "path"})
	require.NoError(t, err)
	s, err := r.NewSummaryVec("s_seconds", "Summaries.", []string{"method", "path"})
	require.NoError(t, err)
	for i := range counters {
		path := fmt.Sprintf("/path/%d", i)
		c.With("GET", path).Add(float64(i))
		if i < histograms {
			h.With("GET", path).Observe(float64(i) / 1000)
		}
		if i < summaries {
			for n := range 10 {
				s.With("GET", path).Observe(float64(n) / 1000)
			}
		}
	}
	return r
}

func TestASteadyStateScrapeAllocatesNothing(t *testing.T) {
	r := crowd(t, 100_000, 10_000, 1000)
	for _, format := range []encode.Format{encode.Text, openMetrics, protobuf} {
		for _, e := range []engine.Exposition{{Format: format}, {Format: format, NoSelf: true},
			{Format: format, Names: []string{"c_total", "s_seconds"}}} {
			page := func() {
				_, err := r.Expose(io.Discard, e)
				if err != nil {
					panic(err)
				}
			}
			require.Zero(t, leastAllocs(page), "%s %v", format, e)
		}
	}
}

func TestWithExpiryUpdatesAndLookupsAllocateNothing(t *testing.T) {
	r, clock := mortalRegistry(engine.WithMaxSeries(2))
	labels := []string{"a"}
	c := must(r.NewCounterVec("c_total", "", labels))
	g := must(r.NewGaugeVec("g", "", labels))
	h := must(r.NewHistogramVec("h", "", labels))
	s := must(r.NewSummaryVec("s", "", labels))
	full := must(r.NewCounterVec("full_total", "", labels))
	kept := full.With("left")
	page := func() { expose(t, r, engine.Exposition{}) }
	page()
	clock.add(time.Minute)
	page()
	full.With("x").Inc()
	full.With("y").Inc()
	full.With("z").Inc()
	page()
	for name, op := range map[string]func(){
		"Counter.Inc":           func() { c.With("x").Inc() },
		"Counter.Add":           func() { c.With("x").Add(0.5) },
		"Counter.Add of 0":      func() { c.With("x").Add(0) },
		"Gauge.Set":             func() { g.With("x").Set(1) },
		"Gauge.Add":             func() { g.With("x").Add(0.5) },
		"Histogram.Observe":     func() { h.With("x").Observe(1) },
		"Summary.Observe":       func() { s.With("x").Observe(1) },
		"a flood of lookups":    func() { full.With("z").Inc() },
		"a lookup without room": func() { full.With("left").Inc() },
	} {
		require.Zero(t, mallocs(op), name)
	}
	runtime.KeepAlive(kept)
}

func TestWithExpiryASteadyStateScrapeAllocatesNothing(t *testing.T) {
	clock := new(mortalClock)
	r := crowd(t, 100_000, 10_000, 1000, engine.WithExpiry(time.Minute), engine.WithClock(clock.now))
	v := must(r.NewCounterVec("c_total", "Counters.", []string{"method", "path"}))
	var kept []*engine.Counter // of series that have left and are still there
	for i := range 1000 {
		kept = append(kept, v.With("GET", fmt.Sprintf("/path/%d", i)))
	}
	page := func() {
		if _, err := r.Expose(io.Discard, engine.Exposition{}); err != nil {
			panic(err)
		}
	}
	read := func() {
		for f := range r.Read(engine.ReadOptions{}) {
			for range f.Samples() {
			}
		}
	}
	page()
	clock.add(time.Minute / 2)
	for i := 1000; i < 100_000; i++ {
		v.With("GET", fmt.Sprintf("/path/%d", i)).Inc()
	}
	page()
	clock.add(time.Minute / 2)
	page()
	info, _ := r.Lookup("c_total")
	require.Equal(t, 99_000, info.Series)
	read()
	restore := debug.SetGCPercent(-1)
	defer debug.SetGCPercent(restore)
	require.Zero(t, leastAllocs(page))
	require.Zero(t, leastAllocs(read))
	runtime.KeepAlive(kept)
}

// A scrape holds the memory that the first page of a registry allocates. That must not depend on
// the number of series.
func TestTheMemoryOfAScrapeDoesNotGrowWithTheSeries(t *testing.T) {
	for _, format := range []encode.Format{encode.Text, openMetrics, protobuf} {
		var bytes [2]uint64
		for i, series := range []int{1000, 50_000} {
			// Goroutines of earlier tests allocate too, so the least of a few pages counts.
			for attempt := 0; attempt == 0 || attempt < 3 && bytes[i] >= 512<<10; attempt++ {
				r := crowd(t, series, series/10, series/100)
				runtime.GC()
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				n, err := r.Expose(io.Discard, engine.Exposition{Format: format})
				runtime.ReadMemStats(&after)
				require.NoError(t, err)
				require.Greater(t, n, int64(series*40))
				bytes[i] = after.TotalAlloc - before.TotalAlloc
			}
		}
		t.Logf("%s: %d bytes for 1000 series, %d for 50 000", format, bytes[0], bytes[1])
		require.Less(t, bytes[0], uint64(512<<10))
		require.Less(t, bytes[1], uint64(512<<10))
	}
}

// A call of a function allocates an object and a channel, a call of a collector also an Emission, a
// call of a source also a Writer and a context with a deadline, and a page that waits allocates a
// timer. None of these can be reused: the types runner, Emission, Writer and waiter say why.
const (
	allocsPerFunction  = 2
	allocsPerCollector = 3
	allocsPerSource    = 7
	allocsPerWait      = 3
)

func TestAPageAllocatesAFixedNumberForFunctionsCollectorsAndSources(t *testing.T) {
	page := func(r *engine.Registry) float64 {
		return testing.AllocsPerRun(200, func() {
			if _, err := r.Expose(io.Discard, engine.Exposition{}); err != nil {
				t.Error(err)
			}
		})
	}
	r := engine.NewRegistry()
	require.Zero(t, page(r))
	for i := range 10 {
		must(r.NewGaugeFunc(fmt.Sprint("f", i), "", func() float64 { return 1 }))
		require.LessOrEqual(t, page(r), float64((i+1)*allocsPerFunction+allocsPerWait))
	}
	series := 0
	require.NoError(t, r.Register(&watchedPool{collect: func(p *watchedPool, e *engine.Emission) {
		collectPool(p, e)
		for i := range series {
			e.Emit(p.size, 1, numbers[i])
		}
	}}))
	for _, series = range []int{0, len(numbers)} {
		page(r) // lets the buffer grow
		require.LessOrEqual(t, page(r), float64(10*allocsPerFunction+allocsPerCollector+allocsPerWait),
			"%d series", series)
	}
	r = engine.NewRegistry()
	for i := range 10 {
		name := fmt.Sprint("s", i)
		require.NoError(t, r.Attach(writing(func(w *engine.Writer) { w.Gauge(name, "", 1) })))
		page(r)
		require.LessOrEqual(t, page(r), float64((i+1)*allocsPerSource+allocsPerWait))
	}
}

// The first terms are what a series took on a 64-bit machine before there were mounts, limits and
// expiry. Metrics that use none of these may take ten bytes more.
func TestBytesOfAnIdleSeries(t *testing.T) {
	labels := []string{"method", "path"}
	for _, test := range []struct {
		name   string
		series int
		limit  uint64
		make   func(r *engine.Registry) (use func(values ...string), err error)
	}{
		{"two-label counter", 100_000, 128 + 10, func(r *engine.Registry) (func(...string), error) {
			v, err := r.NewCounterVec("x_total", "", labels)
			return func(values ...string) { v.With(values...).Inc() }, err
		}},
		{"gauge", 100_000, 128 + 10, func(r *engine.Registry) (func(...string), error) {
			v, err := r.NewGaugeVec("x", "", labels)
			return func(values ...string) { v.With(values...).Set(1) }, err
		}},
		{"histogram of 11 buckets", 100_000, 288 + 10, func(r *engine.Registry) (func(...string), error) {
			v, err := r.NewHistogramVec("x", "", labels)
			return func(values ...string) { v.With(values...).Observe(1) }, err
		}},
		{"summary with 100 observations", 10_000, 3 << 10, func(r *engine.Registry) (func(...string), error) {
			v, err := r.NewSummaryVec("x", "", labels)
			return func(values ...string) {
				s := v.With(values...)
				for i := range 100 {
					s.Observe(float64(i * 37 % 100))
				}
			}, err
		}},
	} {
		r := engine.NewRegistry(engine.WithMaxSeries(test.series))
		use, err := test.make(r)
		require.NoError(t, err)
		use("GET", "/warm")
		expose(t, r, engine.Exposition{NoSelf: true})
		before := heap()
		for i := range test.series - 1 {
			use("GET", fmt.Sprintf("/path/%d", i))
		}
		_, err = r.Expose(io.Discard, engine.Exposition{})
		require.NoError(t, err)
		bytes := (heap() - before) / uint64(test.series)
		t.Logf("%s: %d bytes", test.name, bytes)
		require.LessOrEqual(t, bytes, test.limit, test.name)
		runtime.KeepAlive(r)
	}
}

// A program may have a registry for each of its parts, and metrics with large limits and few
// series.
func TestRegistriesAndVecsWithoutSeriesAreSmall(t *testing.T) {
	const n = 1000
	size := func(create func(i int) any) int {
		keep := make([]any, n)
		before := heap()
		for i := range keep {
			keep[i] = create(i)
		}
		after := heap()
		runtime.KeepAlive(keep)
		return int(after-before) / n
	}
	require.Less(t, size(func(int) any { return engine.NewRegistry() }), 1024)
	var one *engine.Registry
	labels, large := []string{"a", "b"}, engine.WithMaxSeries(1<<30)
	for kind, c := range map[string]struct {
		most   int
		define func(name string) any
	}{
		"counters": {2048, func(name string) any { return must(one.NewCounterVec(name, "", labels, large)) }},
		"gauges":   {2048, func(name string) any { return must(one.NewGaugeVec(name, "", labels, large)) }},
		// Each of these has the text of its bounds or quantiles in two formats.
		"histograms": {4500, func(name string) any { return must(one.NewHistogramVec(name, "", labels, large)) }},
		"summaries":  {4500, func(name string) any { return must(one.NewSummaryVec(name, "", labels, large)) }},
	} {
		one = engine.NewRegistry()
		bytes := size(func(i int) any { return c.define(kind + strconv.Itoa(i)) })
		t.Logf("a Vec of %s without series takes %d bytes", kind, bytes)
		require.Less(t, bytes, c.most, kind)
	}
}

func TestReadAllocatesNothing(t *testing.T) {
	series := 100_000
	if testing.Short() {
		series /= 10
	}
	for _, families := range []int{1, 1_000} {
		for _, expiry := range []time.Duration{engine.NoLimit, time.Hour} {
			readAllocatesNothing(t, series, families, expiry)
		}
	}
}

func readAllocatesNothing(t *testing.T, series, families int, expiry time.Duration) {
	t.Helper()
	r := engine.NewRegistry(engine.WithMaxSeries(engine.NoLimit), engine.WithExpiry(expiry))
	for i := range families {
		v := must(r.NewCounterVec(fmt.Sprintf("c%d_total", i), "", []string{"a", "b"}))
		for k := range series / families {
			v.With(fmt.Sprint(k), "x\"y").Inc()
		}
		if i%100 == 0 {
			h := must(r.NewHistogramVec(fmt.Sprintf("h%d", i), "", []string{"a"}, engine.WithBuckets(1, 2)))
			m := must(r.NewSummaryVec(fmt.Sprintf("s%d", i), "", []string{"a"}))
			for k := range 10 {
				h.With(fmt.Sprint(k)).Observe(1)
				m.With(fmt.Sprint(k)).Observe(1)
			}
		}
	}
	total := 0.0
	read := func() {
		for f := range r.Read(engine.ReadOptions{}) {
			for s := range f.Samples() {
				if n, ok := s.Int(); ok {
					total += float64(n)
				}
				for _, l := range s.Labels() {
					total += float64(len(l.Value))
				}
				if h := s.Histogram(); h != nil {
					total += h.Sum
				}
				if m := s.Summary(); m != nil {
					total += m.Estimates[0].Value
				}
			}
		}
	}
	read()
	require.Zero(t, leastAllocs(read), "%d families", families)
	require.Positive(t, total)
}

func TestASteadyStatePageWithEscapedNamesAllocatesNothing(t *testing.T) {
	r, _ := logged(engine.WithUTF8Names())
	v := must(r.NewCounterVec("http.requests_total", "", []string{"http.method"}))
	open := must(r.NewHistogramVec("open.seconds", "", nil))
	clash := must(r.NewGaugeVec("http-requests_total", "", nil))
	for i := range 500 {
		v.With(fmt.Sprint(i)).AddWithExemplar(1, engine.Labels{"trace.id": "1"})
		open.WithLabels(engine.Labels{"a.b": fmt.Sprint(i)}).Observe(1)
		clash.WithLabels(engine.Labels{"c-d": fmt.Sprint(i)}).Set(1)
	}
	open.WithLabels(engine.Labels{"a-b": "0"}).Observe(1)
	for escaping := range encode.NoEscaping + 1 {
		for _, format := range []encode.Format{encode.Text, openMetrics, protobuf} {
			page := func() {
				_, err := r.Expose(io.Discard, engine.Exposition{Format: format, Escaping: escaping})
				require.NoError(t, err)
			}
			require.Zero(t, leastAllocs(page), "%v %v", format, escaping)
		}
	}
	require.NotEmpty(t, escapingDrops(r))
}

func TestASourceInSteadyStateAllocatesNothingForItsSeries(t *testing.T) {
	perPage := func(series int) float64 {
		r := engine.NewRegistry()
		names := make([]string, series)
		for i := range names {
			names[i] = fmt.Sprint(i)
		}
		labels := make([]engine.Label, 1)
		require.NoError(t, r.Attach(writing(func(w *engine.Writer) {
			for _, name := range names {
				labels[0] = label("i", name)
				w.Gauge("x", "", 1, labels...)
			}
		})))
		page := func() {
			_, err := r.Expose(io.Discard, engine.Exposition{})
			require.NoError(t, err)
		}
		page()
		return testing.AllocsPerRun(20, page)
	}
	few, many := perPage(10), perPage(1000)
	require.LessOrEqual(t, many, few+2, "%v allocations for 10 series", few)
}
