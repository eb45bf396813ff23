// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"io"
	"testing"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

// BenchmarkNative observes into native buckets, alone and beside classic ones.
func BenchmarkNative(b *testing.B) {
	values := latencies()
	for name, options := range map[string][]engine.MetricOption{
		"alone":   {engine.WithNative(histogram.NativeDefaults())},
		"classic": {engine.WithNative(histogram.NativeDefaults()), engine.WithBuckets(histogram.Default()...)},
	} {
		h := must(registry().NewHistogram("h", "", options...))
		b.Run(name, func(b *testing.B) {
			both(b, stateless(func(n int) {
				for i := range n {
					h.Observe(values[i%len(values)])
				}
			}))
		})
	}
}

// BenchmarkExemplar observes with an exemplar each time (given), from a context that has a trace
// (from context: one exemplar a second for each bucket), from a context without a trace while all
// exemplars are due (waiting: each observation asks for one), and from a context into a histogram
// without exemplars (none).
func BenchmarkExemplar(b *testing.B) {
	values := latencies()
	trace := engine.Labels{"trace_id": "4bf92f3577b34da6a3ce929d0e0e4736"}
	ctx := context.Background()
	traced := engine.WithExemplars(func(context.Context) engine.Labels { return trace })
	wants := must(registry().NewHistogram("h", "", traced))
	plain := must(registry().NewHistogram("h", ""))
	waits := waiting(b, values)
	for name, observe := range map[string]func(v float64){
		"given":        func(v float64) { wants.ObserveWithExemplar(v, trace) },
		"from context": func(v float64) { wants.ObserveContext(ctx, v) },
		"waiting":      func(v float64) { waits.ObserveContext(ctx, v) },
		"none":         func(v float64) { plain.ObserveContext(ctx, v) },
	} {
		b.Run(name, func(b *testing.B) {
			both(b, stateless(func(n int) {
				for i := range n {
					observe(values[i%len(values)])
				}
			}))
		})
	}
}

// waiting returns a histogram with an exemplar in each bucket of the values. A page has shown all
// of them, so the next observation with a trace takes the place of each.
func waiting(b *testing.B, values []float64) *engine.Histogram {
	type key struct{}
	reg := registry()
	h := must(reg.NewHistogram("h", "", engine.WithExemplars(func(ctx context.Context) engine.Labels {
		if trace, ok := ctx.Value(key{}).(string); ok { // as a tracing library looks for it
			return engine.Labels{"trace_id": trace}
		}
		return nil
	})))
	for _, v := range values {
		h.ObserveContext(context.WithValue(context.Background(), key{}, "4bf92f35"), v)
	}
	if _, err := reg.Expose(io.Discard, engine.Exposition{Format: encode.OpenMetrics}); err != nil {
		b.Fatal(err)
	}
	return h
}

// BenchmarkTimer times an empty function, with a timer and with a wrapper. Both read the clock
// twice and observe once.
func BenchmarkTimer(b *testing.B) {
	h := must(registry().NewHistogram("h", ""))
	b.Run("timer", func(b *testing.B) {
		both(b, stateless(func(n int) {
			for range n {
				h.Start().Stop()
			}
		}))
	})
	timed := engine.Timed(h, func() error { return nil })
	b.Run("wrapper", func(b *testing.B) {
		both(b, stateless(func(n int) {
			for range n {
				_ = timed()
			}
		}))
	})
}
