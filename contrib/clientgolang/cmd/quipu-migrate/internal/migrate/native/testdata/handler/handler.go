package main // want `1 metrics can move to engine`

import (
	"log"
	"net/http"

	"github.com/quipu-metrics/quipu/contrib/clientgolang/bridge"
	"github.com/quipu-metrics/quipu/contrib/clientgolang/prometheus"
	"github.com/quipu-metrics/quipu/contrib/clientgolang/promhttp"
	quipu "github.com/quipu-metrics/quipu/engine"
)

var engine = prometheus.NewCounter(prometheus.CounterOpts{Name: "engine_total", Help: "The name of a package is taken."})

func main() {
	prometheus.MustRegister(engine)
	engine.Inc()
	http.Handle("/own", promhttp.HandlerFor(prometheus.DefaultGatherer, promhttp.HandlerOpts{}))
	already := prometheus.Gatherers{prometheus.DefaultGatherer, bridge.Gatherer(quipu.Default())}
	http.Handle("/both", promhttp.HandlerFor(already, promhttp.HandlerOpts{}))
	http.Handle("/metrics", promhttp.Handler())
	log.Fatal(http.ListenAndServe("127.0.0.1:0", nil))
}
