// SPDX-License-Identifier: Apache-2.0

// Middleware is a web application whose requests are counted by a middleware.
//
//	go run ./examples/middleware
//	curl http://127.0.0.1:8000/users/alice
//	curl http://127.0.0.1:8000/metrics
package main

import (
	"fmt"
	"log"
	"net/http"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/examples/internal/run"
	"github.com/quipu-metrics/quipu/export"
)

func main() {
	run.Server(newHandler(engine.NewRegistry()))
}

// app has the handlers and the metrics that they share.
type app struct {
	events *engine.CounterVec
}

func newHandler(reg *engine.Registry) http.Handler {
	// The page has the application's metrics and those of the middleware.
	events, err := reg.NewCounterVec("events_total", "Number of events.", []string{"route"})
	if err != nil {
		log.Fatal(err)
	}
	a := &app{events: events}

	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", a.root)
	mux.HandleFunc("GET /users/{id}", a.user)
	mux.Handle("/metrics", export.Handler(reg)) // the middleware does not count requests for this path
	return export.Middleware(reg)(mux)
}

func (a *app) root(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprintln(w, "Middleware Example")
}

func (a *app) user(w http.ResponseWriter, r *http.Request) {
	// The label is the route, not the path. Clients choose the path, and each new value of a label
	// creates a series.
	a.events.With("/users/{id}").Inc()
	fmt.Fprintf(w, "%q\n", r.PathValue("id"))
}
