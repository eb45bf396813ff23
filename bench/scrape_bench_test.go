// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export"
)

// nowhere is a response writer that only counts bytes.
type nowhere struct {
	header http.Header
	n      int
}

func (w *nowhere) Header() http.Header         { return w.header }
func (w *nowhere) Write(p []byte) (int, error) { w.n += len(p); return len(p), nil }
func (w *nowhere) WriteHeader(int)             {}

// filled returns a registry with n series of two labels, each with a value.
func filled(kind string, n int) *engine.Registry {
	reg := registry()
	labels := []string{"tenant", "path"}
	var update func(i int, tenant, path string)
	switch kind {
	case "counter":
		v := must(reg.NewCounterVec("requests_total", "Requests.", labels))
		update = func(i int, tenant, path string) { v.With(tenant, path).Add(float64(i)) }
	case "gauge":
		v := must(reg.NewGaugeVec("level", "Level.", labels))
		update = func(i int, tenant, path string) { v.With(tenant, path).Set(float64(i) / 8) }
	case "histogram":
		v, values := must(reg.NewHistogramVec("latency_seconds", "Latency.", labels)), latencies()
		update = func(i int, tenant, path string) { v.With(tenant, path).Observe(values[i%len(values)]) }
	default:
		v, values := must(reg.NewSummaryVec("size_bytes", "Size.", labels)), latencies()
		update = func(i int, tenant, path string) { v.With(tenant, path).Observe(values[i%len(values)]) }
	}
	for i := range n {
		update(i, "tenant-"+strconv.Itoa(i%10), "/api/v1/item/"+strconv.Itoa(i))
	}
	runtime.GC()
	return reg
}

// BenchmarkScrape gets whole pages from export.Handler: every kind of series in every format, plain
// and compressed. Registries of a million series, and pages of over a hundred megabytes, are left
// out in short mode.
func BenchmarkScrape(b *testing.B) {
	for _, fill := range []struct {
		kind   string
		series int
	}{
		{"counter", 1_000}, {"counter", 100_000}, {"counter", 1_000_000},
		{"gauge", 100_000},
		{"histogram", 1_000}, {"histogram", 100_000}, {"histogram", 1_000_000},
		{"summary", 10_000},
	} {
		if fill.series > 1000 && testing.Short() {
			continue
		}
		b.Run(fmt.Sprintf("%s/series=%d", fill.kind, fill.series), func(b *testing.B) {
			reg := filled(fill.kind, fill.series)
			for _, f := range []encode.Format{encode.Text, encode.OpenMetrics, encode.Protobuf} {
				for _, encoding := range []string{"identity", "gzip"} {
					b.Run(formatName[f]+"/"+encoding, func(b *testing.B) {
						b.Run("serial", func(b *testing.B) { scrape(b, reg, f, encoding, fill.series, 1) })
						b.Run("parallel", func(b *testing.B) {
							scrape(b, reg, f, encoding, fill.series, runtime.GOMAXPROCS(0))
						})
					})
				}
			}
		})
	}
}

var formatName = map[encode.Format]string{
	encode.Text: "text", encode.OpenMetrics: "openmetrics", encode.Protobuf: "protobuf",
}

func scrape(b *testing.B, reg *engine.Registry, f encode.Format, encoding string, series, goroutines int,
	options ...export.Option) {
	h := export.Handler(reg, options...)
	request := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	request.Header = http.Header{"Accept": {f.ContentType()}, "Accept-Encoding": {encoding}}
	get := func() int {
		w := &nowhere{header: http.Header{}}
		h.ServeHTTP(w, request)
		return w.n
	}
	size := get()
	b.ReportAllocs()
	b.ResetTimer()
	if goroutines == 1 {
		w := &nowhere{header: http.Header{}}
		for range b.N {
			clear(w.header)
			h.ServeHTTP(w, request)
		}
	} else {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				get()
			}
		})
	}
	b.StopTimer()
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(series), "ns/series")
	b.ReportMetric(float64(size), "page-B")
}

// BenchmarkScrapeExpiry gets the page of 100 000 counters that never expire, and that may expire.
// Each page asks every series whether it was updated: none was, or all were.
func BenchmarkScrapeExpiry(b *testing.B) {
	series := 100_000
	if testing.Short() {
		series /= 100
	}
	for _, mode := range []struct {
		name    string
		options []engine.MetricOption
		update  bool
	}{
		{"off", nil, false},
		{"on", []engine.MetricOption{engine.WithExpiry(time.Hour)}, false},
		{"on, all updated", []engine.MetricOption{engine.WithExpiry(time.Hour)}, true},
	} {
		b.Run(mode.name, func(b *testing.B) {
			reg := registry()
			v := must(reg.NewCounterVec("requests_total", "Requests.", []string{"tenant", "path"}, mode.options...))
			counters := make([]*engine.Counter, series)
			for i := range counters {
				counters[i] = v.With("tenant-"+strconv.Itoa(i%10), "/api/v1/item/"+strconv.Itoa(i))
				counters[i].Inc()
			}
			w := &nowhere{}
			must(reg.Expose(w, engine.Exposition{}))
			b.ReportAllocs()
			for b.Loop() {
				if mode.update {
					b.StopTimer()
					for _, c := range counters {
						c.Inc()
					}
					b.StartTimer()
				}
				must(reg.Expose(w, engine.Exposition{}))
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(series), "ns/series")
		})
	}
}

// BenchmarkRead walks all series of a registry with engine.Registry.Read and looks at their labels
// and values: 100 000 counters in one family and in a thousand, and histograms.
func BenchmarkRead(b *testing.B) {
	for _, fill := range []struct {
		kind             string
		series, families int
	}{{"counter", 100_000, 1}, {"counter", 100_000, 1_000}, {"histogram", 10_000, 1}} {
		if testing.Short() {
			fill.series /= 100
		}
		b.Run(fmt.Sprintf("%s/series=%d/families=%d", fill.kind, fill.series, fill.families), func(b *testing.B) {
			reg := filled(fill.kind, fill.series/fill.families)
			for i := range fill.families - 1 {
				v := must(reg.NewCounterVec(fmt.Sprintf("other_%d_total", i), "Others.", []string{"tenant", "path"}))
				for k := range fill.series / fill.families {
					v.With("tenant", "/api/v1/item/"+strconv.Itoa(k)).Add(float64(k))
				}
			}
			if total := readAll(reg); total == 0 {
				b.Error("nothing was read")
			}
			b.ReportAllocs()
			for b.Loop() {
				readAll(reg)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(fill.series), "ns/series")
		})
	}
}

// readAll is not inlined: in a function that is, the compiler does not inline the iterators, and
// then the loop bodies are allocated, once for each family.
//
//go:noinline
func readAll(reg *engine.Registry) (total float64) {
	for f := range reg.Read(engine.ReadOptions{NoSelf: true}) {
		for s := range f.Samples() {
			total += s.Value() + float64(len(s.Labels()))
		}
	}
	return total
}

// BenchmarkScrapeGzip compares a plain page with one that the handler's own gzip compresses, and
// with two levels of compress/gzip.
func BenchmarkScrapeGzip(b *testing.B) {
	level := func(n int) export.Option {
		return export.WithEncoding("gzip", func(w io.Writer) export.Encoder { return must(gzip.NewWriterLevel(w, n)) })
	}
	for _, fill := range []struct {
		name, kind string
		series     int
	}{
		{"counters100k", "counter", 100_000},
		{"histograms10k", "histogram", 10_000},
	} {
		b.Run(fill.name, func(b *testing.B) {
			reg := filled(fill.kind, fill.series)
			for _, by := range []struct {
				name, encoding string
				options        []export.Option
			}{
				{"plain", "identity", nil},
				{"own", "gzip", nil},
				{"level=1", "gzip", []export.Option{level(1)}},
				{"level=6", "gzip", []export.Option{level(6)}},
			} {
				b.Run(by.name, func(b *testing.B) {
					scrape(b, reg, encode.Text, by.encoding, fill.series, 1, by.options...)
				})
			}
		})
	}
}

// BenchmarkMemory reports the heap memory of an idle series: one of 100 000 with two labels, looked
// up and updated once. All that the registry keeps for the series is included. The benchmark
// measures no time.
func BenchmarkMemory(b *testing.B) {
	const series = 100_000
	for _, kind := range []string{"counter", "gauge", "histogram", "summary"} {
		b.Run(kind, func(b *testing.B) {
			var perSeries float64
			for range b.N {
				before := heap()
				reg := filled(kind, series)
				perSeries = float64(heap()-before) / series
				runtime.KeepAlive(reg)
			}
			b.ReportMetric(perSeries, "B/series")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// heap returns the number of bytes in live objects.
func heap() int64 {
	runtime.GC()
	runtime.GC() // frees the objects that cleanups and pools still held at the first
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
