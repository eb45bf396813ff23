// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"fmt"
	"io"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

func TestPagesAreWholeWhileMetricsAndSeriesComeAndGo(t *testing.T) {
	const stable = 100
	r := engine.NewRegistry()
	vec, err := r.NewCounterVec("c_total", "", []string{"a"})
	require.NoError(t, err)
	hist, err := r.NewHistogramVec("h", "", []string{"a"}, engine.WithBuckets(1, 2))
	require.NoError(t, err)
	sum, err := r.NewSummaryVec("s", "", []string{"a"})
	require.NoError(t, err)
	for i := range stable {
		vec.With(fmt.Sprint("stable ", i)).Inc()
	}
	churn := func(worker int) func(int) {
		return func(i int) {
			name := fmt.Sprint("churn ", worker, " ", i%500)
			vec.With(name).Inc()
			hist.With(name).Observe(1)
			sum.With(name).Observe(1)
			if i%3 > 0 {
				vec.Delete(name)
				hist.Delete(name)
				sum.Delete(name)
			}
			if i%5000 == 4999 {
				hist.Reset()
				sum.Reset()
			}
		}
	}
	stop := background(churn(1), churn(2),
		func(i int) { vec.With(fmt.Sprint("stable ", i%stable)).Inc() },
		func(i int) {
			name := fmt.Sprint("m", i%20)
			if i%2 == 0 {
				_, err := r.NewGauge(name, "")
				require.NoError(t, err)
			} else {
				r.Unregister(name)
			}
		},
		func(int) { expose(t, r, engine.Exposition{Format: protobuf}) },
	)
	defer stop()
	last := make([]float64, stable)
	for end := time.Now().Add(span(300*time.Millisecond, 20*time.Second)); time.Now().Before(end); {
		page := scrape(t, r) // the parser refuses duplicates
		for i := range last {
			v := page.float(t, fmt.Sprintf(`c_total{a="stable %d"}`, i))
			require.GreaterOrEqual(t, v, last[i])
			last[i] = v
		}
		if h := page.family("h"); h != nil {
			require.Zero(t, len(h.samples)%5)
		}
	}
}

// Row 3 of docs/reliability.md: the value that a reader sees lies between the sum of the additions
// that had finished before it began and the sum of those that had started before it ended.
func TestCounterReadsLieBetweenAdditionsFinishedAndStarted(t *testing.T) {
	const workers = 4
	for name, step := range map[string]float64{"whole": 1, "halves": 0.5, "three": 3} {
		t.Run(name, func(t *testing.T) {
			// A lost addition shows only when writers overlap, so this test finds one by chance:
			// more often, the longer it runs and the less busy the machine is. The tests of package
			// atomicf go through the interleavings systematically.
			adds := 2_000_000
			switch {
			case long():
				adds = 1e8 / workers
			case testing.Short():
				adds = 50_000 // enough for the race detector
			}
			r := engine.NewRegistry()
			c, err := r.NewCounter("c_total", "")
			require.NoError(t, err)
			var started, finished [workers]struct {
				atomic.Int64
				_ [56]byte
			}
			var work sync.WaitGroup
			for w := range workers {
				work.Go(func() {
					for range adds {
						started[w].Add(1)
						if step == 1 {
							c.Inc()
						} else {
							c.Add(step)
						}
						finished[w].Add(1)
					}
				})
			}
			total := func(counts *[workers]struct {
				atomic.Int64
				_ [56]byte
			}) (sum float64) {
				for w := range counts {
					sum += float64(counts[w].Load()) * step
				}
				return sum
			}
			var done atomic.Bool
			go func() { // ends when the writers do
				work.Wait()
				done.Store(true)
			}()
			last := 0.0
			for i := 0; !done.Load(); i++ {
				low := total(&finished)
				var v float64
				if i%2 == 0 {
					v = c.Value()
				} else {
					page, err := parseText(expose(t, r, engine.Exposition{NoSelf: true}))
					require.NoError(t, err)
					v = page.float(t, "c_total")
				}
				high := total(&started)
				require.GreaterOrEqual(t, v, low)
				require.LessOrEqual(t, v, high)
				require.GreaterOrEqual(t, v, last)
				last = v
			}
			work.Wait()
			require.Equal(t, float64(workers*adds)*step, c.Value())
		})
	}
}

// In every scrape the count equals the +Inf bucket, and the sum is the sum of these observations.
func TestEveryScrapeShowsSumsThatBelongToTheirCounts(t *testing.T) {
	const v = 3 // an integer, so sums of it are exact
	r := engine.NewRegistry()
	h, err := r.NewHistogram("h", "")
	require.NoError(t, err)
	vec, err := r.NewHistogramVec("hv", "", []string{"a"})
	require.NoError(t, err)
	s, err := r.NewSummary("s", "")
	require.NoError(t, err)
	var observed atomic.Int64
	work := func(int) {
		hv := vec.With("x")
		for range 1000 {
			h.Observe(v)
			hv.Observe(v)
			s.Observe(v)
		}
		observed.Add(1000)
	}
	stop := background(work, work, work)
	last := map[string]float64{}
	scrapes, inexact := 0, 0.0
	check := func() {
		page := scrape(t, r)
		torn := page.float(t, "quipu_inexact_snapshots_total")
		for _, name := range []string{"h", "hv", "s"} {
			labels, le := "", `{le="+Inf"}`
			if name == "hv" {
				labels, le = `{a="x"}`, `{a="x",le="+Inf"}`
			}
			if name == "hv" && page.family("hv") == nil {
				continue
			}
			count, sum := page.float(t, name+"_count"+labels), page.float(t, name+"_sum"+labels)
			if name != "s" {
				require.Equal(t, count, page.float(t, name+"_bucket"+le))
				before := 0.0
				for _, sample := range page.family(name).samples {
					if strings.HasSuffix(sample.name, "_bucket") {
						n, err := strconv.ParseFloat(sample.value, 64)
						require.NoError(t, err)
						require.GreaterOrEqual(t, n, before, "buckets are cumulative")
						before = n
					}
				}
			}
			if name == "s" || torn == inexact {
				require.Equal(t, v*count, sum, name)
			}
			require.GreaterOrEqual(t, count, last[name], name)
			last[name] = count
		}
		inexact = torn
		scrapes++
	}
	for end := time.Now().Add(span(300*time.Millisecond, 20*time.Second)); time.Now().Before(end); {
		check()
	}
	stop()
	check()
	require.EqualValues(t, observed.Load(), last["h"])
	require.EqualValues(t, observed.Load(), last["hv"])
	require.EqualValues(t, observed.Load(), last["s"])
	t.Logf("%d of the snapshots in %d scrapes were inexact", int(inexact), scrapes)
	require.LessOrEqual(t, inexact, float64(scrapes)/2+5, "only a writer that the system has stopped makes one")
}

// Row 4 of docs/reliability.md.
func TestNothingIsLostWhileGOMAXPROCSFlips(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	r := engine.NewRegistry()
	c := must(r.NewCounter("c_total", ""))
	f := must(r.NewCounter("f_total", ""))
	g := must(r.NewGauge("g", ""))
	h := must(r.NewHistogram("h", ""))
	s := must(r.NewSummary("s", ""))
	var done atomic.Int64
	work := func(int) {
		for range 100 {
			c.Inc()
			f.Add(0.5)
			g.Add(2)
			g.Dec()
			h.Observe(1)
			s.Observe(1)
		}
		done.Add(100)
	}
	stop := background(work, work, work, work, func(int) {
		_, err := r.Expose(io.Discard, engine.Exposition{})
		require.NoError(t, err)
	})
	n := 0
	for end := time.Now().Add(span(300*time.Millisecond, time.Minute)); time.Now().Before(end); n++ {
		runtime.GOMAXPROCS(1 + n*7%64)
		time.Sleep(time.Millisecond)
	}
	stop()
	total := float64(done.Load())
	page := scrape(t, r)
	for key, want := range map[string]float64{
		"c_total": total, "f_total": total / 2, "g": total,
		"h_count": total, "h_sum": total, "s_count": total, "s_sum": total,
	} {
		require.Equal(t, want, page.float(t, key), key)
	}
}

func TestConcurrentDefinitionsOfOneMetricAllGetTheSame(t *testing.T) {
	for range 50 {
		r := engine.NewRegistry()
		var all [8]*engine.CounterVec
		var work sync.WaitGroup
		for i := range all {
			work.Go(func() {
				v, err := r.NewCounterVec("c_total", "", []string{"a"})
				require.NoError(t, err)
				v.With("x").Inc()
				all[i] = v
			})
		}
		work.Wait()
		for _, v := range all {
			require.Same(t, all[0], v)
		}
		require.Equal(t, map[string]string{`c_total{a="x"}`: "8"}, valuesOf(t, r))
	}
}
