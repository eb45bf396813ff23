// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

// show prints the page without the registry's own metrics.
func show(r *engine.Registry) {
	if _, err := r.Expose(os.Stdout, engine.Exposition{NoSelf: true}); err != nil {
		fmt.Println(err)
	}
}

// Metrics are usually package variables, and handles are kept where updates are frequent.
func Example() {
	requests := engine.NewCounterVec("example_requests_total", "Requests served.", []string{"method", "code"})
	inflight := engine.NewGauge("example_in_flight", "Requests in flight.")
	defer engine.Default().Unregister("example_requests_total")
	defer engine.Default().Unregister("example_in_flight")

	inflight.Inc()
	requests.With("GET", "200").Inc()
	ok := requests.With("POST", "201") // kept, so that no request needs the lookup
	ok.Add(3)
	inflight.Dec()

	engine.Default().Expose(os.Stdout, engine.Exposition{
		Names: []string{"example_requests_total", "example_in_flight"},
	})
	// Output:
	// # HELP example_in_flight Requests in flight.
	// # TYPE example_in_flight gauge
	// example_in_flight 0
	// # HELP example_requests_total Requests served.
	// # TYPE example_requests_total counter
	// example_requests_total{method="GET",code="200"} 1
	// example_requests_total{method="POST",code="201"} 3
}

// Methods of a registry return errors, which say how to mend the definition.
func ExampleRegistry() {
	r := engine.NewRegistry()
	_, err := r.NewCounter("jobs-total", "Jobs.")
	fmt.Println(err, errors.Is(err, engine.ErrName))

	jobs, _ := r.NewCounter("jobs_total", "Jobs.")
	again, _ := r.NewCounter("jobs_total", "Jobs.") // an equal definition returns the same metric
	fmt.Println(jobs == again)

	_, err = r.NewGauge("jobs_total", "Jobs.")
	text, _, _ := strings.Cut(err.Error(), ", at ") // the file and the line of the first definition follow
	fmt.Println(text)
	// Output:
	// quipu: counter "jobs-total": invalid metric name: use letters, digits, _ and :, with no digit first true
	// true
	// quipu: gauge jobs_total: name is taken: type differs: gauge, but counter in the first definition
}

func ExampleNewRegistry() {
	r := engine.NewRegistry(
		engine.WithPrefix("shop_"),
		engine.WithConstLabels(engine.Labels{"zone": "eu-1"}),
		engine.WithMaxSeries(1000),
	)
	orders, _ := r.NewCounter("orders_total", "")
	orders.Inc()
	show(r)
	// Output:
	// # TYPE shop_orders_total counter
	// shop_orders_total{zone="eu-1"} 1
}

func ExampleWithStrict() {
	r := engine.NewRegistry(engine.WithStrict()) // in tests
	jobs, _ := r.NewCounter("jobs_total", "Jobs.")
	defer func() {
		what, where, _ := strings.Cut(fmt.Sprint(recover()), " (at ")
		fmt.Println(what)
		fmt.Println(strings.Contains(where, "example_test.go"))
	}()
	jobs.Add(-1)
	// Output:
	// quipu: counter jobs_total: -1 added to a counter, which only goes up: a gauge can go down
	// true
}

func ExampleCounter() {
	r := engine.NewRegistry()
	sent, _ := r.NewCounter("sent_bytes_total", "Bytes sent.", engine.WithUnit("bytes"))
	sent.Inc()
	sent.Add(1 << 53) // whole numbers stay exact
	sent.Inc()
	show(r)
	// Output:
	// # HELP sent_bytes_total Bytes sent.
	// # TYPE sent_bytes_total counter
	// sent_bytes_total 9007199254740994
}

func ExampleCounterVec() {
	r := engine.NewRegistry()
	requests, _ := r.NewCounterVec("requests_total", "", []string{"method", "code"})
	requests.With("GET", "200").Inc()
	requests.WithLabels(engine.Labels{"code": "200", "method": "GET"}).Inc() // the same series
	requests.With("PUT", "404").Inc()
	requests.Delete("PUT", "404")
	fmt.Println(requests.With("GET", "200").Value())
	// Output: 2
}

// Without declared label names, each call may use other labels.
func ExampleCounterVec_open() {
	r := engine.NewRegistry()
	events, _ := r.NewCounterVec("events_total", "", nil)
	events.WithLabels(engine.Labels{"kind": "timer_expiry"}).Inc()
	events.WithLabels(engine.Labels{"kind": "io", "device": "sda"}).Inc()
	show(r)
	// Output:
	// # TYPE events_total counter
	// events_total{kind="timer_expiry"} 1
	// events_total{device="sda",kind="io"} 1
}

func ExampleCounterOf() {
	type route struct {
		Method     string
		StatusCode int `label:"code"`
		Cached     bool
	}
	r := engine.NewRegistry()
	hits, _ := engine.RegisterCounterOf[route](r, "hits_total", "")
	hits.With(route{"GET", 200, true}).Inc()
	hits.With(route{Method: "GET", StatusCode: 200, Cached: true}).Inc()
	show(r)
	// Output:
	// # TYPE hits_total counter
	// hits_total{method="GET",code="200",cached="true"} 2
}

func ExampleGauge() {
	r := engine.NewRegistry()
	inflight, _ := r.NewGauge("in_flight", "")
	inflight.Inc()
	inflight.Add(5)
	inflight.Dec()
	inflight.Sub(2)
	fmt.Println(inflight.Value())
	inflight.Set(0.5)
	fmt.Println(inflight.Value())
	// Output:
	// 3
	// 0.5
}

func ExampleGaugeVec() {
	r := engine.NewRegistry()
	temperature, _ := r.NewGaugeVec("room_celsius", "", []string{"room"}, engine.WithUnit("celsius"))
	temperature.With("kitchen").Set(21.5)
	show(r)
	// Output:
	// # TYPE room_celsius gauge
	// room_celsius{room="kitchen"} 21.5
}

func ExampleGaugeOf() {
	type disk struct{ Device string }
	r := engine.NewRegistry()
	free, _ := engine.RegisterGaugeOf[disk](r, "free_bytes", "")
	free.With(disk{"sda"}).Set(4096)
	fmt.Println(free.With(disk{"sda"}).Value(), free.Delete(disk{"sda"}), free.Delete(disk{"sda"}))
	// Output: 4096 true false
}

func ExampleHistogram() {
	r := engine.NewRegistry()
	latency, _ := r.NewHistogram("latency_seconds", "", engine.WithBuckets(0.1, 0.5, 1))
	for _, seconds := range []float64{0.05, 0.1, 0.25, 3} {
		latency.Observe(seconds)
	}
	fmt.Println("median:", latency.Quantile(0.5))
	show(r)
	// Output:
	// median: 0.1
	// # TYPE latency_seconds histogram
	// latency_seconds_bucket{le="0.1"} 2
	// latency_seconds_bucket{le="0.5"} 3
	// latency_seconds_bucket{le="1"} 3
	// latency_seconds_bucket{le="+Inf"} 4
	// latency_seconds_sum 3.4
	// latency_seconds_count 4
}

func ExampleHistogram_Snapshot() {
	r := engine.NewRegistry()
	latency, _ := r.NewHistogram("latency_seconds", "", engine.WithBuckets(0.1, 1))
	latency.Observe(0.5)
	latency.Observe(2)
	s := latency.Snapshot() // buckets, count and sum belong to the same observations
	fmt.Println(s.Bounds, s.Counts, s.Count, s.Sum)
	// Output: [0.1 1] [0 1 1] 2 2.5
}

func ExampleHistogramVec() {
	r := engine.NewRegistry()
	sizes, _ := r.NewHistogramVec("size_bytes", "", []string{"kind"}, engine.WithBuckets(1024))
	sizes.With("image").Observe(300)
	show(r)
	// Output:
	// # TYPE size_bytes histogram
	// size_bytes_bucket{kind="image",le="1024"} 1
	// size_bytes_bucket{kind="image",le="+Inf"} 1
	// size_bytes_sum{kind="image"} 300
	// size_bytes_count{kind="image"} 1
}

func ExampleHistogramOf() {
	type queue struct {
		Name  string
		Shard uint8
	}
	r := engine.NewRegistry()
	wait, _ := engine.RegisterHistogramOf[queue](r, "wait_seconds", "")
	wait.With(queue{"mail", 3}).Observe(0.2)
	fmt.Println(wait.With(queue{"mail", 3}).Snapshot().Count)
	// Output: 1
}

func ExampleSummary() {
	r := engine.NewRegistry()
	payload, _ := r.NewSummary("payload_bytes", "",
		engine.WithObjectives(map[float64]float64{0.5: 0.01, 0.9: 0.01}), // each quantile and its rank error
		engine.WithMaxAge(0)) // quantiles of all observations, not those of the last 10 minutes
	for range 100 {
		payload.Observe(512)
	}
	show(r)
	// Output:
	// # TYPE payload_bytes summary
	// payload_bytes{quantile="0.5"} 512
	// payload_bytes{quantile="0.9"} 512
	// payload_bytes_sum 51200
	// payload_bytes_count 100
}

func ExampleSummary_Snapshot() {
	r := engine.NewRegistry()
	payload, _ := r.NewSummary("payload_bytes", "", engine.WithObjectives(map[float64]float64{0.5: 0.01}))
	payload.Observe(1)
	payload.Observe(2)
	payload.Observe(3)
	s := payload.Snapshot()
	fmt.Println(s.Quantiles[0.5], s.Count, s.Sum)
	// Output: 2 3 6
}

func ExampleSummaryVec() {
	r := engine.NewRegistry()
	payload, _ := r.NewSummaryVec("payload_bytes", "", []string{"kind"})
	payload.With("image").Observe(300)
	fmt.Println(payload.With("image").Quantile(0.99))
	// Output: 300
}

func ExampleSummaryOf() {
	type kind struct{ Kind string }
	r := engine.NewRegistry()
	payload, _ := engine.RegisterSummaryOf[kind](r, "payload_bytes", "", engine.WithObjectives(map[float64]float64{}))
	payload.With(kind{"image"}).Observe(300)
	show(r) // without objectives there are only sum and count
	// Output:
	// # TYPE payload_bytes summary
	// payload_bytes_sum{kind="image"} 300
	// payload_bytes_count{kind="image"} 1
}

func ExampleCounterFunc() {
	r := engine.NewRegistry()
	rows := 0.0 // a total that the program keeps itself
	total, _ := r.NewCounterFunc("rows_total", "", func() float64 { return rows })
	rows = 7
	fmt.Println(total.Value())
	// Output: 7
}

func ExampleGaugeFunc() {
	r := engine.NewRegistry()
	queue := make(chan int, 8)
	_, _ = r.NewGaugeFunc("queue_length", "", func() float64 { return float64(len(queue)) })
	queue <- 1
	show(r)
	// Output:
	// # TYPE queue_length gauge
	// queue_length 1
}

func ExampleRegistry_All() {
	r := engine.NewRegistry(engine.WithPrefix("app_"))
	v, _ := r.NewCounterVec("requests_total", "Requests.", []string{"code"})
	v.With("200")
	v.With("404")
	_, _ = r.NewGauge("depth_bytes", "", engine.WithUnit("bytes"))
	for info := range r.All() {
		fmt.Println(info.Type, info.Name, info.Unit, info.Labels, info.Series)
	}
	// Output:
	// gauge app_depth_bytes bytes [] 1
	// counter app_requests_total  [code] 2
}

func ExampleRegistry_UnregisterMetric() {
	r := engine.NewRegistry()
	conns := func(pool string) *engine.Gauge {
		gauge, _ := r.NewGauge("conns", "", engine.WithConstLabels(engine.Labels{"pool": pool}))
		return gauge
	}
	a, _ := conns("a"), conns("b")
	fmt.Println(r.UnregisterMetric(a), r.UnregisterMetric(a)) // pool a is closed
	for info := range r.All() {
		fmt.Println(info.Name, info.Const)
	}
	// Output:
	// true false
	// conns map[pool:b]
}

func ExampleRegistry_UnregisterCollector() {
	r := engine.NewRegistry()
	c := &poolCollector{pool: new(pool)}
	if err := r.Register(c); err != nil {
		fmt.Println(err)
	}
	fmt.Println(r.UnregisterCollector(c), r.UnregisterCollector(c))
	// Output:
	// true false
}

func ExampleExposition() {
	r := engine.NewRegistry(engine.WithClock(func() time.Time { return time.Unix(1_700_000_000, 0) }))
	jobs, _ := r.NewCounter("jobs_total", "Jobs done.")
	_, _ = r.NewGauge("depth", "")
	jobs.Inc()
	r.Expose(os.Stdout, engine.Exposition{Format: openMetrics, Names: []string{"jobs_total"}, Created: true})
	// Output:
	// # HELP jobs Jobs done.
	// # TYPE jobs counter
	// jobs_total 1
	// jobs_created 1700000000
	// # EOF
}

func ExampleWithMaxSeries() {
	r := engine.NewRegistry()
	users, _ := r.NewCounterVec("users_total", "", []string{"user"}, engine.WithMaxSeries(2))
	for _, user := range []string{"ada", "bob", "cyd", "dan"} {
		users.With(user).Inc()
	}
	show(r)
	// Output:
	// # TYPE users_total counter
	// users_total{user="ada"} 1
	// users_total{user="bob"} 1
	// users_total{user="__overflow__"} 2
}

// instrumented takes a histogram or a summary.
func instrumented(o engine.Observer) {
	defer engine.StartTimer(o).Stop()
}

func ExampleTimer() {
	r := engine.NewRegistry()
	latency, _ := r.NewHistogram("latency_seconds", "")
	instrumented(latency)
	func() {
		defer latency.Start().Stop()
	}()
	fmt.Println(latency.Snapshot().Count)
	// Output: 2
}

func ExampleTimed() {
	r := engine.NewRegistry()
	latency, _ := r.NewSummary("latency_seconds", "")
	work := engine.Timed(latency, func() error { return nil })
	fmt.Println(work(), latency.Snapshot().Count)
	// Output: <nil> 1
}

// pool keeps its own statistics.
type pool struct{ idle, busy, taken int }

// poolCollector exposes the statistics of a pool.
type poolCollector struct {
	pool         *pool
	conns, taken engine.Collected
}

func (c *poolCollector) Define(d *engine.Definitions) {
	c.conns = d.Gauge("pool_connections", "Connections.", []string{"state"})
	c.taken = d.Counter("pool_taken_total", "", nil)
}

func (c *poolCollector) Collect(e *engine.Emission) {
	e.Emit(c.conns, float64(c.pool.idle), "idle")
	e.Emit(c.conns, float64(c.pool.busy), "busy")
	e.Emit(c.taken, float64(c.pool.taken))
}

func ExampleCollector() {
	r := engine.NewRegistry()
	if err := r.Register(&poolCollector{pool: &pool{idle: 3, busy: 1, taken: 40}}); err != nil {
		fmt.Println(err)
	}
	show(r)
	// Output:
	// # HELP pool_connections Connections.
	// # TYPE pool_connections gauge
	// pool_connections{state="idle"} 3
	// pool_connections{state="busy"} 1
	// # TYPE pool_taken_total counter
	// pool_taken_total 40
}

// A program registers collectors when it starts, and cannot go on if that fails.
func ExampleMustRegister() {
	engine.MustRegister(&poolCollector{pool: &pool{idle: 3, busy: 1, taken: 40}})
	defer engine.Default().Clear()
	engine.Default().Expose(os.Stdout, engine.Exposition{Names: []string{"pool_taken_total"}})
	// Output:
	// # TYPE pool_taken_total counter
	// pool_taken_total 40
}

// The error of a definition wraps one of the variables, by which a program can tell what is wrong.
func ExampleErrOption() {
	r := engine.NewRegistry()
	for _, define := range []func() error{
		func() error { _, err := r.NewCounterVec("a_total", "", []string{"a-b"}); return err },
		func() error { _, err := r.NewHistogram("b", "", engine.WithBuckets(2, 1)); return err },
		func() error {
			_, err := r.NewSummary("c", "", engine.WithObjectives(map[float64]float64{99: 0.01}))
			return err
		},
		func() error { _, err := r.NewGauge("d", "", engine.WithBuckets(1, 2)); return err },
	} {
		err := define()
		switch {
		case errors.Is(err, engine.ErrLabel):
			fmt.Println("a label")
		case errors.Is(err, engine.ErrBuckets):
			fmt.Println("the buckets")
		case errors.Is(err, engine.ErrObjectives):
			fmt.Println("the objectives")
		case errors.Is(err, engine.ErrOption):
			fmt.Println("an option that does not fit")
		}
	}
	// Output:
	// a label
	// the buckets
	// the objectives
	// an option that does not fit
}

func ExampleCounterVec_LookupLabels() {
	r := engine.NewRegistry(engine.WithLogger(slog.New(slog.DiscardHandler)))
	jobs, _ := r.NewCounterVec("jobs_total", "Jobs that ended.", nil, engine.WithMaxSeries(1))
	for _, queue := range []string{"mail", "print"} {
		c, own := jobs.LookupLabels(engine.Labels{"queue": queue})
		c.Inc()
		fmt.Println(queue, own)
	}
	// Output:
	// mail true
	// print false
}

func ExampleCounterVec_DeleteLabels() {
	r := engine.NewRegistry()
	events, _ := r.NewCounterVec("events_total", "", nil) // open label sets can only be deleted by name
	events.WithLabels(engine.Labels{"kind": "io", "device": "sda"}).Inc()
	fmt.Println(events.DeleteLabels(engine.Labels{"device": "sda", "kind": "io"}))
	// Output: true
}

func ExampleCounterOf_Reset() {
	type route struct{ Method string }
	r := engine.NewRegistry()
	hits, _ := engine.RegisterCounterOf[route](r, "hits_total", "")
	hits.With(route{"GET"}).Inc()
	hits.Reset()
	fmt.Println(hits.With(route{"GET"}).Value())
	// Output: 0
}

func ExampleGaugeFunc_Value() {
	r := engine.NewRegistry()
	depth, _ := r.NewGaugeFunc("depth", "", func() float64 { return 3 })
	broken, _ := r.NewGaugeFunc("broken", "", func() float64 { panic("no value") })
	fmt.Println(depth.Value(), broken.Value())
	// Output: 3 NaN
}

// A native histogram needs no bounds. Its snapshot has runs of buckets of one width each.
func ExampleHistogram_Snapshot_native() {
	r := engine.NewRegistry()
	latency, _ := r.NewHistogram("latency_seconds", "", engine.WithNative(histogram.NativeDefaults()))
	latency.Observe(1)
	latency.Observe(1)
	latency.Observe(0)
	s := latency.Snapshot()
	fmt.Println(s.Count, s.Native.Schema, s.Native.ZeroCount, s.Native.Positive.Spans)
	// Output: 3 3 1 [{0 1}]
}

func ExampleSummary_Start() {
	r := engine.NewRegistry()
	latency, _ := r.NewSummary("latency_seconds", "")
	func() {
		defer latency.Start().Stop()
	}()
	fmt.Println(latency.Snapshot().Count)
	// Output: 1
}

// Sessions come and go, and so do their series.
func ExampleWithExpiry() {
	now := time.Unix(1_700_000_000, 0)
	r := engine.NewRegistry(engine.WithClock(func() time.Time { return now }))
	requests := engine.Must(r.NewCounterVec("requests_total", "Requests.", []string{"session"},
		engine.WithExpiry(10*time.Minute)))
	page := func() {
		if _, err := r.Expose(os.Stdout, engine.Exposition{NoSelf: true}); err != nil {
			fmt.Println(err)
		}
	}
	ada := requests.With("ada")
	ada.Inc()
	requests.With("bob").Inc()
	page()

	now = now.Add(10 * time.Minute)
	page()    // both have left
	ada.Inc() // by a handle from before
	fmt.Println("after another Inc:")
	page()
	// Output:
	// # HELP requests_total Requests.
	// # TYPE requests_total counter
	// requests_total{session="ada"} 1
	// requests_total{session="bob"} 1
	// after another Inc:
	// # HELP requests_total Requests.
	// # TYPE requests_total counter
	// requests_total{session="ada"} 2
}

func ExampleWithUTF8Names() {
	reg := engine.NewRegistry(engine.WithUTF8Names())
	requests := engine.Must(reg.NewCounterVec("http.server.requests", "", []string{"http.method"}))
	requests.With("GET").Add(3)
	for _, escaping := range []encode.Escaping{encode.UnderscoresEscaping, encode.NoEscaping} {
		fmt.Println("#", encode.Text.EscapedContentType(escaping))
		_, err := reg.Expose(os.Stdout, engine.Exposition{Escaping: escaping, NoSelf: true})
		if err != nil {
			panic(err)
		}
	}
	// Output:
	// # text/plain; version=0.0.4; charset=utf-8; escaping=underscores
	// # TYPE http_server_requests counter
	// http_server_requests{http_method="GET"} 3
	// # text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8
	// # TYPE "http.server.requests" counter
	// {"http.server.requests","http.method"="GET"} 3
}
