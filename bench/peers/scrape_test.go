// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Scrapes go through each library's HTTP handler into a response that is thrown away. Series have
// two labels and values of up to six digits. Parallel has as many scrapers as Ps.

func BenchmarkScrape1k(b *testing.B) { scrapes(b, Counter, 1_000, false, 1) }
func BenchmarkScrape1kParallel(b *testing.B) {
	scrapes(b, Counter, 1_000, false, runtime.GOMAXPROCS(0))
}
func BenchmarkScrape100k(b *testing.B) { scrapes(b, Counter, 100_000, false, 1) }
func BenchmarkScrape100kParallel(b *testing.B) {
	scrapes(b, Counter, 100_000, false, runtime.GOMAXPROCS(0))
}
func BenchmarkScrapeGzip100k(b *testing.B) { scrapes(b, Counter, 100_000, true, 1) }
func BenchmarkScrapeHistograms10k(b *testing.B) {
	scrapes(b, Histogram, 10_000, false, 1)
}
func BenchmarkScrapeGzipHistograms10k(b *testing.B) {
	scrapes(b, Histogram, 10_000, true, 1)
}

// BenchmarkScrapeFew gets the page of a small service: 250 counters, 200 gauges and 50 histograms.
func BenchmarkScrapeFew(b *testing.B) {
	for _, l := range contestants() {
		b.Run(l.Name, func(b *testing.B) {
			r := l.New()
			defer r.Close()
			fillFew(b, r)
			s := NewScraper(r.Handler(), false)
			s.Scrape()
			b.ReportAllocs()
			for b.Loop() {
				s.Scrape()
			}
			b.ReportMetric(float64(s.Bytes), "page-B")
		})
	}
}

func fillFew(b *testing.B, r Registry) {
	for kind, n := range map[Kind]int{Counter: 250, Gauge: 200, Histogram: 50} {
		if _, err := r.Fill(kind, n, false); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkScrapeOverHTTP gets the page of 10 000 counters over a connection, as Prometheus does:
// it asks for OpenMetrics and gzip, and reads the page to its end. Server and client are one
// process, and an operation is the work of both, decompressing included.
func BenchmarkScrapeOverHTTP(b *testing.B) {
	series := sized(10_000)
	for _, l := range contestants() {
		b.Run(l.Name, func(b *testing.B) {
			server := httptest.NewServer(filled(b, l, Counter, series).Handler())
			defer server.Close()
			request, err := http.NewRequest(http.MethodGet, server.URL, nil)
			if err != nil {
				b.Fatal(err)
			}
			request.Header.Set("Accept", "application/openmetrics-text;version=1.0.0;q=0.5,"+
				"application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.2,*/*;q=0.1")
			var size int64 // the transport asks for gzip and decompresses by itself
			get := func() {
				response, err := server.Client().Do(request)
				if err != nil {
					b.Fatal(err)
				}
				size, err = io.Copy(io.Discard, response.Body)
				response.Body.Close()
				if err != nil || response.StatusCode != http.StatusOK {
					b.Fatal(response.Status, err)
				}
			}
			get()
			b.ReportAllocs()
			for b.Loop() {
				get()
			}
			b.ReportMetric(float64(size), "page-B")
		})
	}
}

// BenchmarkScrape1M is for those who ask: a million series cost some libraries 10 seconds and a
// gigabyte.
func BenchmarkScrape1M(b *testing.B) {
	if large(b) {
		scrapes(b, Counter, 1_000_000, false, 1)
	}
}

// large says whether the large benchmarks were asked for, and says so if not.
func large(b *testing.B) bool {
	if os.Getenv("QUIPU_BENCH_LARGE") == "" {
		b.Log("left out: set QUIPU_BENCH_LARGE=1 to run it")
		return false
	}
	return true
}

// sized is the number of series of a benchmark: a tenth in short mode, which only checks that all
// of them run.
func sized(n int) int {
	if testing.Short() {
		return n / 10
	}
	return n
}

func scrapes(b *testing.B, kind Kind, series int, gzip bool, goroutines int) {
	series = sized(series)
	for _, l := range contestants() {
		if gzip && l.Name == "victoriametrics" {
			b.Logf("%s: n/a: %s", l.Name, noGzip)
			continue
		}
		b.Run(l.Name, func(b *testing.B) { scrape(b, l, kind, series, gzip, goroutines) })
	}
}

// noGzip is why VictoriaMetrics/metrics has no compressed scrapes.
const noGzip = "the library does not compress its pages"

func scrape(b *testing.B, l Library, kind Kind, series int, gzip bool, goroutines int) {
	f := filled(b, l, kind, series)
	workers := make([]func(int), goroutines)
	for i := range workers {
		s := NewScraper(f.Handler(), gzip)
		workers[i] = func(n int) {
			for range n {
				s.Scrape()
			}
		}
	}
	s := NewScraper(f.Handler(), gzip)
	s.Scrape() // warms pools
	b.ReportAllocs()
	b.ResetTimer()
	Do(workers, b.N)
	b.StopTimer()
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(series), "ns/series")
	b.ReportMetric(float64(s.Bytes), "page-B")
}

// filled returns a registry with series in it. The last one made is kept, because a benchmark
// function is called several times with growing b.N, and filling takes longer than scraping.
func filled(b *testing.B, l Library, kind Kind, series int) Registry {
	key := fillKey{l.Name, kind, series}
	if last.key != key {
		if last.Registry != nil {
			last.Close()
			last.Registry = nil
		}
		r := l.New()
		if _, err := r.Fill(kind, series, false); err != nil {
			b.Fatal(err)
		}
		last.key, last.Registry = key, r
		runtime.GC()
	}
	return last.Registry
}

type fillKey struct {
	library string
	kind    Kind
	series  int
}

var last struct {
	key fillKey
	Registry
}

// BenchmarkScrapeUnderLoad100k scrapes while two goroutines increment the 100 000 counters as fast
// as they can. It reports both sides: what a scrape takes, and how many million updates a second
// the two make while scrapes run (Mupdates/s) and how many without them (Mupdates/s-idle). Three
// busy goroutines share the CPUs, so on two of them the writers lose up to a third of their time to
// the scraper whatever the library does.
func BenchmarkScrapeUnderLoad100k(b *testing.B) {
	series := sized(100_000)
	for _, l := range contestants() {
		b.Run(l.Name, func(b *testing.B) {
			r := l.New()
			defer r.Close()
			update, err := r.Fill(Counter, series, true)
			if err != nil {
				b.Fatal(err)
			}
			s := NewScraper(r.Handler(), false)
			s.Scrape()
			runtime.GC()

			var stop atomic.Bool
			var writers sync.WaitGroup
			var updates [2]struct {
				n atomic.Int64
				_ [56]byte
			}
			for w := range updates {
				writers.Go(func() {
					for i := w * series / 2; !stop.Load(); {
						for range 64 {
							update(i, 1)
							if i++; i == series {
								i = 0
							}
						}
						updates[w].n.Add(64)
					}
				})
			}
			total := func() float64 { return float64(updates[0].n.Load() + updates[1].n.Load()) }
			rate := func(from float64, elapsed time.Duration) float64 {
				return (total() - from) / elapsed.Seconds() / 1e6
			}

			from, begin := total(), time.Now()
			time.Sleep(200 * time.Millisecond)
			idle := rate(from, time.Since(begin))

			b.ResetTimer()
			from = total()
			for range b.N {
				s.Scrape()
			}
			loaded := rate(from, b.Elapsed())
			b.StopTimer()
			stop.Store(true)
			writers.Wait()
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(series), "ns/series")
			b.ReportMetric(loaded, "Mupdates/s")
			b.ReportMetric(idle, "Mupdates/s-idle")
		})
	}
}

// longest is the end of a library's curve of BenchmarkScrapeSeries.
var longest = map[string]int{
	"quipu": 10_000_000, "victoriametrics": 10_000_000, "client_golang": 1_000_000, "otel": 100_000,
}

// BenchmarkScrapeSeries is the curve over the number of series; in full (QUIPU_BENCH_CURVES) up to
// ten million, or as far as a library gets in reasonable time.
func BenchmarkScrapeSeries(b *testing.B) {
	sizes := []int{1_000}
	if os.Getenv("QUIPU_BENCH_CURVES") != "" {
		sizes = []int{1_000, 10_000, 100_000, 1_000_000, 10_000_000}
	}
	for _, l := range contestants() {
		b.Run(l.Name, func(b *testing.B) {
			for _, n := range sizes {
				if n > longest[l.Name] {
					b.Logf("%s: n/a: %d series: a page takes half a minute or more", l.Name, n)
					continue
				}
				b.Run(strconv.Itoa(n), func(b *testing.B) { scrape(b, l, Counter, n, false, 1) })
			}
		})
	}
}
