// SPDX-License-Identifier: Apache-2.0

// Native is the shop of the example before, written with quipu's own packages.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/engine/collect"
	"github.com/quipu-metrics/quipu/export"
)

var (
	orders   = engine.NewCounterVec("shop_orders_total", "Orders placed.", []string{"item"})
	open     = engine.NewGauge("shop_orders_open", "Orders that are being placed.")
	duration = engine.NewHistogram("shop_order_duration_seconds", "Time to place an order.")
)

func order(w http.ResponseWriter, r *http.Request) {
	open.Inc()
	defer open.Dec()
	defer duration.Start().Stop()
	orders.With(r.PathValue("item")).Inc()
	fmt.Fprintln(w, "ordered")
}

func main() {
	addr := flag.String("addr", "127.0.0.1:8000", "`address` to serve on")
	flag.Parse()
	for _, err := range []error{collect.Go(engine.Default()), collect.Process(engine.Default())} {
		if err != nil {
			log.Fatal(err)
		}
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
