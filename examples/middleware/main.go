// SPDX-License-Identifier: Apache-2.0

// Middleware is a web application whose requests are counted by a middleware.
//
//	go run ./examples/middleware
//	curl http://127.0.0.1:8000/users/alice
//	curl http://127.0.0.1:8000/metrics
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8000", "`address` to listen on; with port 0 the system chooses one")
	flag.Parse()
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("Serving metrics on: http://%s/metrics\n", listener.Addr())

	server := &http.Server{Handler: newHandler(engine.NewRegistry()), ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.Serve(listener))
}

// app is what the handlers have in common.
type app struct {
	events *engine.CounterVec
}

func newHandler(reg *engine.Registry) http.Handler {
	// Metrics of the application are on the same page as those of the middleware.
	events, err := reg.NewCounterVec("events_total", "Number of events.", []string{"route"})
	if err != nil {
		log.Fatal(err)
	}
	a := &app{events: events}

	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", a.root)
	mux.HandleFunc("GET /users/{id}", a.user)
	mux.Handle("/metrics", export.Handler(reg)) // one of the paths that the middleware leaves out
	return export.Middleware(reg)(mux)
}

func (a *app) root(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprintln(w, "Middleware Example")
}

func (a *app) user(w http.ResponseWriter, r *http.Request) {
	// The route, not the path: a label whose values clients choose would fill the memory of everybody.
	a.events.With("/users/{id}").Inc()
	fmt.Fprintf(w, "%q\n", r.PathValue("id"))
}
