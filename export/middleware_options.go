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

// WithExcludePaths sets the request paths that are served without being counted. They are compared as
// they are; use [WithSkip] for anything else. The default is /metrics, or the list that comes with
// [WithAioprometheusNames]; WithExcludePaths() counts all paths.
func WithExcludePaths(paths ...string) MiddlewareOption {
	paths = append([]string{}, paths...)
	return middlewareOption(func(c *instrument.ServerConfig) { c.ExcludedPaths = paths })
}

// WithRouteFunc names the route of a request for routers other than ServeMux. It is called when the
// handler is done, with the request that [Middleware] got, by many goroutines at once; "" means
// that no route matched. It must return the route's template, never the request's own path: every
// value makes series. With chi, for example, whose routers have to be given the Middleware by their
// Use method, because they keep the route in a copy of the request:
//
//	export.WithRouteFunc(func(r *http.Request) string { return chi.RouteContext(r.Context()).RoutePattern() })
//
// and for a ServeMux that gets a copy of the request:
//
//	export.WithRouteFunc(func(r *http.Request) string { _, pattern := mux.Handler(r); return pattern })
//
// It panics if f is nil.
func WithRouteFunc(f func(*http.Request) string) MiddlewareOption {
	if f == nil {
		panic("quipu: WithRouteFunc(nil): leave the option out to take routes from Request.Pattern")
	}
	return middlewareOption(func(c *instrument.ServerConfig) { c.Route = f })
}

// WithAioprometheusNames replaces the metrics of [Middleware] by the four of aioprometheus, for dashboards that
// were made for them:
//
//	requests_total_counter    method, path               requests served
//	responses_total_counter   method, path               responses whose header was written
//	exceptions_total_counter  method, path               requests whose handler panicked
//	status_codes_counter      method, path, status_code  responses by code
//
// The label path is the route, as in aioprometheus with use_template_urls. As there, /metrics,
// /metrics/, /docs, /openapi.json, /docs/oauth2-redirect, /redoc and /favicon.ico are not counted,
// unless [WithExcludePaths] says otherwise.
func WithAioprometheusNames() MiddlewareOption {
	return middlewareOption(func(c *instrument.ServerConfig) { c.AioprometheusNames = true })
}
