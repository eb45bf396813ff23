// SPDX-License-Identifier: Apache-2.0

package fiberv3

import (
	"github.com/gofiber/fiber/v3"

	"github.com/quipu-metrics/quipu/contrib/fiber/internal/measure"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export"
)

// Handler returns a handler of fiber that serves the metrics of reg, as [export.Handler] does:
//
//	app.Get("/metrics", fiberv3.Handler(reg))
//
// The options, formats, encodings, time limits and bounds are those of [export.Handler], and
// stalled readers are cut off. The page is sent in chunks, so a scrape never holds a whole page,
// unless middleware reads it, as fiber's etag and compress do: register Handler before them. A
// scrape needs a goroutine, which ends with the page.
//
// Fiber's adaptor for handlers of net/http is no replacement: it keeps the page in memory, it
// cannot cut off a reader, and a page that is aborted ends the process.
//
// Handler panics if reg or an option is nil.
func Handler(reg *engine.Registry, opts ...export.Option) fiber.Handler {
	page := measure.NewPage("fiberv3.Handler", reg, opts)
	return func(c fiber.Ctx) error {
		page.Serve(c.RequestCtx())
		return nil
	}
}
