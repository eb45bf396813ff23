// SPDX-License-Identifier: Apache-2.0

package export

import (
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/quipu-metrics/quipu/engine"
)

// MiddlewareOption configures a [Middleware].
type MiddlewareOption interface{ applyMiddleware(*middlewareConfig) }

// RoundTripperOption configures a [RoundTripper].
type RoundTripperOption interface{ applyRoundTripper(*instrumentConfig) }

// InstrumentOption configures a [Middleware] or a [RoundTripper].
type InstrumentOption func(*instrumentConfig)

func (o InstrumentOption) applyMiddleware(c *middlewareConfig)   { o(&c.instrumentConfig) }
func (o InstrumentOption) applyRoundTripper(c *instrumentConfig) { o(c) }

type middlewareOption func(*middlewareConfig)

func (o middlewareOption) applyMiddleware(c *middlewareConfig) { o(c) }

type roundTripperOption func(*instrumentConfig)

func (o roundTripperOption) applyRoundTripper(c *instrumentConfig) { o(c) }

// instrumentConfig is what servers and clients have in common.
type instrumentConfig struct {
	consts  engine.Labels
	buckets []float64 // of durations; nil: the engine's default
	codes   codes
	labels  []closedLabel
	skip    func(*http.Request) bool
}

type middlewareConfig struct {
	instrumentConfig
	excluded   map[string]struct{}
	routeFunc  func(*http.Request) string
	guideNames bool
}

func newMiddlewareConfig(opts []MiddlewareOption) middlewareConfig {
	c := middlewareConfig{excluded: set([]string{
		"/metrics", "/metrics/", "/docs", "/openapi.json", "/docs/oauth2-redirect", "/redoc", "/favicon.ico",
	})}
	for _, opt := range opts {
		opt.applyMiddleware(&c)
	}
	return c
}

func set(values []string) map[string]struct{} {
	s := make(map[string]struct{}, len(values))
	for _, v := range values {
		s[v] = struct{}{}
	}
	return s
}

// ExcludePaths sets the request paths that are served without being counted. They are compared as they are; use [Skip]
// for anything else. The default is /metrics, /metrics/, /docs, /openapi.json, /docs/oauth2-redirect, /redoc and
// /favicon.ico; ExcludePaths() counts them all.
func ExcludePaths(paths ...string) MiddlewareOption {
	excluded := set(paths)
	return middlewareOption(func(c *middlewareConfig) { c.excluded = excluded })
}

// RouteFunc names the route of a request for routers other than ServeMux. It is called when the handler is done, with the
// request that [Middleware] got, by many goroutines at once; "" means that no route matched. It must return the
// route's template, never the request's own path: every value makes series. With chi, for example, whose routers have to be
// given the Middleware by their Use method, because they keep the route in a copy of the request:
//
//	export.RouteFunc(func(r *http.Request) string { return chi.RouteContext(r.Context()).RoutePattern() })
//
// and for a ServeMux that gets a copy of the request:
//
//	export.RouteFunc(func(r *http.Request) string { _, pattern := mux.Handler(r); return pattern })
//
// It panics if f is nil.
func RouteFunc(f func(*http.Request) string) MiddlewareOption {
	if f == nil {
		panic("quipu: RouteFunc(nil): leave the option out to take routes from Request.Pattern")
	}
	return middlewareOption(func(c *middlewareConfig) { c.routeFunc = f })
}

// GuideNames replaces the metrics of [Middleware] by the four of aioprometheus, for dashboards that were made for them:
//
//	requests_total_counter    method, path               requests served
//	responses_total_counter   method, path               responses whose header was written
//	exceptions_total_counter  method, path               requests whose handler panicked
//	status_codes_counter      method, path, status_code  responses by code
//
// The label path is the route, as aioprometheus has it with use_template_urls.
func GuideNames() MiddlewareOption {
	return middlewareOption(func(c *middlewareConfig) { c.guideNames = true })
}

// GroupStatusCodes makes the label code "2xx" instead of "200", and so on.
func GroupStatusCodes() InstrumentOption {
	return func(c *instrumentConfig) { c.codes.grouped = true }
}

// ConstLabels adds labels that all series have, such as the name of one of several servers in a program. A name that the
// metrics use otherwise makes the constructor panic.
func ConstLabels(labels engine.Labels) InstrumentOption {
	labels = maps.Clone(labels)
	return func(c *instrumentConfig) { c.consts = labels }
}

// DurationBuckets sets the upper bounds of the buckets of durations, in seconds. The default is that of
// [engine.NewHistogram], from 5 ms to 10 s. Bounds that cannot work make the constructor panic.
func DurationBuckets(bounds ...float64) InstrumentOption {
	bounds = append([]float64{}, bounds...)
	return func(c *instrumentConfig) { c.buckets = bounds }
}

// Skip leaves out requests for which f returns true. It is called before they are served, by many goroutines at once.
// It panics if f is nil.
func Skip(f func(*http.Request) bool) InstrumentOption {
	if f == nil {
		panic("quipu: Skip(nil): leave the option out to skip nothing")
	}
	return func(c *instrumentConfig) { c.skip = f }
}

// LabelFunc adds a label whose value f takes from the request, when it is over. Only the given values are told apart;
// all others are "other", so that clients cannot make series. f is called by many goroutines at once. The option may be
// given several times; the numbers of values multiply, up to 1000, beyond which the constructor panics. LabelFunc itself
// panics if f is nil or there are no values.
func LabelFunc(name string, f func(*http.Request) string, values ...string) InstrumentOption {
	if f == nil || len(values) == 0 {
		panic(fmt.Sprintf("quipu: LabelFunc(%q): it needs a function and the values that it may return", name))
	}
	label := newClosedLabel(name, f, values)
	return func(c *instrumentConfig) { c.labels = append(slices.Clip(c.labels), label) }
}
