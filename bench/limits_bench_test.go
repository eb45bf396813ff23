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

// BenchmarkCurry looks up a series of a Vec with three labels, two of which are curried, and the
// same series in the Vec itself.
func BenchmarkCurry(b *testing.B) {
	v := must(registry().NewCounterVec("c_total", "", []string{"tenant", "method", "code"}))
	part := v.Curry(engine.Labels{"tenant": "acme", "code": "200"})
	part.With("GET")
	open := must(registry().NewCounterVec("c_total", "", nil))
	openPart := open.Curry(engine.Labels{"tenant": "acme", "code": "200"})
	openPart.WithLabels(engine.Labels{"method": "GET"})
	for name, lookup := range map[string]func(){
		"With":             func() { runtime.KeepAlive(part.With("GET")) },
		"With-all":         func() { runtime.KeepAlive(v.With("acme", "GET", "200")) },
		"WithLabels":       func() { runtime.KeepAlive(part.WithLabels(engine.Labels{"method": "GET"})) },
		"open/WithLabels":  func() { runtime.KeepAlive(openPart.WithLabels(engine.Labels{"method": "GET"})) },
		"Curry-and-lookup": func() { runtime.KeepAlive(v.Curry(engine.Labels{"tenant": "acme"}).With("GET", "200")) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				lookup()
			}
		})
	}
}

// BenchmarkDeleteWhere deletes one in a hundred of 100 000 series and creates them again.
func BenchmarkDeleteWhere(b *testing.B) {
	const tenants, users = 100, 1000
	v := must(registry().NewCounterVec("c_total", "", []string{"tenant", "user"}))
	names := paths(users)
	fill := func(tenant string) {
		for _, user := range names {
			v.With(tenant, user)
		}
	}
	for _, tenant := range names[:tenants] {
		fill(tenant)
	}
	b.ResetTimer()
	for i := range b.N {
		tenant := names[i%tenants]
		if v.DeleteWhere(engine.Labels{"tenant": tenant}) != users {
			b.Fatal("series are missing")
		}
		b.StopTimer()
		fill(tenant)
		b.StartTimer()
	}
}
