// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net/http"
	"testing"

	"github.com/gorilla/mux"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/examples/frameworks/internal/suite"
	"github.com/quipu-metrics/quipu/export"
)

// recoverer recovers from panics, as a middleware of mux would; mux has none itself.
func recoverer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if recover() != nil {
				w.WriteHeader(http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

func TestTheRoutesOfMuxAreMeasured(t *testing.T) {
	with := func(order func(measure mux.MiddlewareFunc) []mux.MiddlewareFunc) func(*engine.Registry) suite.Server {
		return func(reg *engine.Registry) suite.Server {
			r := mux.NewRouter()
			r.Use(order(export.Middleware(reg, export.WithRouteFunc(route)))...)
			routes(r)
			return suite.HTTP(r)
		}
	}
	suite.Run(t, suite.Program{
		Handler: newHandler,
		Users:   "/users/{id:[0-9]+}", Orders: "/api/orders/{id}", Reports: "/admin/reports/{year}",
		NoReport:   suite.Counted{Answer: http.StatusNotFound, Route: "unmatched", Code: "404"},
		NotAllowed: suite.Counted{Answer: http.StatusMethodNotAllowed, Route: "unmatched", Code: "405"},
		MadeUp:     suite.Counted{Answer: http.StatusMethodNotAllowed, Route: "unmatched", Code: "405"},
		Panic:      suite.Counted{Route: "/panic"}, // nobody recovers but net/http, which closes the connection
		Panics: map[string]suite.Panic{
			"recovered-outside": {
				New: with(func(measure mux.MiddlewareFunc) []mux.MiddlewareFunc {
					return []mux.MiddlewareFunc{recoverer, measure}
				}),
				Want: suite.Counted{Answer: http.StatusInternalServerError, Route: "/panic"}, N: 1,
			},
			"recovered-inside": {
				New: with(func(measure mux.MiddlewareFunc) []mux.MiddlewareFunc {
					return []mux.MiddlewareFunc{measure, recoverer}
				}),
				Want: suite.Counted{Answer: http.StatusInternalServerError, Route: "/panic", Code: "500"},
			},
			"not-recovered": {
				New:  func(reg *engine.Registry) suite.Server { return suite.HTTP(newHandler(reg)) },
				Want: suite.Counted{Route: "/panic"}, N: 1,
			},
		},
	})
}
