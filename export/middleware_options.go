// SPDX-License-Identifier: Apache-2.0

package export

import (
	"net/http"

	"github.com/quipu-metrics/quipu/internal/instrument"
)

// MiddlewareOption configures a [Middleware].
type MiddlewareOption interface {
	applyMiddleware(*instrument.ServerConfig)
}

type middlewareOption func(*instrument.ServerConfig)

func (o middlewareOption) applyMiddleware(c *instrument.ServerConfig) { o(c) }

// WithExcludePaths sets the paths whose requests are not counted. They are compared exactly; use
// [WithSkip] for other conditions. The default is /metrics, or the list in
// [WithAioprometheusNames]. WithExcludePaths() excludes nothing.
func WithExcludePaths(paths ...string) MiddlewareOption {
	paths = append([]string{}, paths...)
	return middlewareOption(func(c *instrument.ServerConfig) { c.ExcludedPaths = paths })
}

// WithRouteFunc sets a function that returns the route of a request, for routers other than
// ServeMux. It is called when the handler has returned, with the request that [Middleware] got, and
// concurrently. "" means that no route matched. The function must return the route's template,
// never the path of the request, because every value makes series. WithRouteFunc panics if f is
// nil.
//
// Routers that set Request.Pattern, as chi and echo v5 do, need no function. Others keep the route
// in a copy of the request: with gorilla/mux the Middleware is inside, by Use, and the function
// returns the template of mux.CurrentRoute(r). The examples in examples/frameworks show it.
//
// For a ServeMux that gets a copy of the request:
//
//	export.WithRouteFunc(func(r *http.Request) string { _, pattern := mux.Handler(r); return pattern })
func WithRouteFunc(f func(*http.Request) string) MiddlewareOption {
	if f == nil {
		panic("quipu: WithRouteFunc(nil): leave the option out to take routes from Request.Pattern")
	}
	return middlewareOption(func(c *instrument.ServerConfig) { c.Route = f })
}

// WithAioprometheusNames replaces the metrics of [Middleware] by the four metrics of the Python
// library aioprometheus, for dashboards that use their names:
//
//	requests_total_counter    method, path               requests served
//	responses_total_counter   method, path               responses whose header was written
//	exceptions_total_counter  method, path               requests whose handler panicked
//	status_codes_counter      method, path, status_code  responses by code
//
// The label path is the route, as in aioprometheus with use_template_urls. The default of
// [WithExcludePaths] is the list of aioprometheus: /metrics, /metrics/, /docs, /openapi.json,
// /docs/oauth2-redirect, /redoc and /favicon.ico.
func WithAioprometheusNames() MiddlewareOption {
	return middlewareOption(func(c *instrument.ServerConfig) { c.AioprometheusNames = true })
}
