// SPDX-License-Identifier: Apache-2.0

// Program gorilla measures the routes of a router of gorilla/mux.
package main

import (
	"fmt"
	"net/http"

	"github.com/gorilla/mux"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/examples/frameworks/internal/demo"
	"github.com/quipu-metrics/quipu/examples/internal/run"
	"github.com/quipu-metrics/quipu/export"
)

func main() {
	run.Server(newHandler(engine.NewRegistry()))
}

func newHandler(reg *engine.Registry) http.Handler {
	r := mux.NewRouter()
	// The one inside knows the route, which mux keeps in a copy of the request. The one outside
	// counts 404 and 405 too, for which mux runs no middleware. A request is counted once.
	measure := export.Middleware(reg, export.WithRouteFunc(route))
	r.Use(mux.MiddlewareFunc(measure))
	routes(r)
	r.Handle("/metrics", export.Handler(reg))
	return measure(r)
}

// route returns the template of a request's route, or "" if there is none.
func route(r *http.Request) string {
	template := ""
	if matched := mux.CurrentRoute(r); matched != nil {
		template, _ = matched.GetPathTemplate() // it has none if it matches by other things than the path
	}
	return template
}

func routes(r *mux.Router) {
	r.HandleFunc("/users/{id:[0-9]+}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "user", mux.Vars(r)["id"])
	}).Methods("GET")
	api := r.PathPrefix("/api").Subrouter()
	api.HandleFunc("/orders/{id}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "order", mux.Vars(r)["id"])
	}).Methods("GET")
	admin := r.PathPrefix("/admin").Subrouter()
	admin.HandleFunc("/reports/{year}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "report of", mux.Vars(r)["year"])
	})
	r.HandleFunc("/fail", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "no coffee", http.StatusTeapot)
	})
	r.HandleFunc("/panic", func(http.ResponseWriter, *http.Request) { panic("out of coffee") })
	r.HandleFunc("/events", demo.Stream)
	r.HandleFunc("/echo", demo.Echo)
}
