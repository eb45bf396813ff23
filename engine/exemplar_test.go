// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"math"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/histogram"
)

// openMetricsOf returns the samples of a page in OpenMetrics.
func openMetricsOf(t *testing.T, r *Registry) string {
	var b strings.Builder
	_, err := r.Expose(&b, Exposition{Format: encode.OpenMetrics, NoSelf: true})
	require.NoError(t, err)
	require.NotContains(t, b.String(), "_created")
	var page strings.Builder
	for line := range strings.Lines(b.String()) {
		if !strings.HasPrefix(line, "#") {
			page.WriteString(line)
		}
	}
	return page.String()
}

// testClock is a clock that stands still until it is moved.
type testClock struct{ now time.Time }

func (c *testClock) option() RegistryOption { return WithClock(func() time.Time { return c.now }) }

func TestExemplarsShowInOpenMetrics(t *testing.T) {
	clock := testClock{time.Unix(100, 0)}
	r := NewRegistry(clock.option())
	c := Must(r.NewCounterVec("c_total", "", []string{"a"}))
	h := Must(r.NewHistogram("h", "", WithBuckets(1, 2)))
	c.With("plain").Inc()
	c.With("x").AddWithExemplar(2, Labels{"trace_id": "old"})
	c.With("x").AddWithExemplar(1, Labels{"trace_id": `new"`})
	h.Observe(1)
	h.ObserveWithExemplar(1.5, Labels{"trace_id": "b"})
	require.Equal(t, `c_total{a="plain"} 1
c_total{a="x"} 3 # {trace_id="new\""} 1 100
h_bucket{le="1.0"} 1
h_bucket{le="2.0"} 2 # {trace_id="b"} 1.5 100
h_bucket{le="+Inf"} 2
h_sum 2.5
h_count 2
`, openMetricsOf(t, r))
	require.NotContains(t, pageOf(t, r), "trace_id", "the text format has no exemplars")
}

func TestExemplarsFromContextsAreRateLimited(t *testing.T) {
	clock := testClock{time.Unix(100, 0)}
	r := NewRegistry(clock.option())
	calls := 0
	c := Must(r.NewCounter("c_total", "", WithExemplars(func(ctx context.Context) Labels {
		calls++
		return traceOf(ctx)
	})))
	c.AddContext(context.Background(), 1)
	require.Equal(t, "c_total 1\n", openMetricsOf(t, r), "no trace, no exemplar")
	for range 1000 {
		c.AddContext(withTrace("first"), 1)
	}
	require.Equal(t, 2, calls)
	clock.now = clock.now.Add(2 * ExemplarInterval)
	for range 1000 { // one call in 16 asks for an exemplar
		c.AddContext(withTrace("second"), 1)
	}
	require.Equal(t, 3, calls)
	require.Equal(t, "c_total 2001 # {trace_id=\"second\"} 1 102\n", openMetricsOf(t, r))
}

// Where few requests are sampled, nearly all events have no exemplar to give.
func TestTheOneSampledEventOfManyTakesThePlaceOfAnOldExemplar(t *testing.T) {
	clock := testClock{time.Unix(100, 0)}
	r := NewRegistry(clock.option())
	c := Must(r.NewCounter("c_total", "", WithExemplars(traceOf)))
	c.AddContext(withTrace("first"), 1)
	for _, id := range []string{"second", "third"} {
		clock.now = clock.now.Add(2 * ExemplarInterval)
		for range 1000 { // one of them at least looks at the clock
			c.AddContext(context.Background(), 1)
		}
		c.AddContext(withTrace(id), 1)
		require.Contains(t, openMetricsOf(t, r), id)
	}
}

// A bucket of slow requests may have one in a minute. Each of them is on the next page.
func TestTheNextEventTakesThePlaceOfAnExemplarThatAPageHasShown(t *testing.T) {
	clock := testClock{time.Unix(100, 0)}
	native := WithNative(histogram.NativeDefaults())
	for name, options := range map[string][]RegistryOption{
		"kept in the map": {clock.option()}, "kept in the series": {clock.option(), WithExpiry(time.Hour)},
	} {
		for _, format := range []encode.Format{encode.OpenMetrics, encode.Protobuf} {
			r := NewRegistry(options...)
			from := WithExemplars(traceOf)
			updates := map[string]func(context.Context){}
			c := Must(r.NewCounterVec("c_total", "", []string{"a"}, from)).With("x")
			updates["c_total"] = func(ctx context.Context) { c.AddContext(ctx, 1) }
			for name, option := range map[string]MetricOption{"h": WithBuckets(1), "n": native} {
				h := Must(r.NewHistogramVec(name, "", []string{"a"}, from, option)).With("x")
				updates[name] = func(ctx context.Context) { h.ObserveContext(ctx, 0.5) }
			}
			for metric, update := range updates {
				page := func(f encode.Format) string {
					var b strings.Builder
					_, err := r.Expose(&b, Exposition{Format: f, Names: []string{metric}})
					require.NoError(t, err)
					return b.String()
				}
				for _, id := range []string{"first", "second", "third"} {
					update(context.Background())
					update(withTrace(id))
					for range 100 {
						update(withTrace("between"))
						page(encode.Text) // it shows no exemplar
					}
					if metric == "n" && format == encode.OpenMetrics {
						continue // it shows none of a native histogram; protobuf does
					}
					got := page(format)
					require.Contains(t, got, id, "%s, %v, %s", name, format, metric)
					require.NotContains(t, got, "between", "%s, %v, %s", name, format, metric)
				}
			}
		}
	}
}

// Pages mark exemplars while events replace them.
func TestPagesAndEventsShareExemplars(t *testing.T) {
	r := NewRegistry()
	c := Must(r.NewCounter("c_total", "", WithExemplars(traceOf)))
	var done atomic.Bool
	defer done.Store(true) // also if a page is wrong
	var work sync.WaitGroup
	for _, id := range []string{"even", "odd"} {
		work.Go(func() {
			for !done.Load() {
				c.AddContext(context.Background(), 1)
				c.AddContext(withTrace(id), 1)
			}
		})
	}
	seen := map[string]int{}
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end) && len(seen) < 2; {
		_, exemplar, found := strings.Cut(openMetricsOf(t, r), `# {trace_id="`)
		if id, _, _ := strings.Cut(exemplar, `"`); found {
			require.Contains(t, []string{"even", "odd"}, id)
			seen[id]++
		}
	}
	done.Store(true)
	work.Wait()
	require.Len(t, seen, 2, "pages show the exemplars of both")
	c.AddContext(withTrace("last"), 1)
	openMetricsOf(t, r)
	c.AddContext(withTrace("last"), 1)
	require.Contains(t, openMetricsOf(t, r), "last")
}

func TestExemplarsThatDoNotFitAreDroppedAndCounted(t *testing.T) {
	r := NewRegistry()
	c := Must(r.NewCounter("c_total", ""))
	c.AddWithExemplar(1, Labels{"trace_id": strings.Repeat("x", encode.MaxExemplarRunes)})
	c.AddWithExemplar(1, Labels{"trace-id": "x"})
	require.Equal(t, "c_total 2\n", openMetricsOf(t, r))
	require.EqualValues(t, 2, r.tally.dropped[faultExemplar].Load())
}

func TestExemplarsGoWithTheirSeries(t *testing.T) {
	r := NewRegistry()
	c := Must(r.NewCounterVec("c_total", "", []string{"a"}))
	count := func() (n int) {
		c.fam.exemplars.sets.Range(func(any, any) bool { n++; return true })
		return n
	}
	stale := c.With("x")
	stale.AddWithExemplar(1, Labels{"t": "1"})
	require.Equal(t, 1, count())
	require.True(t, c.Delete("x"))
	require.Zero(t, count())
	stale.AddWithExemplar(1, Labels{"t": "2"})
	require.Zero(t, count(), "a stale handle leaves nothing behind")
	c.With("x").AddWithExemplar(1, Labels{"t": "3"})
	c.Reset()
	require.Zero(t, count())
}

func TestACounterWithoutAnExemplarDoesNotShowThatOfTheOneBefore(t *testing.T) {
	r := NewRegistry()
	c := Must(r.NewCounterVec("c_total", "", []string{"a"}))
	c.With("1").AddWithExemplar(1, Labels{"t": "1"})
	c.With("2").Add(2)
	page := openMetricsOf(t, r)
	require.Equal(t, 1, strings.Count(page, " # "), page)
}

func TestNativeHistogramsHaveExemplars(t *testing.T) {
	r := NewRegistry()
	h := Must(r.NewHistogram("h", "", WithNative(histogram.NativeDefaults()), WithExemplars(traceOf)))
	h.ObserveContext(withTrace("a"), 1)
	h.ObserveContext(withTrace("b"), 100)
	h.ObserveContext(withTrace("c"), 101)
	read := state{withExemplars: true}
	readHistogram(h.fam, h.fam.only, &read)
	var traces []string
	for _, e := range read.histogram.Native.Exemplars {
		if e != nil {
			traces = append(traces, e.Labels)
		}
	}
	require.ElementsMatch(t, []string{`trace_id="a"`, `trace_id="b"`}, traces)
}

func TestADroppedAdditionLeavesNoExemplar(t *testing.T) {
	r := NewRegistry()
	c := Must(r.NewCounter("c_total", "", WithExemplars(traceOf)))
	for _, v := range []float64{-1, math.NaN()} {
		c.AddWithExemplar(v, Labels{"trace_id": "a"})
		c.AddContext(withTrace("b"), v)
	}
	require.Equal(t, "c_total 0\n", openMetricsOf(t, r))
}

func TestAClockThatIsSetBackDoesNotKeepAnExemplar(t *testing.T) {
	clock := testClock{time.Unix(10000, 0)}
	r := NewRegistry(clock.option())
	c := Must(r.NewCounter("c_total", "", WithExemplars(traceOf)))
	c.AddContext(withTrace("before"), 1)
	clock.now = time.Unix(100, 0)
	for range 1000 { // one call in 16 asks for an exemplar
		c.AddContext(withTrace("after"), 1)
	}
	require.Equal(t, "c_total 1001 # {trace_id=\"after\"} 1 100\n", openMetricsOf(t, r))
}

func TestNilLabelsAreNoExemplar(t *testing.T) {
	r := NewRegistry()
	c := Must(r.NewCounter("c_total", ""))
	h := Must(r.NewHistogram("h", "", WithBuckets(1)))
	n := Must(r.NewHistogram("n", "", WithNative(histogram.NativeDefaults())))
	from := Must(r.NewCounter("from_total", "", WithExemplars(func(context.Context) Labels { return nil })))
	fromHistogram := Must(r.NewHistogram("fromh", "", WithBuckets(1),
		WithExemplars(func(context.Context) Labels { return nil })))
	for name, update := range map[string]func(){
		"Counter":              func() { c.AddWithExemplar(1, nil) },
		"Histogram":            func() { h.ObserveWithExemplar(1, nil) },
		"native Histogram":     func() { n.ObserveWithExemplar(1, nil) },
		"Counter of context":   func() { from.AddContext(context.Background(), 1) },
		"Histogram of context": func() { fromHistogram.ObserveContext(context.Background(), 1) },
	} {
		update()
		require.Zero(t, testing.AllocsPerRun(100, update), name)
	}
	require.NotContains(t, openMetricsOf(t, r), "{}")
	for _, s := range []*series{&c.series, &h.series, &n.series, &from.series, &fromHistogram.series} {
		require.Nil(t, s.fam.exemplars.set(&s.node), s.fam.def.name)
	}
	c.AddWithExemplar(1, Labels{"trace_id": "a"})
	c.AddWithExemplar(1, nil)
	require.Contains(t, openMetricsOf(t, r), `c_total 104 # {trace_id="a"} 1`, "the one that is there stays")
}

// Reset empties the index and then removes exemplars. A series that was created in between lost the
// exemplar that it had just received.
func TestResetKeepsTheExemplarOfASeriesCreatedMeanwhile(t *testing.T) {
	r := NewRegistry()
	v, err := r.NewCounterVec("requests_total", "Requests.", []string{"path"})
	require.NoError(t, err)
	old := v.With("/")
	old.AddWithExemplar(1, Labels{"trace": "old"})

	// These are the two halves of Reset, with the creation of a series between them.
	v.fam.index.Reset()
	c := v.With("/")
	c.AddWithExemplar(1, Labels{"trace": "new"})
	v.fam.exemplars.forgetGone()
	require.Nil(t, v.fam.exemplars.set(&old.node))
	require.NotNil(t, v.fam.exemplars.set(&c.node))

	v.Reset()
	require.Nil(t, v.fam.exemplars.set(&c.node))

	// Now Reset itself has to be interrupted between its halves. That takes more threads than there
	// are processors.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4 * runtime.NumCPU()))
	var done atomic.Bool
	var work sync.WaitGroup
	for range 4 * runtime.NumCPU() {
		work.Go(func() {
			for !done.Load() {
				c := v.With("/")
				c.AddWithExemplar(1, Labels{"trace": "new"})
				for range 100 {
					if v.fam.exemplars.set(&c.node) == nil && !c.node.Gone() {
						t.Error("a series that is there has lost its exemplar")
						done.Store(true)
						return
					}
				}
			}
		})
	}
	for end := time.Now().Add(time.Second); !done.Load() && time.Now().Before(end); {
		v.Reset()
		for pause := time.Now(); time.Since(pause) < 2*time.Microsecond; {
		}
	}
	done.Store(true)
	work.Wait()
}
