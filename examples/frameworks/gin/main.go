// SPDX-License-Identifier: Apache-2.0

// Program gin measures the routes of an engine of gin.
package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/examples/frameworks/internal/demo"
	"github.com/quipu-metrics/quipu/examples/internal/run"
	"github.com/quipu-metrics/quipu/export"
)

func main() {
	gin.SetMode(gin.ReleaseMode)
	run.Server(newHandler(engine.NewRegistry()))
}

func newHandler(reg *engine.Registry) http.Handler {
	r := gin.New()
	// This tells Middleware the route. It comes first, before middleware that replaces c.Request.
	r.Use(func(c *gin.Context) { c.Request.Pattern = c.FullPath() })
	r.Use(gin.Recovery())
	routes(r)
	r.GET("/metrics", gin.WrapH(export.Handler(reg)))
	return export.Middleware(reg)(r)
}

func routes(r gin.IRouter) {
	r.GET("/users/:id", func(c *gin.Context) { c.String(http.StatusOK, "user %s\n", c.Param("id")) })
	api := r.Group("/api")
	api.GET("/orders/:id", func(c *gin.Context) { c.String(http.StatusOK, "order %s\n", c.Param("id")) })
	r.Any("/admin/*path", gin.WrapH(demo.Admin()))
	r.GET("/fail", func(c *gin.Context) { c.AbortWithError(http.StatusTeapot, errors.New("no coffee")) })
	r.GET("/panic", func(*gin.Context) { panic("out of coffee") })
	r.GET("/events", func(c *gin.Context) {
		sent := 0
		c.Stream(func(w io.Writer) bool {
			if sent > 0 {
				time.Sleep(demo.Pause)
			}
			fmt.Fprintf(w, "data: %d\n\n", sent)
			sent++
			return sent < demo.Events
		})
	})
	r.GET("/echo", gin.WrapF(demo.Echo))
}
