// SPDX-License-Identifier: Apache-2.0

// Program echo4 measures the routes of echo v4.
package main

import (
	"net/http"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/examples/frameworks/internal/demo"
	"github.com/quipu-metrics/quipu/examples/internal/run"
	"github.com/quipu-metrics/quipu/export"
)

func main() {
	run.Server(newHandler(engine.NewRegistry()))
}

func newHandler(reg *engine.Registry) http.Handler {
	e := echo.New()
	e.Use(route, middleware.Recover()) // route comes first, before middleware that replaces the request
	routes(e)
	e.GET("/metrics", echo.WrapHandler(export.Handler(reg)))
	// Echo writes the responses to errors after all of its middleware, so Middleware goes around
	// it.
	return export.Middleware(reg)(e)
}

// route tells Middleware the route.
func route(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Request().Pattern = c.Path()
		return next(c)
	}
}

func routes(e *echo.Echo) {
	e.GET("/users/:id", func(c echo.Context) error {
		return c.String(http.StatusOK, "user "+c.Param("id")+"\n")
	})
	api := e.Group("/api")
	api.GET("/orders/:id", func(c echo.Context) error {
		return c.String(http.StatusOK, "order "+c.Param("id")+"\n")
	})
	e.Any("/admin/*", echo.WrapHandler(demo.Admin()))
	e.GET("/fail", func(echo.Context) error { return echo.NewHTTPError(http.StatusTeapot, "no coffee") })
	e.GET("/panic", func(echo.Context) error { panic("out of coffee") })
	e.GET("/events", echo.WrapHandler(http.HandlerFunc(demo.Stream)))
	e.GET("/echo", echo.WrapHandler(http.HandlerFunc(demo.Echo)))
}
