// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net/http"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/examples/frameworks/internal/suite"
	"github.com/quipu-metrics/quipu/export"
)

func TestTheRoutesOfGinAreMeasured(t *testing.T) {
	gin.SetMode(gin.TestMode)
	suite.Run(t, suite.Program{
		Handler: newHandler,
		Users:   "/users/:id", Orders: "/api/orders/:id", Reports: "/admin/reports/{year}", // of a ServeMux
		NoReport:   suite.Counted{Answer: http.StatusNotFound, Route: "unmatched", Code: "404"},
		NotAllowed: suite.Counted{Answer: http.StatusNotFound, Route: "unmatched", Code: "404"},
		MadeUp:     suite.Counted{Answer: http.StatusNotFound, Route: "unmatched", Code: "404"},
		Panic:      suite.Counted{Answer: http.StatusInternalServerError, Route: "/panic", Code: "500"},
		Panics: map[string]suite.Panic{
			"recovered-inside": {
				New:  func(reg *engine.Registry) suite.Server { return suite.HTTP(newHandler(reg)) },
				Want: suite.Counted{Answer: http.StatusInternalServerError, Route: "/panic", Code: "500"},
			},
			"not-recovered": {
				New: func(reg *engine.Registry) suite.Server {
					r := gin.New()
					r.Use(func(c *gin.Context) { c.Request.Pattern = c.FullPath() })
					routes(r)
					return suite.HTTP(export.Middleware(reg)(r))
				},
				Want: suite.Counted{Route: "/panic"}, N: 1,
			},
		},
	})
}
