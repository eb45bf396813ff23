// SPDX-License-Identifier: Apache-2.0

// Importpath is the shop of the example before with other import paths, and no other change. Its
// metrics are updated as those of quipu are, and its page is the same.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"

	"github.com/quipu-metrics/quipu/contrib/clientgolang/promauto"
	"github.com/quipu-metrics/quipu/contrib/clientgolang/prometheus"
	"github.com/quipu-metrics/quipu/contrib/clientgolang/promhttp"
)

var (
	orders = promauto.NewCounterVec(prometheus.CounterOpts{
		Name: "shop_orders_total",
		Help: "Orders placed.",
	}, []string{"item"})
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
	orders.WithLabelValues(r.PathValue("item")).Inc()
	fmt.Fprintln(w, "ordered")
}

func main() {
	addr := flag.String("addr", "127.0.0.1:8000", "`address` to serve on")
	flag.Parse()
	http.HandleFunc("POST /orders/{item}", order)
	http.Handle("/metrics", promhttp.Handler())
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("Serving metrics on: http://%s/metrics\n", listener.Addr())
	log.Fatal(http.Serve(listener, nil))
}
