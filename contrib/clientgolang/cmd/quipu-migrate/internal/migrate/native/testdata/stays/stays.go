// Package stays has metrics that do not move.
package stays

import (
	"io"
	"math"
	"net/http"

	"github.com/quipu-metrics/quipu/contrib/clientgolang/promauto"
	"github.com/quipu-metrics/quipu/contrib/clientgolang/prometheus"
)

func name() string { return "name" }

var labels = []string{"a"}

var (
	Exported                        = promauto.NewCounter(prometheus.CounterOpts{Name: "exported"})                                // want `stays: it is kept in an exported variable or field`
	computed                        = promauto.NewCounter(prometheus.CounterOpts{Name: name()})                                    // want `stays: Name is no constant`
	helped                          = promauto.NewCounter(prometheus.CounterOpts{Name: "a", Help: name()})                         // want `stays: Help is no constant`
	utf8                            = promauto.NewCounter(prometheus.CounterOpts{Name: "näme"})                                    // want `stays: engine does not accept it`
	empty                           = promauto.NewCounter(prometheus.CounterOpts{Namespace: "x"})                                  // want `stays: Name is empty`
	open                            = promauto.NewCounterVec(prometheus.CounterOpts{Name: "open"}, []string{})                     // want `stays: the label names are not a literal of constants`
	variable                        = promauto.NewCounterVec(prometheus.CounterOpts{Name: "variable"}, labels)                     // want `stays: the label names are not a literal of constants`
	native                          = promauto.NewHistogram(prometheus.HistogramOpts{Name: "n", NativeHistogramBucketFactor: 1.1}) // want `stays: there is no rule for the option NativeHistogramBucketFactor`
	added                           = promauto.NewCounter(prometheus.CounterOpts{Name: "added"})                                   // want `stays: Add may get a negative number`
	product                         = promauto.NewCounter(prometheus.CounterOpts{Name: "product"})                                 // want `stays: Add may get a negative number`
	observed                        = promauto.NewHistogram(prometheus.HistogramOpts{Name: "observed"})                            // want `stays: Observe may get NaN`
	few                             = promauto.NewCounterVec(prometheus.CounterOpts{Name: "few"}, []string{"a", "b"})              // want `stays: a lookup has 1 values for 2 labels|stays: a lookup gets its values from a call`
	spread                          = promauto.NewCounterVec(prometheus.CounterOpts{Name: "spread"}, []string{"a", "b"})           // want `stays: a lookup gets its values from a slice`
	wrong                           = promauto.NewCounterVec(prometheus.CounterOpts{Name: "wrong"}, []string{"a"})                 // want `stays: With gets the labels \["b"\], and the metric has \["a"\]`
	unknown                         = promauto.NewCounterVec(prometheus.CounterOpts{Name: "unknown"}, []string{"a"})               // want `stays: With gets labels that are no literal`
	curried                         = promauto.NewCounterVec(prometheus.CounterOpts{Name: "curried"}, []string{"a"})               // want `stays: engine has no method like MustCurryWith of CounterVec`
	passed                          = promauto.NewCounter(prometheus.CounterOpts{Name: "passed"})                                  // want `stays: it is passed to take`
	returned                        = promauto.NewCounter(prometheus.CounterOpts{Name: "returned"})                                // want `stays: it is returned by a function`
	copied                          = promauto.NewCounter(prometheus.CounterOpts{Name: "copied"})                                  // want `stays: it is declared with a type that is no metric's`
	addressed                       = promauto.NewCounter(prometheus.CounterOpts{Name: "addressed"})                               // want `stays: it is copied or used as a value`
	method                          = promauto.NewCounter(prometheus.CounterOpts{Name: "method"})                                  // want `stays: the method Inc is used as a value`
	series                          = promauto.NewCounterVec(prometheus.CounterOpts{Name: "series"}, []string{"a"})                // want `stays: it is copied or used as a value|stays: it is kept in an element`
	escaping                        = promauto.NewCounterVec(prometheus.CounterOpts{Name: "escaping"}, []string{"a"})              // want `stays: it is returned by a function`
	observer                        = promauto.NewHistogramVec(prometheus.HistogramOpts{Name: "observer"}, []string{"a"})          // want `stays: it is declared with a type that is no metric's`
	collector  prometheus.Collector = promauto.NewCounter(prometheus.CounterOpts{Name: "collector"})                               // want `stays: it is declared with a type that is no metric's`
	written                         = promauto.NewCounter(prometheus.CounterOpts{Name: "written"})                                 // want `stays: engine has no method like Describe of Counter`
	clash                           = promauto.NewGauge(prometheus.GaugeOpts{Name: "exported"})                                    // want `stays: another metric of this name stays`
	registered                      = promauto.With(prometheus.NewRegistry()).NewGauge(prometheus.GaugeOpts{Name: "registered"})   // want `stays: its registry is not the default one`
	commented                       = promauto.NewGauge(prometheus.GaugeOpts{                                                      // want `stays: a comment stands inside an option`
		Name: "commented" + // a comment
			"",
	})
)

var (
	_ = promauto.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "x", Name: "func", ConstLabels: prometheus.Labels{"a": "1"}}, nil)
	_ = prometheus.NewDesc(prometheus.BuildFQName("x", "", "desc"), "", nil, nil)
	_ = prometheus.NewDesc("desc", "", nil, nil)

	sameFunc = promauto.NewGauge(prometheus.GaugeOpts{Name: "x_func"})                 // want `stays: another metric of this name stays`
	sameDesc = promauto.NewGauge(prometheus.GaugeOpts{Namespace: "x", Name: "desc"})   // want `stays: another metric of this name stays`
	ofDesc   = promauto.NewGaugeVec(prometheus.GaugeOpts{Name: "desc"}, []string{"a"}) // want `stays: another metric of this name stays`
)

var byName = map[string]prometheus.Counter{
	"a": promauto.NewCounter(prometheus.CounterOpts{Name: "element"}), // want `stays: it is not kept in a variable of its own`
}

var kept = map[string]prometheus.Counter{"a": series.WithLabelValues("a")}

type positional struct{ c prometheus.Counter }

var byPosition = positional{promauto.NewCounter(prometheus.CounterOpts{Name: "position"})} // want `stays: it is not kept in a variable of its own`

type embedding struct{ prometheus.Counter }

func newEmbedding() *embedding {
	return &embedding{Counter: promauto.NewCounter(prometheus.CounterOpts{Name: "embedded"})} // want `stays: it is kept in an exported variable or field`
}

type generic[T any] struct{ c prometheus.Counter }

func newGeneric() *generic[int] {
	return &generic[int]{c: promauto.NewCounter(prometheus.CounterOpts{Name: "generic"})} // want `stays: its declaration is not in this package's source|stays: it is kept in a generic type`
}

func take(prometheus.Counter) {}

func give() prometheus.Counter { return returned }

func series2() prometheus.Counter { return escaping.WithLabelValues("a") }

func two() (string, string) { return "a", "b" }

func use(n int, f float64, l prometheus.Labels) {
	added.Add(float64(n))
	product.Add(float64(uint(n)-1+uint(n)) * f)
	observed.Observe(math.Sqrt(f))
	few.WithLabelValues(two()).Inc()
	spread.WithLabelValues(labels...).Inc()
	wrong.With(prometheus.Labels{"b": "x"}).Inc()
	unknown.With(l).Inc()
	curried.MustCurryWith(prometheus.Labels{"a": "b"})
	take(passed)
	var other any = copied
	_ = other
	_ = &addressed
	inc := method.Inc
	inc()
	var o prometheus.Observer = observer.WithLabelValues("a")
	o.Observe(1)
	written.Describe(nil)
	http.Handle("/", nil)
	_ = io.EOF
	clash.Set(1)
	sameFunc.Set(1)
	sameDesc.Set(1)
	ofDesc.WithLabelValues("a").Set(1)
	_, _, _, _, _, _, _, _, _ = helped, utf8, empty, open, variable, native, registered, commented, labels
}
