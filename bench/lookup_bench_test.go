// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"math/rand/v2"
	"runtime"
	"strconv"
	"testing"

	"github.com/quipu-metrics/quipu/engine"
)

// These benchmarks look up series that exist. One operation is one lookup. In the parallel forms
// all goroutines look up the same series.

func BenchmarkWith(b *testing.B) {
	reg := registry()
	one := must(reg.NewCounterVec("one_total", "", []string{"method"}))
	two := must(reg.NewCounterVec("two_total", "", []string{"method", "code"}))
	three := must(reg.NewCounterVec("three_total", "", []string{"method", "code", "path"}))
	b.Run("labels=1", func(b *testing.B) {
		both(b, stateless(func(n int) {
			for range n {
				runtime.KeepAlive(one.With("GET"))
			}
		}))
	})
	b.Run("labels=2", func(b *testing.B) {
		both(b, stateless(func(n int) {
			for range n {
				runtime.KeepAlive(two.With("GET", "200"))
			}
		}))
	})
	b.Run("labels=3", func(b *testing.B) {
		both(b, stateless(func(n int) {
			for range n {
				runtime.KeepAlive(three.With("GET", "200", "/api/v1/items"))
			}
		}))
	})
}

func BenchmarkWithLabels(b *testing.B) {
	declared := must(registry().NewCounterVec("c_total", "", []string{"method", "code"}))
	open := must(registry().NewCounterVec("c_total", "", nil))
	for name, v := range map[string]*engine.CounterVec{"declared": declared, "open": open} {
		b.Run(name, func(b *testing.B) {
			both(b, stateless(func(n int) {
				for range n {
					runtime.KeepAlive(v.WithLabels(engine.Labels{"method": "GET", "code": "200"}))
				}
			}))
		})
	}
	b.Run("open-kept-map", func(b *testing.B) {
		labels := engine.Labels{"method": "GET", "code": "200"}
		both(b, stateless(func(n int) {
			for range n {
				runtime.KeepAlive(open.WithLabels(labels))
			}
		}))
	})
}

func BenchmarkWithTyped(b *testing.B) {
	type words struct{ Method, Code string }
	type route struct {
		Method string
		Code   int
	}
	reg := registry()
	strings := must(engine.RegisterCounterOf[words](reg, "words_total", ""))
	mixed := must(engine.RegisterCounterOf[route](reg, "route_total", ""))
	b.Run("strings", func(b *testing.B) {
		both(b, stateless(func(n int) {
			for range n {
				runtime.KeepAlive(strings.With(words{"GET", "200"}))
			}
		}))
	})
	b.Run("string-and-int", func(b *testing.B) {
		both(b, stateless(func(n int) {
			for range n {
				runtime.KeepAlive(mixed.With(route{"GET", 200}))
			}
		}))
	})
}

// BenchmarkWithRandom looks up three labels among 10 000 series in random order.
func BenchmarkWithRandom(b *testing.B) {
	v := must(registry().NewCounterVec("c_total", "", []string{"method", "code", "path"}))
	random := rand.New(rand.NewPCG(3, 0))
	var sets [1 << 16][3]string
	for i := range sets {
		k := random.IntN(10_000)
		sets[i] = [3]string{
			"M" + strconv.Itoa(k%4), strconv.Itoa(200 + k/4%5), "/api/v1/resource/" + strconv.Itoa(k/20),
		}
		v.With(sets[i][:]...)
	}
	both(b, func() func(int) {
		pos := 0
		return func(n int) {
			for range n {
				s := &sets[pos%len(sets)]
				runtime.KeepAlive(v.With(s[0], s[1], s[2]))
				pos++
			}
		}
	})
}

// BenchmarkCreate creates series with two labels, up to 100 000 in a family.
func BenchmarkCreate(b *testing.B) {
	const most = 100_000
	values := paths(most)
	types := []struct {
		name   string
		create func(reg *engine.Registry) func(path string)
	}{
		{"counter", func(reg *engine.Registry) func(string) {
			v := must(reg.NewCounterVec("c_total", "", []string{"tenant", "path"}))
			return func(path string) { v.With("tenant", path) }
		}},
		{"gauge", func(reg *engine.Registry) func(string) {
			v := must(reg.NewGaugeVec("g", "", []string{"tenant", "path"}))
			return func(path string) { v.With("tenant", path) }
		}},
		{"histogram", func(reg *engine.Registry) func(string) {
			v := must(reg.NewHistogramVec("h", "", []string{"tenant", "path"}))
			return func(path string) { v.With("tenant", path) }
		}},
		{"summary", func(reg *engine.Registry) func(string) {
			v := must(reg.NewSummaryVec("s", "", []string{"tenant", "path"}))
			return func(path string) { v.With("tenant", path) }
		}},
	}
	for _, t := range types {
		b.Run(t.name, func(b *testing.B) {
			b.ReportAllocs()
			for left := b.N; left > 0; left -= most {
				b.StopTimer()
				create := t.create(registry())
				runtime.GC()
				b.StartTimer()
				for _, path := range values[:min(left, most)] {
					create(path)
				}
			}
		})
	}
}

// BenchmarkDelete deletes one of 10 000 series and creates it again, so their number stays the
// same.
func BenchmarkDelete(b *testing.B) {
	v := must(registry().NewCounterVec("c_total", "", []string{"tenant", "path"}))
	values := paths(10_000)
	for _, path := range values {
		v.With("tenant", path)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		path := values[i%len(values)]
		v.Delete("tenant", path)
		v.With("tenant", path)
	}
}
