// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"net"
	"net/http"
	"testing"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/recover"

	"github.com/quipu-metrics/quipu/contrib/fiber/fiberv2"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/examples/frameworks/internal/suite"
)

type server struct{ app *fiber.App }

func (s server) Serve(l net.Listener) error {
	return s.app.Listener(l)
}

func (s server) Shutdown(ctx context.Context) error { return s.app.ShutdownWithContext(ctx) }

func TestTheRoutesOfFiber2AreMeasured(t *testing.T) {
	suite.Run(t, suite.Program{
		Users: "/users/:id", Orders: "/api/orders/:id", Reports: "/admin/reports/:year",
		NoReport:   suite.Counted{Answer: http.StatusNotFound, Route: "unmatched", Code: "404"},
		NotAllowed: suite.Counted{Answer: http.StatusMethodNotAllowed, Route: "unmatched", Code: "405"},
		MadeUp:     suite.Counted{Answer: http.StatusBadRequest}, // fiber answers before any middleware
		Panic:      suite.Counted{Answer: http.StatusInternalServerError, Route: "/panic", Code: "500"},
		// Without recovery, fasthttp ends the process.
		Panics: map[string]suite.Panic{
			"recovered-inside": {
				New:  func(reg *engine.Registry) suite.Server { return server{newApp(reg)} },
				Want: suite.Counted{Answer: http.StatusInternalServerError, Route: "/panic", Code: "500"},
			},
			"recovered-outside": {
				New: func(reg *engine.Registry) suite.Server {
					app := fiber.New(fiber.Config{DisableStartupMessage: true})
					app.Use(recover.New(), fiberv2.Middleware(reg))
					routes(app)
					return server{app}
				},
				Want: suite.Counted{Answer: http.StatusInternalServerError, Route: "/panic"}, N: 1,
			},
		},
		StreamsLater: true,
	})
}
