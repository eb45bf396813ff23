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
	"github.com/quipu-metrics/quipu/internal/instrument"
)

// InstrumentOption configures a [Middleware] or a [RoundTripper].
type InstrumentOption func(*instrument.Config)

func (o InstrumentOption) applyMiddleware(c *instrument.ServerConfig) { o(&c.Config) }
func (o InstrumentOption) applyRoundTripper(c *instrument.Config)     { o(c) }

// checkInstrumentOption panics if an option is nil, the zero value of InstrumentOption included.
func checkInstrumentOption(constructor string, opt any, i, n int) {
	if o, ok := opt.(InstrumentOption); opt == nil || ok && o == nil {
		panic(fmt.Sprintf("quipu: %s: option %d of %d is nil", constructor, i+1, n))
	}
}

// WithGroupStatusCodes makes the label code "2xx" instead of "200", and so on.
func WithGroupStatusCodes() InstrumentOption {
	return func(c *instrument.Config) { c.GroupCodes = true }
}

// WithConstLabels adds labels that all series have, such as the name of one of several servers in a
// program. A name that the metrics use otherwise makes the constructor panic.
func WithConstLabels(labels engine.Labels) InstrumentOption {
	labels = maps.Clone(labels)
	return func(c *instrument.Config) { c.ConstLabels = labels }
}

// WithDurationBuckets sets the upper bounds of the buckets of durations, in seconds. The default is
// that of [engine.NewHistogram], from 5 ms to 10 s, or none with [WithNativeHistograms]. Bounds
// that cannot work make the constructor panic.
func WithDurationBuckets(bounds ...float64) InstrumentOption {
	bounds = append([]float64{}, bounds...)
	return func(c *instrument.Config) { c.DurationBuckets = bounds }
}

// WithNativeHistograms makes the histograms native, as [engine.WithNative] does: their buckets need
// no bounds, and reach Prometheus in the protobuf format. Text formats then show no bucket but
// +Inf. Together with [WithDurationBuckets] durations have both kinds of buckets. See
// [histogram.NativeDefaults] for the usual options; options that cannot work make the constructor
// panic. [WithAioprometheusNames] has no histograms.
func WithNativeHistograms(options histogram.NativeOptions) InstrumentOption {
	return func(c *instrument.Config) { c.Native = &options }
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
	return func(c *instrument.Config) { c.Exemplars = from }
}

// WithSkip leaves out requests for which f returns true. It is called before they are served, by many
// goroutines at once. It panics if f is nil.
func WithSkip(f func(*http.Request) bool) InstrumentOption {
	if f == nil {
		panic("quipu: WithSkip(nil): leave the option out to skip nothing")
	}
	return func(c *instrument.Config) { c.Skip = f }
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
	label := instrument.NewLabel(name, f, values)
	return func(c *instrument.Config) { c.Labels = append(slices.Clip(c.Labels), label) }
}
