package register // want `5 metrics can move to engine`

import (
	"os"

	"github.com/quipu-metrics/quipu/contrib/clientgolang/prometheus"
)

var (
	first  = prometheus.NewCounter(prometheus.CounterOpts{Name: "first_total", Help: "First."})
	second = prometheus.NewCounter(prometheus.CounterOpts{Name: "second_total", Help: "Second."})
	third  = prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "third"}, func() float64 { return 3 })
	fourth = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "fourth_total", Help: "Fourth."}, []string{"a"})

	nowhere     = prometheus.NewCounter(prometheus.CounterOpts{Name: "nowhere_total"})   // want `stays: it is not registered by prometheus.MustRegister in this package`
	sometimes   = prometheus.NewCounter(prometheus.CounterOpts{Name: "sometimes_total"}) // want `stays: whether it is registered depends on how the program goes on`
	later       = prometheus.NewCounter(prometheus.CounterOpts{Name: "later_total"})     // want `stays: whether it is registered depends on how the program goes on`
	twice       = prometheus.NewCounter(prometheus.CounterOpts{Name: "twice_total"})     // want `stays: it is made or registered in several places`
	own         = prometheus.NewCounter(prometheus.CounterOpts{Name: "own_total"})       // want `stays: it is passed to a function`
	afterReturn = prometheus.NewCounter(prometheus.CounterOpts{Name: "after_total"})     // want `stays: whether it is registered depends on how the program goes on`
)

// init registers the first one only.
func init() {
	prometheus.MustRegister(first)
}

func init() {
	prometheus.MustRegister(
		second,
		third,
		fourth,
	)
}

func init() {
	if os.Getenv("METRICS") == "" {
		prometheus.MustRegister(sometimes)
		return
	}
	prometheus.DefaultRegisterer.MustRegister(afterReturn)
	prometheus.NewRegistry().MustRegister(own)
	prometheus.MustRegister(twice)
}

// Start is called or not.
func Start() {
	prometheus.MustRegister(later)
	prometheus.MustRegister(twice)
	local := prometheus.NewGauge(prometheus.GaugeOpts{Name: "local", Help: "Local."})
	prometheus.DefaultRegisterer.MustRegister(local)
	local.Set(1)
	var other prometheus.Gauge
	other = prometheus.NewGauge(prometheus.GaugeOpts{Name: "other"})
	prometheus.MustRegister(other)
	other.Inc()
	first.Inc()
	second.Inc()
	fourth.WithLabelValues("b").Inc()
}
