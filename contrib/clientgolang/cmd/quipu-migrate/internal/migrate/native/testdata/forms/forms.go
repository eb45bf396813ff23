// Package forms has the forms that move.
package forms // want `19 metrics can move to engine`

import (
	"fmt"
	"time"

	"github.com/quipu-metrics/quipu/contrib/clientgolang/promauto"
	"github.com/quipu-metrics/quipu/contrib/clientgolang/prometheus"
)

const (
	namespace = "forms"
	help      = "Requests."
)

var requests = promauto.NewCounterVec(prometheus.CounterOpts{
	Namespace: namespace,
	Name:      "requests_total",
	Help:      help,
}, []string{"method", "code"})

var commented = promauto.NewHistogram(prometheus.HistogramOpts{
	Name: "commented", // the name
	Help: "C.",

	// lowest bucket 1 ms
	// highest bucket 4 ms
	Buckets: prometheus.ExponentialBuckets(0.001, 2, 3),
})

var plain = promauto.NewCounter(prometheus.CounterOpts{Name: "plain_total"})

var joined = promauto.NewCounter(prometheus.CounterOpts{Namespace: "a", Subsystem: "b", Name: "c_total", Help: "C."})

var (
	depth prometheus.Gauge = promauto.NewGauge(prometheus.GaugeOpts{
		Name: "depth", Help: "Jobs.", ConstLabels: prometheus.Labels{"queue": "mail"},
	})
	sizes = promauto.NewHistogram(prometheus.HistogramOpts{
		Name: "sizes_bytes", Help: "Sizes.", Buckets: []float64{1, 10, 1e2},
	})
	latency = promauto.NewHistogramVec(prometheus.HistogramOpts{
		Name: "latency_seconds", Help: "Latency.", Buckets: prometheus.ExponentialBuckets(1, 2, 3),
	}, []string{"route"})
	defaults  = promauto.NewHistogram(prometheus.HistogramOpts{Name: "defaults", Help: "D.", Buckets: prometheus.DefBuckets})
	durations = promauto.NewSummary(prometheus.SummaryOpts{Name: "durations_seconds", Help: "Durations."})
	ages      = promauto.NewSummaryVec(prometheus.SummaryOpts{
		Name: "ages_seconds", Help: "Ages.", Objectives: map[float64]float64{0.5: 0.05},
	}, []string{"of"})
	// one and two share their type.
	one, two prometheus.Counter = promauto.NewCounter(prometheus.CounterOpts{Name: "one_total"}),
		promauto.NewCounter(prometheus.CounterOpts{Name: "two_total"})
	get  = requests.WithLabelValues("GET", "200")
	late prometheus.Counter
	dflt = promauto.With(prometheus.DefaultRegisterer).NewGauge(prometheus.GaugeOpts{Name: "dflt"})
)

type server struct {
	inflight prometheus.Gauge
	errors   *prometheus.CounterVec
	a, b     prometheus.Counter
	hits     prometheus.Counter
}

func newServer() *server {
	late = promauto.NewCounter(prometheus.CounterOpts{Name: "late_total"})
	s := &server{
		inflight: promauto.NewGauge(prometheus.GaugeOpts{Name: "inflight", Help: "In flight."}),
		a:        promauto.NewCounter(prometheus.CounterOpts{Name: "a_total"}),
		hits:     requests.WithLabelValues("GET", "hit"),
	}
	s.errors = promauto.NewCounterVec(prometheus.CounterOpts{Name: "errors_total"}, []string{"kind"})
	s.b = promauto.NewCounter(prometheus.CounterOpts{Name: "b_total"})
	return s
}

type copies struct {
	vec    *prometheus.CounterVec
	series prometheus.Counter
	one    prometheus.Counter
}

func newCopies() *copies {
	vec := promauto.NewCounterVec(prometheus.CounterOpts{Name: "copies_total"}, []string{"of"})
	series := vec.WithLabelValues("a")
	c := &copies{vec: vec, series: series}
	c.one = one
	return c
}

func (c *copies) count() {
	c.vec.With(prometheus.Labels{"of": "b"}).Inc()
	c.series.Inc()
	c.one.Inc()
}

func (s *server) handle(method string, body []byte, n int) {
	s.inflight.Inc()
	defer s.inflight.Dec()
	start := time.Now()
	requests.WithLabelValues(method, fmt.Sprint(200)).Inc()
	requests.With(prometheus.Labels{"method": method, "code": "200"}).Add(2)
	requests.With(prometheus.Labels{"code": "200", "method": method}).Inc()
	requests.With(prometheus.Labels{"code": fmt.Sprint(1), "method": fmt.Sprint(2)}).Inc()
	requests.With(prometheus.Labels{
		"method": fmt.Sprint(1),
		"code":   fmt.Sprint(2),
	}).Inc()
	requests.DeleteLabelValues(method, "200")
	requests.Reset()
	requests.WithLabelValues("made", "")
	c := requests.WithLabelValues("POST", "200")
	c.Inc()
	get.Inc()
	(get).Add(0.5)
	s.hits.Add(float64(len(body)))
	s.errors.WithLabelValues("io").Inc()
	s.a.Add(float64(uint32(n)))
	s.b.Inc()
	if late != nil {
		late.Inc()
	}
	one.Inc()
	two.Inc()
	plain.Inc()
	joined.Add(0)
	depth.Set(1)
	depth.Add(float64(n))
	dflt.SetToCurrentTime()
	sizes.Observe(float64(len(body)))
	elapsed := time.Since(start).Seconds()
	latency.WithLabelValues("/").Observe(elapsed)
	latency.With(prometheus.Labels{"route": "/"}).Observe(time.Since(start).Seconds() * 1e3)
	defaults.Observe(-1)
	durations.Observe(float64(time.Since(start)) / float64(time.Millisecond))
	timer := prometheus.NewTimer(latency.WithLabelValues("/timer"))
	timer.ObserveDuration()
	defer prometheus.NewTimer(durations).ObserveDuration()
	ages.WithLabelValues("x").Observe(1)
}
