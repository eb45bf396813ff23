// SPDX-License-Identifier: Apache-2.0

package fiberv2

import (
	"context"
	"net"
	"net/http"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/adaptor"
	"github.com/gofiber/fiber/v2/middleware/recover"
	"github.com/valyala/fasthttp"

	"github.com/quipu-metrics/quipu/contrib/fiber/internal/fibertest"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export"
)

// version describes this version of fiber to the tests.
var version = fibertest.Version{
	Middleware: func(reg *engine.Registry, opts ...export.InstrumentOption) any { return Middleware(reg, opts...) },
	Page:       func(reg *engine.Registry, opts ...export.Option) any { return Handler(reg, opts...) },
	Recover:    func() any { return recover.New() },
	Handler: func(h fibertest.Handler) any {
		return func(c *fiber.Ctx) error { return h(ctx{c}) }
	},
	Error:     func(code int, message string) error { return fiber.NewError(code, message) },
	New:       newApp,
	AsHandler: func(a fibertest.App) http.Handler { return adaptor.FiberApp(a.(app).App) },
}

// ctx is a context of this version.
type ctx struct{ *fiber.Ctx }

func (c ctx) Raw() *fasthttp.RequestCtx    { return c.Context() }
func (c ctx) SetUser(user context.Context) { c.SetUserContext(user) }

// app is an application of this version.
type app struct{ *fiber.App }

func newApp(c fibertest.Config) fibertest.App {
	config := fiber.Config{StreamRequestBody: c.StreamsBody, BodyLimit: c.BodyLimit, DisableStartupMessage: true}
	if c.OnError != nil {
		config.ErrorHandler = func(ctx *fiber.Ctx, err error) error {
			if code := c.OnError(err); code != 0 {
				return ctx.SendStatus(code)
			}
			return err
		}
	}
	return app{fiber.New(config)}
}

func (a app) Use(args ...any) { a.App.Use(args...) }

func (a app) Add(method, path string, handlers ...any) {
	var chain []fiber.Handler
	for _, h := range handlers {
		chain = append(chain, h.(fiber.Handler))
	}
	if method == http.MethodGet {
		a.Get(path, chain...) // and HEAD
		return
	}
	a.App.Add(method, path, chain...)
}

func (a app) Mount(prefix string, sub fibertest.App) { a.App.Mount(prefix, sub.(app).App) }

func (a app) Serve(l net.Listener) error { return a.Listener(l) }
