// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

// Programs, tests and senders read the metrics of a registry without parsing a page.
func ExampleRegistry_Read() {
	reg := engine.NewRegistry()
	requests := must(reg.NewCounterVec("requests_total", "Requests.", []string{"path"}))
	requests.With("/a").Add(3)
	requests.With("/b").AddWithExemplar(1, engine.Labels{"trace_id": "7f"})
	latency := must(reg.NewHistogram("latency_seconds", "Latency.", engine.WithBuckets(0.1, 1)))
	latency.Observe(0.05)
	size := must(reg.NewSummary("size_bytes", "Sizes.", engine.WithUnit("bytes"),
		engine.WithObjectives(map[float64]float64{0.5: 0.01})))
	size.Observe(512)
	native := must(reg.NewHistogram("wait_seconds", "Waits.", engine.WithNative(histogram.NativeDefaults())))
	native.Observe(1)

	var copies []*engine.Sample
	options := engine.ReadOptions{
		Names:  []string{"requests_total", "latency_seconds", "size_bytes", "wait_seconds"}, // all when empty
		NoSelf: true, Deadline: time.Now().Add(time.Second),
	}
	for f := range reg.Read(options) {
		fmt.Printf("%s %s %q %q\n", f.Name(), f.Type(), f.Help(), f.Unit())
		for s := range f.Samples() {
			if n, ok := s.Int(); ok {
				fmt.Println(" ", s.Labels(), n, s.Value())
			}
			for _, e := range s.Exemplars() {
				fmt.Println("  exemplar", e.Labels[0].Name, e.Labels[0].Value, e.Value, e.Bucket, e.Time.IsZero())
			}
			if h := s.Histogram(); h != nil {
				fmt.Println("  histogram", h.Counts, h.Sum, s.Native() != nil)
			}
			if m := s.Summary(); m != nil {
				q := m.Estimates[0]
				fmt.Println("  summary", q.Quantile, q.Error, q.Value, m.Count, m.Sum)
			}
			if s.Created().After(time.Now()) {
				fmt.Println("  from the future")
			}
			if !s.Time().IsZero() {
				fmt.Println("  of a source that says when", s.Time())
			}
			copies = append(copies, s.Clone()) // s itself is overwritten by the next step
		}
	}
	fmt.Println(len(copies), copies[1].Labels()[0] == engine.Label{Name: "path", Value: "/b"})
	// Output:
	// latency_seconds histogram "Latency." ""
	//   histogram [1 0 0] 0.05 false
	// requests_total counter "Requests." ""
	//   [{path /a}] 3 3
	//   [{path /b}] 1 1
	//   exemplar trace_id 7f 1 0 false
	// size_bytes summary "Sizes." "bytes"
	//   summary 0.5 0.01 512 1 512
	// wait_seconds histogram "Waits." ""
	//   histogram [] 1 true
	// 5 false
}

// A library names its metrics after the program that it is part of, in a registry of its own.
func ExampleMust() {
	reg := engine.NewRegistry()
	waits := engine.Must(reg.NewCounter(engine.JoinName("app", "pool", "waits_total"), "Waits."))
	waits.Inc()
	users := engine.Must(reg.NewCounterVec(engine.JoinName("app", "", "users_total"), "Users.", []string{"plan"}))
	age := engine.Must(reg.NewCounterFunc("age_total", "Age.", func() float64 { return 7 }))
	type labels struct{ Plan string }
	sales := engine.Must(engine.RegisterCounterOf[labels](reg, "sales_total", "Sales."))
	fmt.Println(waits.Name(), waits.Value(), users.Name(), age.Name(), sales.Name())
	// Output: app_pool_waits_total 1 app_users_total age_total sales_total
}

// finder is a source: it writes what it finds.
type finder struct{ find func(w *engine.Writer) }

func (f *finder) Emit(ctx context.Context, w *engine.Writer) error {
	f.find(w)
	return ctx.Err() // an error is counted, and what was written stays
}

func ExampleRegistry_Attach() {
	reg := engine.NewRegistry()
	installed := map[string]string{"cat": "9.1", "ls": "9.4"}
	source := &finder{func(w *engine.Writer) {
		for _, program := range slices.Sorted(maps.Keys(installed)) {
			w.Info("program", "Installed programs.", engine.Label{Name: "program", Value: program},
				engine.Label{Name: "version", Value: installed[program]})
		}
		w.Gauge("programs", "How many.", float64(len(installed)))
	}}
	if err := reg.Attach(source, engine.WithTimeout(time.Second)); err != nil {
		fmt.Println(err)
	}
	show(reg)
	fmt.Println(reg.Detach(source))
	// Output:
	// # HELP program_info Installed programs.
	// # TYPE program_info gauge
	// program_info{program="cat",version="9.1"} 1
	// program_info{program="ls",version="9.4"} 1
	// # HELP programs How many.
	// # TYPE programs gauge
	// programs 2
	// true
}

func ExampleWriter() {
	reg := engine.NewRegistry()
	err := reg.Attach(&finder{func(w *engine.Writer) {
		w.Counter("a_total", "", 3)
		w.Untyped("b", "", 4)
		w.Histogram("c_seconds", "", engine.HistogramSnapshot{Bounds: []float64{1}, Counts: []uint64{2, 0}, Sum: 1.5})
		w.Summary("d_seconds", "", engine.SummarySample{
			Estimates: []engine.Estimate{{Quantile: 0.5, Error: 0.01, Value: 7}}, Count: 1, Sum: 7,
		})
		w.StateSet("mode", "", map[string]bool{"primary": true, "replica": false})
		w.Write(engine.Point{
			Name: "e_bytes", Help: "With everything.", Unit: "bytes", Type: encode.Gauge, Value: 1,
			Labels: []engine.Label{{Name: "host", Value: "x"}}, Time: time.UnixMilli(1700000000000),
		})
		w.Write(engine.Point{
			Name: "f_total", Type: encode.Counter, Value: 1, Created: time.Unix(1700000000, 0),
			Exemplars: []engine.Exemplar{{Labels: []engine.Label{{Name: "trace_id", Value: "7f"}}, Value: 1}},
		})
		h := engine.HistogramSnapshot{Counts: []uint64{1}}
		w.Write(engine.Point{Name: "g_seconds", Type: encode.Histogram, Histogram: &h})
		w.Write(engine.Point{Name: "h_seconds", Type: encode.Summary, Summary: &engine.SummarySample{Count: 1}})
	}})
	if err != nil {
		fmt.Println(err)
	}
	show(reg)
	// Output:
	// # TYPE a_total counter
	// a_total 3
	// # TYPE b untyped
	// b 4
	// # TYPE c_seconds histogram
	// c_seconds_bucket{le="1"} 2
	// c_seconds_bucket{le="+Inf"} 2
	// c_seconds_sum 1.5
	// c_seconds_count 2
	// # TYPE d_seconds summary
	// d_seconds{quantile="0.5"} 7
	// d_seconds_sum 7
	// d_seconds_count 1
	// # HELP e_bytes With everything.
	// # TYPE e_bytes gauge
	// e_bytes{host="x"} 1 1700000000000
	// # TYPE f_total counter
	// f_total 1
	// # TYPE g_seconds histogram
	// g_seconds_bucket{le="+Inf"} 1
	// g_seconds_sum 0
	// g_seconds_count 1
	// # TYPE h_seconds summary
	// h_seconds_sum 0
	// h_seconds_count 1
	// # TYPE mode gauge
	// mode{mode="primary"} 1
	// mode{mode="replica"} 0
}

// version is a source of a single series.
type version struct{}

func (version) Emit(_ context.Context, w *engine.Writer) error {
	w.Info("version", "", engine.Label{Name: "commit", Value: "8c4cac0"})
	return nil
}

// A loop that hands the registry on to where a source comes from does without that source.
func ExampleReadOptions() {
	reg := engine.NewRegistry()
	engine.Must(reg.NewCounter("events_total", "Events handled.")).Add(2)
	if err := reg.Attach(version{}); err != nil {
		fmt.Println(err)
	}
	own := func(s engine.Source) bool { return s == version{} }
	for f := range reg.Read(engine.ReadOptions{NoSelf: true, WithoutSource: own}) {
		fmt.Println(f.Name())
	}
	// Output: events_total
}
