// SPDX-License-Identifier: Apache-2.0

package fibertest

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export"
)

// inMemory returns a function that serves a request of an application in memory. The benchmarks ask
// for the last of its routes.
func inMemory(app App, v Version) func() {
	for i := range 20 {
		app.Add("GET", fmt.Sprintf("/things/%d", i), v.text("thing"))
	}
	app.Add("GET", "/users/:id", v.text("hello"))
	serve := app.Handler()
	var request fasthttp.Request
	request.SetRequestURI("/users/1")
	request.Header.SetMethod("GET")
	ctx := new(fasthttp.RequestCtx)
	ctx.Init(&request, nil, nil)
	return func() {
		ctx.Response.Reset()
		serve(ctx)
	}
}

// withAndWithout returns applications without Middleware, with one that counts in reg, and with an
// option.
func withAndWithout(v Version, reg *engine.Registry) (names []string, serve map[string]func()) {
	serve = map[string]func(){}
	add := func(name string, handlers ...any) {
		app := v.New(Config{})
		for _, h := range handlers {
			app.Use(h)
		}
		names = append(names, name)
		serve[name] = inMemory(app, v)
	}
	add("without")
	add("with", v.Middleware(reg))
	add("with-exemplars", v.Middleware(engine.NewRegistry(),
		export.WithExemplars(func(context.Context) engine.Labels { return nil })))
	return names, serve
}

// BenchmarkMiddleware measures a request.
func BenchmarkMiddleware(b *testing.B, v Version) {
	names, serve := withAndWithout(v, engine.NewRegistry())
	for _, name := range names {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				serve[name]()
			}
		})
	}
}

// Allocations checks that Middleware allocates nothing.
func Allocations(t *testing.T, v Version) {
	reg := engine.NewRegistry()
	names, serve := withAndWithout(v, reg)
	bare := testing.AllocsPerRun(200, serve["without"])
	for _, name := range names {
		require.Equal(t, bare, testing.AllocsPerRun(200, serve[name]), name)
	}
	// Each request has counted, although all have one context of fasthttp, which nobody resets.
	require.Equal(t, map[string]float64{"GET /users/:id 200": 201}, responses(pageOf(t, reg)))
}
