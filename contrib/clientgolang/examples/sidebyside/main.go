// SPDX-License-Identifier: Apache-2.0

// Sidebyside is the shop of the example before after its hottest metric has moved to quipu. What is
// left with client_golang, and what libraries register there, stands on the same page.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/quipu-metrics/quipu/contrib/clientgolang/bridge"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export"
)

var orders = engine.NewCounterVec("shop_orders_total", "Orders placed.", []string{"item"})

var (
	open = promauto.NewGauge(prometheus.GaugeOpts{
		Name: "shop_orders_open",
		Help: "Orders that are being placed.",
	})
	duration = promauto.NewHistogram(prometheus.HistogramOpts{
		Name: "shop_order_duration_seconds",
		Help: "Time to place an order.",
	})
)

func order(w http.ResponseWriter, r *http.Request) {
	open.Inc()
	defer open.Dec()
	defer prometheus.NewTimer(duration).ObserveDuration()
	orders.With(r.PathValue("item")).Inc()
	fmt.Fprintln(w, "ordered")
}

func main() {
	addr := flag.String("addr", "127.0.0.1:8000", "`address` to serve on")
	flag.Parse()
	if err := bridge.Attach(engine.Default(), prometheus.DefaultGatherer); err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("POST /orders/{item}", order)
	http.Handle("/metrics", export.Handler(engine.Default()))
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("Serving metrics on: http://%s/metrics\n", listener.Addr())
	log.Fatal(http.Serve(listener, nil))
}
