// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"log/slog"
	"runtime"
	"testing"

	"github.com/quipu-metrics/quipu/engine"
)

// BenchmarkLabelLimit looks up series of a metric whose label user has as many values as it may:
// one that exists, and values beyond the limit, which share a series.
func BenchmarkLabelLimit(b *testing.B) {
	const limit = 1000
	labels := []string{"tenant", "user"}
	users := paths(4 * limit)
	plain := must(registry().NewCounterVec("c_total", "", labels))
	reg := engine.NewRegistry(engine.WithLogger(slog.New(slog.DiscardHandler)))
	limited := must(reg.NewCounterVec("c_total", "", labels, engine.WithLabelLimit("user", limit)))
	full := must(reg.NewCounterVec("full_total", "", labels, engine.WithMaxSeries(limit)))
	for _, user := range users[:limit+1] {
		plain.With("acme", user)
		limited.With("acme", user)
		full.With("acme", user)
	}
	lookup := func(v *engine.CounterVec, users []string) func() func(int) {
		return func() func(int) {
			pos := 0
			return func(n int) {
				for range n {
					runtime.KeepAlive(v.With("acme", users[pos%len(users)]))
					pos++
				}
			}
		}
	}
	b.Run("no-limit", func(b *testing.B) { both(b, lookup(plain, users[:limit])) })
	b.Run("within", func(b *testing.B) { both(b, lookup(limited, users[:limit])) })
	b.Run("beyond", func(b *testing.B) { both(b, lookup(limited, users[limit:])) })
	b.Run("beyond-max-series", func(b *testing.B) { both(b, lookup(full, users[limit:])) })
}

// BenchmarkSeriesBudget creates series with and without a budget, and looks up label sets that a
// full budget has no room for.
func BenchmarkSeriesBudget(b *testing.B) {
	const most = 100_000
	users := paths(most)
	quiet := engine.WithLogger(slog.New(slog.DiscardHandler))
	for _, c := range []struct {
		name    string
		options []engine.RegistryOption
	}{
		{"create/none", nil},
		{"create/budget", []engine.RegistryOption{engine.WithSeriesBudget(1 << 30)}},
		{"full", []engine.RegistryOption{engine.WithSeriesBudget(1), quiet}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for left := b.N; left > 0; left -= most {
				b.StopTimer()
				options := append([]engine.RegistryOption{engine.WithMaxSeries(engine.NoLimit)}, c.options...)
				v := must(engine.NewRegistry(options...).NewCounterVec("c_total", "", []string{"tenant", "user"}))
				runtime.GC()
				b.StartTimer()
				for _, user := range users[:min(left, most)] {
					v.With("tenant", user)
				}
			}
		})
	}
}
