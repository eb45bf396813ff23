// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"bufio"
	"bytes"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// The race means something only if everybody does the work. These tests look at the pages.

func page(t *testing.T, r Registry) map[string]float64 {
	t.Helper()
	w := httptest.NewRecorder()
	r.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	require.Equal(t, http.StatusOK, w.Code)
	samples := make(map[string]float64)
	for lines := bufio.NewScanner(bytes.NewReader(w.Body.Bytes())); lines.Scan(); {
		line := lines.Text()
		if line == "" || line[0] == '#' || strings.HasPrefix(line, "quipu_") || strings.HasPrefix(line, "target_info") {
			continue
		}
		blank := strings.LastIndexByte(line, ' ') // no label value here has one
		name, text := line[:blank], line[blank+1:]
		value, err := strconv.ParseFloat(text, 64)
		require.NoError(t, err, line)
		samples[name] = value
	}
	return samples
}

// sum adds up the samples whose names, labels left out, are name.
func sum(samples map[string]float64, name string) (total float64, n int) {
	for s, v := range samples {
		if family, _, _ := strings.Cut(s, "{"); family == name {
			total += v
			n++
		}
	}
	return total, n
}

func TestEveryLibraryDoesTheWorkOfEveryScenario(t *testing.T) {
	const n = 30_000
	scenarios := []struct {
		name string
		work func(Registry) Work
		// samples that show the work: their sum is what operations make of it
		sample string
		want   func(before float64) float64
	}{
		{"CounterInc", Registry.CounterInc, "counter_inc_total", func(x float64) float64 { return x + n }},
		{"CounterAdd", Registry.CounterAdd, "counter_add_total", func(x float64) float64 { return x + n/2 }},
		{"GaugeIncDec", Registry.GaugeIncDec, "gauge_inc_dec", func(x float64) float64 { return x }},
		{"HistogramObserve", Registry.HistogramObserve, "histogram_observe_count",
			func(x float64) float64 { return x + n }},
		{"NativeHistogram", Registry.NativeHistogram, "native_histogram_count",
			func(x float64) float64 { return x + n }},
		{"SummaryObserve", Registry.SummaryObserve, "summary_observe_count", func(x float64) float64 { return x + n }},
		{"Lookup2", Registry.Lookup2, "lookup2_total", func(x float64) float64 { return x + n }},
		{"Lookup3Random", Registry.Lookup3Random, "lookup3_total", func(x float64) float64 { return x + n }},
		{"Lookup3Long", Registry.Lookup3Long, "lookup3_long_total", func(x float64) float64 { return x + n }},
		{"LookupMap", Registry.LookupMap, "lookup_map_total", func(x float64) float64 { return x + n }},
		{"LookupTyped", Registry.LookupTyped, "lookup_typed_total", func(x float64) float64 { return x + n }},
		{"CreateSeries", Registry.CreateSeries, "create_total", func(x float64) float64 { return x + n }},
	}
	for _, l := range Libraries() {
		for _, s := range scenarios {
			t.Run(s.name+"/"+l.Name, func(t *testing.T) {
				r := l.New()
				defer r.Close()
				w := s.work(r)
				if w.Missing != "" {
					require.Nil(t, w.Start)
					return
				}
				before, _ := sum(page(t, r), s.sample)
				Do(w.Workers(3), n)
				after, series := sum(page(t, r), s.sample)
				require.Equal(t, s.want(before), after)
				switch s.name {
				case "Lookup3Random":
					require.InDelta(t, triples, series, 20) // a few of the 10 000 are never drawn
				case "Lookup3Long":
					require.InDelta(t, long, series, 10)
				case "CreateSeries":
					require.Equal(t, n, series)
				default:
					require.Equal(t, 1, series)
				}
			})
		}
	}
}

func TestEveryLibrarySetsItsGauge(t *testing.T) {
	for _, l := range Libraries() {
		r := l.New()
		r.GaugeSet().Start()(1000)
		value, _ := sum(page(t, r), "gauge_set")
		require.Equal(t, 999.0, value, l.Name)
		r.Close()
	}
}

func TestFillMakesTheSameSeriesInEveryLibrary(t *testing.T) {
	const n = 1000
	samples := map[Kind][]string{
		Counter: {"fill_total"}, Gauge: {"fill", "fill_gauge"},
		Histogram: {"fill_seconds_count"}, Summary: {"fill_bytes_count"},
	}
	for _, l := range Libraries() {
		for _, kind := range Kinds() {
			t.Run(string(kind)+"/"+l.Name, func(t *testing.T) {
				r := l.New()
				defer r.Close()
				update, err := r.Fill(kind, n, true)
				if err != nil {
					require.Equal(t, "otel", l.Name)
					require.Equal(t, Summary, kind)
					return
				}
				for i := range n {
					update(i, 1)
				}
				var total float64
				var series int
				for _, name := range samples[kind] {
					v, k := sum(page(t, r), name)
					total, series = total+v, series+k
				}
				require.Equal(t, n, series)
				if kind == Counter || kind == Gauge {
					require.Equal(t, float64(n*(n-1)/2+n), total)
				} else {
					require.Equal(t, float64(2*n), total)
				}
			})
		}
	}
}

func TestHistogramsOfAllLibrariesWithBoundsAgree(t *testing.T) {
	counts := make(map[string][]float64)
	for _, name := range []string{"quipu", "client_golang", "otel"} {
		l, ok := LibraryNamed(name)
		require.True(t, ok)
		r := l.New()
		r.HistogramObserve().Start()(len(Latencies()))
		samples := page(t, r)
		for _, bound := range []string{
			"0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf",
		} {
			for s, v := range samples {
				if strings.Contains(s, `le="`+bound+`"`) {
					counts[name] = append(counts[name], v)
				}
			}
		}
		r.Close()
	}
	require.Len(t, counts["quipu"], len(DefaultBuckets)+1)
	require.Equal(t, counts["client_golang"], counts["quipu"])
	require.Equal(t, counts["client_golang"], counts["otel"])
	for i, c := range counts["quipu"][1:] {
		require.Greater(t, c, counts["quipu"][i], "every bucket gets some of the values")
	}
}

func TestDoSharesExactlyNOperations(t *testing.T) {
	for _, workers := range []int{1, 2, 7} {
		for _, n := range []int{0, 1, 2, 1000, 1024, 100_001} {
			var mu sync.Mutex
			total := 0
			list := make([]func(int), workers)
			for i := range list {
				list[i] = func(n int) {
					mu.Lock()
					defer mu.Unlock()
					total += n
				}
			}
			Do(list, n)
			require.Equal(t, n, total)
		}
	}
}

func TestCPUTimeCountsAllThreads(t *testing.T) {
	before := CPUTime()
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for range 20_000_000 {
				runtime.KeepAlive(before)
			}
		})
	}
	wg.Wait()
	require.Greater(t, CPUTime(), before)
}
