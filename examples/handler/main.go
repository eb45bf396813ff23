// SPDX-License-Identifier: Apache-2.0

// Handler adds metrics to a program's own HTTP server in two ways: with export.Handler, and with a
// handler that calls export.Render, for web frameworks that have handlers of another type.
//
//	go run ./examples/handler
//	curl http://127.0.0.1:8000/
//	curl http://127.0.0.1:8000/metrics
//	curl http://127.0.0.1:8000/own/metrics
package main

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/examples/internal/run"
	"github.com/quipu-metrics/quipu/export"
)

var events = engine.NewCounterVec("events_total", "Number of events.", []string{"path"})

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", hello)
	mux.Handle("/metrics", export.Handler(engine.Default()))
	mux.HandleFunc("GET /own/metrics", ownMetrics)
	run.Server(mux)
}

func hello(w http.ResponseWriter, _ *http.Request) {
	events.With("/").Inc()
	fmt.Fprintln(w, "Hello")
}

// ownMetrics renders a page in the format that the Accept headers ask for. It renders the whole
// page before it sends any of it, so it can still report an error. export.Handler sends the page
// while it renders it, compresses it, and limits the time that a slow client may take.
func ownMetrics(w http.ResponseWriter, r *http.Request) {
	var page bytes.Buffer
	accept := strings.Join(r.Header.Values("Accept"), ",")
	contentType, err := export.Render(&page, engine.Default(), accept)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", contentType)
	_, _ = page.WriteTo(w) // an error means that the client has closed the connection
}
