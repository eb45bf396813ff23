// SPDX-License-Identifier: Apache-2.0

package export

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

// MiddlewareOption configures a [Middleware].
type MiddlewareOption interface{ applyMiddleware(*middlewareConfig) }

// RoundTripperOption configures a [RoundTripper].
type RoundTripperOption interface{ applyRoundTripper(*instrumentConfig) }

// InstrumentOption configures a [Middleware] or a [RoundTripper].
type InstrumentOption func(*instrumentConfig)

func (o InstrumentOption) applyMiddleware(c *middlewareConfig)   { o(&c.instrumentConfig) }
func (o InstrumentOption) applyRoundTripper(c *instrumentConfig) { o(c) }

// checkInstrumentOption panics if an option is nil, the zero value of InstrumentOption included.
func checkInstrumentOption(constructor string, opt any, i, n int) {
	if o, ok := opt.(InstrumentOption); opt == nil || ok && o == nil {
		panic(fmt.Sprintf("quipu: %s: option %d of %d is nil", constructor, i+1, n))
	}
}

type roundTripperOption func(*instrumentConfig)

func (o roundTripperOption) applyRoundTripper(c *instrumentConfig) { o(c) }

// instrumentConfig holds the options that servers and clients have in common.
type instrumentConfig struct {
	consts    engine.Labels
	buckets   []float64                // of durations; nil: the engine's default, or none if native
	native    *histogram.NativeOptions // nil: classic buckets only
	exemplars func(context.Context) engine.Labels
	grouped   bool // codes
	labels    []closedLabel
	skip      func(*http.Request) bool
}

// WithGroupStatusCodes makes the label code "2xx" instead of "200", and so on.
func WithGroupStatusCodes() InstrumentOption {
	return func(c *instrumentConfig) { c.grouped = true }
}

// WithConstLabels adds labels that all series have, such as the name of one of several servers in a
// program. A name that the metrics use otherwise makes the constructor panic.
func WithConstLabels(labels engine.Labels) InstrumentOption {
	labels = maps.Clone(labels)
	return func(c *instrumentConfig) { c.consts = labels }
}

// WithDurationBuckets sets the upper bounds of the buckets of durations, in seconds. The default is
// that of [engine.NewHistogram], from 5 ms to 10 s, or none with [WithNativeHistograms]. Bounds
// that cannot work make the constructor panic.
func WithDurationBuckets(bounds ...float64) InstrumentOption {
	bounds = append([]float64{}, bounds...)
	return func(c *instrumentConfig) { c.buckets = bounds }
}

// WithNativeHistograms makes the histograms native, as [engine.WithNative] does: their buckets need
// no bounds, and reach Prometheus in the protobuf format. Text formats then show no bucket but
// +Inf. Together with [WithDurationBuckets] durations have both kinds of buckets. See
// [histogram.NativeDefaults] for the usual options; options that cannot work make the constructor
// panic. [WithAioprometheusNames] has no histograms.
func WithNativeHistograms(options histogram.NativeOptions) InstrumentOption {
	return func(c *instrumentConfig) { c.native = &options }
}

// WithExemplars takes exemplars from the contexts of requests: from returns the labels of an
// exemplar, such as the id of the trace in ctx, or nil when there is none. Durations have them, and
// the counter of codes. What [engine.WithExemplars] says about from holds here: it is called about
// once a second for a series that has an exemplar, by many goroutines at once, and must not panic.
//
// A [Middleware] uses the context of the request that it got. Tracing must therefore stand outside
// of it:
//
//	handler := trace(export.Middleware(reg, export.WithExemplars(traceID))(mux))
//
// or have a second Middleware inside, whose request's context is used instead. WithExemplars panics
// if from is nil.
func WithExemplars(from func(ctx context.Context) engine.Labels) InstrumentOption {
	if from == nil {
		panic("quipu: WithExemplars(nil): leave the option out to have no exemplars")
	}
	return func(c *instrumentConfig) { c.exemplars = from }
}

// WithSkip leaves out requests for which f returns true. It is called before they are served, by many
// goroutines at once. It panics if f is nil.
func WithSkip(f func(*http.Request) bool) InstrumentOption {
	if f == nil {
		panic("quipu: WithSkip(nil): leave the option out to skip nothing")
	}
	return func(c *instrumentConfig) { c.skip = f }
}

// WithLabelFunc adds a label whose value f takes from the request, when it is over. Only the given
// values are told apart; all others are "other", so that clients cannot make series. f is called by
// many goroutines at once. The option may be given several times; the numbers of values multiply,
// up to 1000, beyond which the constructor panics. WithLabelFunc itself panics if f is nil or there are
// no values.
func WithLabelFunc(name string, f func(*http.Request) string, values ...string) InstrumentOption {
	if f == nil || len(values) == 0 {
		panic(fmt.Sprintf("quipu: WithLabelFunc(%q): it needs a function and the values that it may return", name))
	}
	label := newClosedLabel(name, f, values)
	return func(c *instrumentConfig) { c.labels = append(slices.Clip(c.labels), label) }
}

// countOne increments a counter, and lets the event in ctx become its exemplar if there are any.
func (c *instrumentConfig) countOne(ctx context.Context, counter *engine.Counter) {
	if c.exemplars == nil {
		counter.Inc()
		return
	}
	counter.AddContext(ctx, 1)
}
