// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"os"
	"runtime"
	"strconv"
	"testing"
)

// Updates, lookups and the creation of series. An operation is one call (for GaugeIncDec two);
// Parallel has as many goroutines as Ps at the same metric.

func BenchmarkCounterInc(b *testing.B)               { serial(b, Registry.CounterInc) }
func BenchmarkCounterIncParallel(b *testing.B)       { parallel(b, Registry.CounterInc) }
func BenchmarkCounterAdd(b *testing.B)               { serial(b, Registry.CounterAdd) }
func BenchmarkCounterAddParallel(b *testing.B)       { parallel(b, Registry.CounterAdd) }
func BenchmarkGaugeIncDec(b *testing.B)              { serial(b, Registry.GaugeIncDec) }
func BenchmarkGaugeIncDecParallel(b *testing.B)      { parallel(b, Registry.GaugeIncDec) }
func BenchmarkGaugeSet(b *testing.B)                 { serial(b, Registry.GaugeSet) }
func BenchmarkGaugeSetParallel(b *testing.B)         { parallel(b, Registry.GaugeSet) }
func BenchmarkHistogramObserve(b *testing.B)         { serial(b, Registry.HistogramObserve) }
func BenchmarkHistogramObserveParallel(b *testing.B) { parallel(b, Registry.HistogramObserve) }
func BenchmarkNativeHistogram(b *testing.B)          { serial(b, Registry.NativeHistogram) }
func BenchmarkNativeHistogramParallel(b *testing.B)  { parallel(b, Registry.NativeHistogram) }
func BenchmarkLookup2(b *testing.B)                  { serial(b, Registry.Lookup2) }
func BenchmarkLookup2Parallel(b *testing.B)          { parallel(b, Registry.Lookup2) }
func BenchmarkLookup3Random(b *testing.B)            { serial(b, Registry.Lookup3Random) }
func BenchmarkLookup3RandomParallel(b *testing.B)    { parallel(b, Registry.Lookup3Random) }
func BenchmarkLookup3Long(b *testing.B)              { serial(b, Registry.Lookup3Long) }
func BenchmarkLookup3LongParallel(b *testing.B)      { parallel(b, Registry.Lookup3Long) }
func BenchmarkLookupMap(b *testing.B)                { serial(b, Registry.LookupMap) }
func BenchmarkLookupMapParallel(b *testing.B)        { parallel(b, Registry.LookupMap) }
func BenchmarkLookupTyped(b *testing.B)              { serial(b, Registry.LookupTyped) }
func BenchmarkLookupTypedParallel(b *testing.B)      { parallel(b, Registry.LookupTyped) }

// contestants are the libraries that run: all, or the one that QUIPU_BENCH_LIBRARY names.
func contestants() []Library {
	if l, ok := LibraryNamed(os.Getenv("QUIPU_BENCH_LIBRARY")); ok {
		return []Library{l}
	}
	return Libraries()
}

func serial(b *testing.B, work func(Registry) Work) { race(b, work, 1) }

func parallel(b *testing.B, work func(Registry) Work) { race(b, work, runtime.GOMAXPROCS(0)) }

// race measures the work of each library that can do it, by this many goroutines.
func race(b *testing.B, work func(Registry) Work, goroutines int) {
	for _, l := range contestants() {
		each(b, l, func(b *testing.B) { measure(b, l, work, goroutines) }, work)
	}
}

// each runs the benchmark of one library unless the library cannot do the work. (Nothing is skipped
// silently: the reason goes into the log of -v, and into the tables.)
func each(b *testing.B, l Library, run func(b *testing.B), work func(Registry) Work) {
	r := l.New()
	defer r.Close()
	if w := work(r); w.Missing != "" {
		b.Logf("%s: n/a: %s", l.Name, w.Missing)
		return
	}
	b.Run(l.Name, run)
}

// warmUp is how many operations come before the measured ones, for all libraries alike. A metric of
// a running service is past them in the first second.
const warmUp = 20_000

func measure(b *testing.B, l Library, work func(Registry) Work, goroutines int) {
	r := l.New()
	defer r.Close()
	workers := work(r).Workers(goroutines)
	Do(workers, warmUp)
	b.ReportAllocs()
	b.ResetTimer()
	Do(workers, b.N)
	b.StopTimer()
}

// Summaries are merged in the background or at the next scrape, so these report total CPU as well:
// everything the process used from the first observation until a scrape has shown the last one, per
// observation.
func BenchmarkSummaryObserve(b *testing.B)         { summaries(b, 1) }
func BenchmarkSummaryObserveParallel(b *testing.B) { summaries(b, runtime.GOMAXPROCS(0)) }

func summaries(b *testing.B, goroutines int) {
	for _, l := range contestants() {
		each(b, l, func(b *testing.B) {
			r := l.New()
			defer r.Close()
			workers := r.SummaryObserve().Workers(goroutines)
			s := NewScraper(r.Handler(), false)
			Do(workers, warmUp)
			s.Scrape()
			b.ReportAllocs()
			b.ResetTimer()
			cpu := CPUTime()
			Do(workers, b.N)
			b.StopTimer()
			s.Scrape()
			b.ReportMetric(float64(CPUTime()-cpu)/float64(b.N), "total-ns/op")
		}, Registry.SummaryObserve)
	}
}

// Creating series is measured in registries of up to 100 000 series: a new one is begun when that
// many are there.
func BenchmarkCreateSeries(b *testing.B)         { create(b, 1) }
func BenchmarkCreateSeriesParallel(b *testing.B) { create(b, runtime.GOMAXPROCS(0)) }

func create(b *testing.B, goroutines int) {
	for _, l := range contestants() {
		each(b, l, func(b *testing.B) {
			createPaths()
			b.ReportAllocs()
			for left := b.N; left > 0; left -= MaxCreate {
				b.StopTimer()
				r := l.New()
				workers := r.CreateSeries().Workers(goroutines)
				runtime.GC()
				b.StartTimer()
				Do(workers, min(left, MaxCreate))
				b.StopTimer()
				r.Close()
			}
		}, Registry.CreateSeries)
	}
}

// The curves over the number of goroutines are long: they run when QUIPU_BENCH_CURVES is set, and
// otherwise only their ends do.
func BenchmarkCounterIncGoroutines(b *testing.B)       { goroutines(b, Registry.CounterInc) }
func BenchmarkHistogramObserveGoroutines(b *testing.B) { goroutines(b, Registry.HistogramObserve) }
func BenchmarkLookup2Goroutines(b *testing.B)          { goroutines(b, Registry.Lookup2) }

func goroutines(b *testing.B, work func(Registry) Work) {
	procs := runtime.GOMAXPROCS(0)
	counts := []int{1, 4 * procs}
	if os.Getenv("QUIPU_BENCH_CURVES") != "" {
		counts = []int{1}
		for n := max(2, procs/2); n <= 4*procs; n += max(1, procs/2) {
			counts = append(counts, n)
		}
	}
	for _, l := range contestants() {
		each(b, l, func(b *testing.B) {
			for _, n := range counts {
				b.Run(strconv.Itoa(n), func(b *testing.B) { measure(b, l, work, n) })
			}
		}, work)
	}
}
