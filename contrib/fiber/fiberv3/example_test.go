// SPDX-License-Identifier: Apache-2.0

package fiberv3_test

import (
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"strings"

	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/skip"

	"github.com/quipu-metrics/quipu/contrib/fiber/fiberv3"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export"
)

func ExampleMiddleware() {
	reg := engine.NewRegistry()
	app := fiber.New()
	app.Use(fiberv3.Middleware(reg))
	app.Get("/metrics", fiberv3.Handler(reg))
	app.Get("/users/:id", func(c fiber.Ctx) error { return c.SendString("user " + c.Params("id")) })

	for _, path := range []string{"/users/1", "/users/2", "/nowhere"} {
		if _, err := app.Test(httptest.NewRequest("GET", path, nil)); err != nil {
			log.Fatal(err)
		}
	}
	response, err := app.Test(httptest.NewRequest("GET", "/metrics", nil))
	if err != nil {
		log.Fatal(err)
	}
	page, err := io.ReadAll(response.Body)
	if err != nil {
		log.Fatal(err)
	}
	for line := range strings.Lines(string(page)) {
		if strings.HasPrefix(line, "http_responses_total{") {
			fmt.Print(line)
		}
	}
	// Output:
	// http_responses_total{method="GET",route="/users/:id",code="200"} 2
	// http_responses_total{method="GET",route="unmatched",code="404"} 1
}

func ExampleMiddleware_skip() {
	reg := engine.NewRegistry()
	app := fiber.New()
	app.Use(skip.New(fiberv3.Middleware(reg), func(c fiber.Ctx) bool { return c.Path() == "/health" }))
	app.Get("/health", func(c fiber.Ctx) error { return c.SendString("well") })
	app.Get("/users/:id", func(c fiber.Ctx) error { return c.SendString("user " + c.Params("id")) })

	for _, path := range []string{"/health", "/users/1"} {
		if _, err := app.Test(httptest.NewRequest("GET", path, nil)); err != nil {
			log.Fatal(err)
		}
	}
	for f := range reg.Read(engine.ReadOptions{NoSelf: true}) {
		if f.Name() != "http_responses_total" {
			continue
		}
		for s := range f.Samples() {
			fmt.Println(s.Labels(), s.Value())
		}
	}
	// Output: [{code 200} {method GET} {route /users/:id}] 1
}

func ExampleHandler() {
	reg := engine.NewRegistry()
	jobs := engine.Must(reg.NewCounter("jobs_total", "Jobs that are done."))
	jobs.Inc()
	app := fiber.New()
	app.Get("/metrics", fiberv3.Handler(reg, export.WithoutSelfMetrics()))

	response, err := app.Test(httptest.NewRequest("GET", "/metrics", nil))
	if err != nil {
		log.Fatal(err)
	}
	page, err := io.ReadAll(response.Body)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(string(page))
	// Output:
	// # HELP jobs_total Jobs that are done.
	// # TYPE jobs_total counter
	// jobs_total 1
}
