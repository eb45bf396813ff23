// SPDX-License-Identifier: Apache-2.0

// Program fiber3 measures the routes of fiber v3.
package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/recover"

	"github.com/quipu-metrics/quipu/contrib/fiber/fiberv3"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/examples/frameworks/internal/demo"
	"github.com/quipu-metrics/quipu/examples/internal/run"
)

func main() {
	app := newApp(engine.NewRegistry())
	run.Serve(func(l net.Listener) error {
		return app.Listener(l, fiber.ListenConfig{DisableStartupMessage: true})
	}, app.ShutdownWithContext)
}

func newApp(reg *engine.Registry) *fiber.App {
	app := fiber.New()
	// Fiber is not built on net/http, so it has a Middleware of its own, which comes first.
	app.Use(fiberv3.Middleware(reg))
	app.Use(recover.New())
	app.Get("/metrics", fiberv3.Handler(reg))
	routes(app)
	return app
}

func routes(app *fiber.App) {
	app.Get("/users/:id", func(c fiber.Ctx) error { return c.SendString("user " + c.Params("id") + "\n") })
	api := app.Group("/api")
	api.Get("/orders/:id", func(c fiber.Ctx) error { return c.SendString("order " + c.Params("id") + "\n") })
	admin := fiber.New()
	admin.Get("/reports/:year", func(c fiber.Ctx) error {
		return c.SendString("report of " + c.Params("year") + "\n")
	})
	app.Use("/admin", admin)
	app.Get("/fail", func(fiber.Ctx) error { return fiber.NewError(http.StatusTeapot, "no coffee") })
	app.Get("/panic", func(fiber.Ctx) error { panic("out of coffee") })
	app.Get("/events", func(c fiber.Ctx) error {
		c.RequestCtx().SetBodyStreamWriter(stream)
		return nil
	})
	app.Get("/echo", func(c fiber.Ctx) error {
		c.Status(http.StatusSwitchingProtocols)
		c.Set("Connection", "Upgrade")
		c.Set("Upgrade", "echo")
		c.RequestCtx().Hijack(func(conn net.Conn) { io.Copy(conn, conn) })
		return nil
	})
}

// stream sends events, and flushes each.
func stream(w *bufio.Writer) {
	for i := range demo.Events {
		fmt.Fprintf(w, "data: %d\n\n", i)
		if w.Flush() != nil {
			return
		}
		time.Sleep(demo.Pause)
	}
}
