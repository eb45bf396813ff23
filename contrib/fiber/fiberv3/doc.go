// SPDX-License-Identifier: Apache-2.0

// Package fiberv3 measures the requests of fiber v3, and serves metrics in it:
//
//	app := fiber.New()
//	app.Use(fiberv3.Middleware(reg))
//	app.Get("/metrics", fiberv3.Handler(reg))
//	app.Get("/users/:id", user)
//
// Fiber is built on fasthttp, so [export.Middleware] cannot wrap it. The metrics, their labels and
// their limits are those of export.Middleware, and so is the code that updates them. Clients cannot
// create series. The route is fiber's template, such as /users/:id, and "unmatched" if only
// middleware has run, as for 404 and 405.
//
// # Order
//
// Let Middleware be the first handler that the application uses. Fiber calls its error handler
// after all middleware. Middleware calls it itself, because the code is not known before, and then
// returns no error. So middleware further out sees the response, but not the error. Fiber's own
// middleware logger does the same.
//
// Handlers that are registered before Middleware are not measured. Requests for /metrics are not
// either.
//
// # Panics
//
// A panic is counted and passed on. If fiber's middleware recover is further out, the request has
// no code, because the response is written where Middleware does not see it. If recover is further
// in, the panic is an error with the code of the error handler, and no panic for Middleware. To
// have it counted as well, use a second Middleware with the same registry inside of recover: a
// request is counted once, however many Middlewares it passes. Without recover a panic ends the
// process.
//
// # What differs from net/http
//
//   - The code is that of the response, which for an upgrade is the one that was set before Hijack.
//   - The duration ends when the handler returns. Fasthttp sends streams afterwards. A stream whose
//     length is not known has no size.
//   - Bodies of requests count with their length. If the application reads bodies as streams
//     (StreamRequestBody), only those of a stated length of up to 1 MiB have a size.
//   - A request that is given up while its handler goes on, as by fiber's middleware timeout, has
//     no exemplar. Its route is the first one that has its path.
//   - Requests with a method that the application does not know do not reach any middleware.
package fiberv3
