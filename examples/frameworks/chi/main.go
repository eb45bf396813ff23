// SPDX-License-Identifier: Apache-2.0

// Program chi measures the routes of a router of chi.
package main

import (
	"fmt"
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/examples/frameworks/internal/demo"
	"github.com/quipu-metrics/quipu/examples/internal/run"
	"github.com/quipu-metrics/quipu/export"
)

func main() {
	run.Server(newHandler(engine.NewRegistry()))
}

func newHandler(reg *engine.Registry) http.Handler {
	r := chi.NewRouter()
	// Chi passes on a copy of the request, so Middleware goes inside, by Use. Chi runs it for 404
	// and 405 as well.
	r.Use(export.Middleware(reg), middleware.Recoverer)
	routes(r)
	r.Handle("/metrics", export.Handler(reg))
	return r
}

func routes(r chi.Router) {
	r.Get("/users/{id}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "user", chi.URLParam(r, "id"))
	})
	r.Route("/api", func(r chi.Router) {
		r.Get("/orders/{id}", func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintln(w, "order", chi.URLParam(r, "id"))
		})
	})
	admin := chi.NewRouter()
	admin.Get("/reports/{year}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "report of", chi.URLParam(r, "year"))
	})
	r.Mount("/admin", admin)
	r.Get("/fail", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "no coffee", http.StatusTeapot)
	})
	r.Get("/panic", func(http.ResponseWriter, *http.Request) { panic("out of coffee") })
	r.Get("/events", demo.Stream)
	r.Get("/echo", demo.Echo)
}
