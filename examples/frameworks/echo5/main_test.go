// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net/http"
	"testing"

	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/examples/frameworks/internal/suite"
	"github.com/quipu-metrics/quipu/export"
)

func TestTheRoutesOfEcho5AreMeasured(t *testing.T) {
	suite.Run(t, suite.Program{
		Handler: newHandler,
		Users:   "/users/:id", Orders: "/api/orders/:id", Reports: "/admin/reports/{year}", // of a ServeMux
		NoReport:   suite.Counted{Answer: http.StatusNotFound, Route: "unmatched", Code: "404"},
		NotAllowed: suite.Counted{Answer: http.StatusMethodNotAllowed, Route: "/users/:id", Code: "405"},
		MadeUp:     suite.Counted{Answer: http.StatusMethodNotAllowed, Route: "/users/:id", Code: "405"},
		Panic:      suite.Counted{Answer: http.StatusInternalServerError, Route: "/panic", Code: "500"},
		Panics: map[string]suite.Panic{
			"recovered-inside": {
				New:  func(reg *engine.Registry) suite.Server { return suite.HTTP(newHandler(reg)) },
				Want: suite.Counted{Answer: http.StatusInternalServerError, Route: "/panic", Code: "500"},
			},
			"recovered-outside": { // where the codes of errors would be wrong
				New: func(reg *engine.Registry) suite.Server {
					e := echo.New()
					e.Use(middleware.Recover(), echo.WrapMiddleware(export.Middleware(reg)))
					routes(e)
					return suite.HTTP(e)
				},
				Want: suite.Counted{Answer: http.StatusInternalServerError, Route: "/panic"}, N: 1,
			},
			"recovered-between": {
				New: func(reg *engine.Registry) suite.Server {
					measure, e := export.Middleware(reg), echo.New()
					e.Use(middleware.Recover(), echo.WrapMiddleware(measure))
					routes(e)
					return suite.HTTP(measure(e))
				},
				Want: suite.Counted{Answer: http.StatusInternalServerError, Route: "/panic", Code: "500"}, N: 1,
			},
			"not-recovered": {
				New: func(reg *engine.Registry) suite.Server {
					e := echo.New()
					routes(e)
					return suite.HTTP(export.Middleware(reg)(e))
				},
				Want: suite.Counted{Route: "/panic"}, N: 1,
			},
		},
	})
}
