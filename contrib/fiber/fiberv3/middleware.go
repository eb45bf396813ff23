// SPDX-License-Identifier: Apache-2.0

package fiberv3

import (
	"github.com/gofiber/fiber/v3"

	"github.com/quipu-metrics/quipu/contrib/fiber/internal/measure"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export"
)

// Middleware returns a handler of fiber that measures requests: see the comment on the package. It
// defines the metrics of [export.Middleware] in reg.
//
// Of the options, [export.WithGroupStatusCodes], [export.WithConstLabels],
// [export.WithDurationBuckets], [export.WithNativeHistograms] and [export.WithExemplars] have their
// usual effect. Exemplars are taken from the context that Context of the request returns.
// [export.WithSkip] and [export.WithLabelFunc] take requests of net/http, which fiber has not;
// leave requests out with fiber's middleware skip.
//
// A request costs no allocation (BenchmarkMiddleware). Middleware panics if reg or an option is
// nil, if an option takes requests of net/http, or if a metric cannot be defined.
func Middleware(reg *engine.Registry, opts ...export.InstrumentOption) fiber.Handler {
	return measure.Middleware(measure.New("fiberv3.Middleware", reg, opts), measure.Version[fiber.Ctx]{
		Request:     fiber.Ctx.RequestCtx,
		Context:     fiber.Ctx.Context,
		HandleError: func(c fiber.Ctx, err error) error { return c.App().ErrorHandler(c, err) },
		Route: func(c fiber.Ctx) measure.Route {
			r := c.Route()
			return measure.Route{Entry: r, Path: r.Path, Handlers: len(r.Handlers)}
		},
		IsRoute: isRoute,
		Match:   match,
		Refused: refused,
	})
}

// isRoute reports whether the last handler that ran is that of a route, and not middleware. Fiber
// does not tell, but it lists copies of its routes without middleware.
func isRoute(c fiber.Ctx) bool {
	route := c.Route()
	for _, listed := range c.App().GetRoutes(true) {
		if listed.Path == route.Path && measure.SameHandlers(listed.Handlers, route.Handlers) {
			return true
		}
	}
	return false
}

// refused reports whether the body of a request is too long. Fasthttp has not read it then, and
// fiber runs the middleware before it answers, but no route. It is not measured, as with other
// servers.
func refused(c fiber.Ctx) bool {
	limit := c.App().Server().MaxRequestBodySize
	return limit > 0 && c.Request().Header.ContentLength() > limit && !c.Request().IsBodyStream()
}

// match returns the template of the first route for the path that the client sent, or "".
func match(c fiber.Ctx) string {
	path, config := string(c.RequestCtx().Path()), c.App().Config()
	for _, listed := range c.App().GetRoutes(true) {
		if listed.Method == c.Method() && fiber.RoutePatternMatch(path, listed.Path, config) {
			return listed.Path
		}
	}
	return ""
}
