// SPDX-License-Identifier: Apache-2.0

package main

// group is a set of benchmarks that one process runs for one library.
type group struct {
	pattern   string // of -test.bench, without ^Benchmark and $
	libraries []string
	count     int    // rounds that it takes part in
	benchtime string // empty: the default
	env       []string
}

var (
	all    = []string{"quipu", "client_golang", "victoriametrics", "otel"}
	barred = all[:3] // those that there are bars for
)

// fullPlan is what `make bench-peers` runs. The counts are such that it stays below 15 minutes on
// two cores: a page of a hundred thousand series takes the slowest library two seconds, one of a
// million half a minute.
func fullPlan(count int) []group {
	var plan []group
	for _, s := range []string{
		"CounterInc", "CounterAdd", "GaugeIncDec", "GaugeSet", "HistogramObserve", "NativeHistogram",
		"SummaryObserve",
		"Lookup2", "Lookup3Random", "Lookup3Long", "LookupMap", "LookupTyped", "CreateSeries", "Scrape1k",
	} {
		plan = append(plan, group{pattern: s + "(Parallel)?", libraries: all, count: count})
	}
	curves := []string{"QUIPU_BENCH_CURVES=1"}
	large := []string{"QUIPU_BENCH_LARGE=1"}
	few := min(count, 3)
	return append(plan,
		group{pattern: "ScrapeFew", libraries: all, count: count},
		group{pattern: "ScrapeOverHTTP", libraries: all, count: count},
		group{pattern: "ScrapeHistograms10k", libraries: all, count: count},
		group{pattern: "ScrapeGzipHistograms10k", libraries: all, count: few},
		group{pattern: "Scrape100k(Parallel)?", libraries: all, count: few},
		group{pattern: "ScrapeGzip100k", libraries: all, count: few},
		group{pattern: "ScrapeUnderLoad100k", libraries: all, count: few},
		group{pattern: "Scrape1M", libraries: barred, count: few, benchtime: "1x", env: large},
		group{pattern: "Scrape1M", libraries: all[3:], count: 1, benchtime: "1x", env: large},
		group{pattern: "CounterIncGoroutines", libraries: all, count: few, env: curves},
		group{pattern: "HistogramObserveGoroutines", libraries: all, count: few, env: curves},
		group{pattern: "Lookup2Goroutines", libraries: all, count: few, env: curves},
		group{pattern: "ScrapeSeries", libraries: []string{"quipu"}, count: few, env: curves},
		group{pattern: "ScrapeSeries", libraries: all[1:], count: 1, env: curves},
	)
}

// quickPlan is what `make bench-quick` runs, in about a minute: the rows that have bars.
func quickPlan(count int) []group {
	var plan []group
	for _, s := range []string{
		"CounterInc(Parallel)?", "CounterAddParallel", "GaugeIncDecParallel", "HistogramObserve(Parallel)?",
		"SummaryObserve", "Lookup2(Parallel)?", "Lookup3Random(Parallel)?", "Lookup3Long(Parallel)?", "LookupMap",
		"CreateSeries(Parallel)?",
	} {
		plan = append(plan, group{pattern: s, libraries: barred, count: count})
	}
	return append(plan,
		group{pattern: "Scrape100k", libraries: barred, count: min(count, 2), benchtime: "1x"},
		group{pattern: "ScrapeHistograms10k", libraries: barred, count: min(count, 2), benchtime: "1x"},
		group{pattern: "ScrapeGzip100k", libraries: barred, count: min(count, 2), benchtime: "1x"},
		group{pattern: "ScrapeGzipHistograms10k", libraries: barred, count: min(count, 2), benchtime: "1x"},
	)
}
