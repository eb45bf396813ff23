// SPDX-License-Identifier: Apache-2.0

package collect

import (
	"io"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

func BenchmarkScrape(b *testing.B) {
	db := openDB(b, 3)
	for name, register := range map[string]func(*engine.Registry) error{
		"none": func(*engine.Registry) error { return nil }, "go": Go, "process": Process, "build": Build,
		"db": func(reg *engine.Registry) error { return DB(reg, "orders", db) },
	} {
		b.Run(name, func(b *testing.B) {
			reg := engine.NewRegistry()
			require.NoError(b, register(reg))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := reg.Expose(io.Discard, engine.Exposition{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkLogs logs a record with two attributes: to a handler that drops it, and to one that
// writes it, both with and without counting.
func BenchmarkLogs(b *testing.B) {
	for name, handler := range map[string]slog.Handler{
		"drop": dropping{}, "write": slog.NewTextHandler(io.Discard, nil),
	} {
		counted, err := Logs(engine.NewRegistry(), handler)
		require.NoError(b, err)
		for kind, handler := range map[string]slog.Handler{"bare": handler, "counted": counted} {
			b.Run(name+"/"+kind, func(b *testing.B) {
				logger := slog.New(handler)
				b.ReportAllocs()
				for b.Loop() {
					logger.Info("request served", "code", 200, "path", "/orders")
				}
			})
		}
	}
}
