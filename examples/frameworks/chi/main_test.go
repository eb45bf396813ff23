// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net/http"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/examples/frameworks/internal/suite"
	"github.com/quipu-metrics/quipu/export"
)

func TestTheRoutesOfChiAreMeasured(t *testing.T) {
	with := func(use func(*engine.Registry, *chi.Mux)) func(*engine.Registry) suite.Server {
		return func(reg *engine.Registry) suite.Server {
			r := chi.NewRouter()
			use(reg, r)
			routes(r)
			return suite.HTTP(r)
		}
	}
	suite.Run(t, suite.Program{
		Handler: newHandler,
		Users:   "/users/{id}", Orders: "/api/orders/{id}", Reports: "/admin/reports/{year}",
		NoReport:   suite.Counted{Answer: http.StatusNotFound, Route: "/admin/*", Code: "404"},
		NotAllowed: suite.Counted{Answer: http.StatusMethodNotAllowed, Route: "unmatched", Code: "405"},
		MadeUp:     suite.Counted{Answer: http.StatusMethodNotAllowed, Route: "unmatched", Code: "405"},
		Panic:      suite.Counted{Answer: http.StatusInternalServerError, Route: "/panic", Code: "500"},
		Panics: map[string]suite.Panic{
			"recovered-outside": {
				New: with(func(reg *engine.Registry, r *chi.Mux) {
					r.Use(middleware.Recoverer, export.Middleware(reg))
				}),
				Want: suite.Counted{Answer: http.StatusInternalServerError, Route: "/panic"}, N: 1,
			},
			"recovered-between": {
				New: with(func(reg *engine.Registry, r *chi.Mux) {
					r.Use(export.Middleware(reg), middleware.Recoverer, export.Middleware(reg))
				}),
				Want: suite.Counted{Answer: http.StatusInternalServerError, Route: "/panic", Code: "500"}, N: 1,
			},
			"not-recovered": {
				New:  with(func(reg *engine.Registry, r *chi.Mux) { r.Use(export.Middleware(reg)) }),
				Want: suite.Counted{Route: "/panic"}, N: 1,
			},
		},
	})
}
