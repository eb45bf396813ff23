// SPDX-License-Identifier: Apache-2.0

// Handler adds metrics to a server of one's own, in two ways: with the handler that does everything, and with a handler
// written around export.Render, for frameworks and answers of one's own.
//
//	go run ./examples/handler
//	curl http://127.0.0.1:8000/
//	curl http://127.0.0.1:8000/metrics
//	curl http://127.0.0.1:8000/own/metrics
package main

import (
	"bytes"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export"
)

var events = engine.NewCounterVec("events_total", "Number of events.", []string{"path"})

func main() {
	addr := flag.String("addr", "127.0.0.1:8000", "`address` to listen on; with port 0 the system chooses one")
	flag.Parse()
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("Serving metrics on: http://%s/metrics\n", listener.Addr())

	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", hello)
	mux.Handle("/metrics", export.Handler(engine.Default()))
	mux.HandleFunc("GET /own/metrics", ownMetrics)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second}
	log.Fatal(server.Serve(listener))
}

func hello(w http.ResponseWriter, _ *http.Request) {
	events.With("/").Inc()
	fmt.Fprintln(w, "Hello")
}

// ownMetrics renders a page in the format that the Accept headers ask for. The page is in memory before any of it is sent,
// so that an error can still become one. export.Handler needs no such copy, compresses, and bounds slow readers.
func ownMetrics(w http.ResponseWriter, r *http.Request) {
	var page bytes.Buffer
	contentType, err := export.Render(&page, engine.Default(), r.Header.Values("Accept")...)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", contentType)
	_, _ = page.WriteTo(w) // a client that has gone away is no business of ours
}
