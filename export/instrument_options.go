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

// checkInstrumentOption panics if option i of n is nil, which the zero value of InstrumentOption is
// too.
func checkInstrumentOption(constructor string, opt any, i, n int) {
	if o, ok := opt.(InstrumentOption); opt == nil || ok && o == nil {
		panic(fmt.Sprintf("quipu: %s: option %d of %d is nil", constructor, i+1, n))
	}
}

// WithGroupStatusCodes groups status codes: the label code is "2xx" instead of "200", and so on.
func WithGroupStatusCodes() InstrumentOption {
	return func(c *instrument.Config) { c.GroupCodes = true }
}

// WithConstLabels adds labels to all series, such as the name of one of several servers in a
// program. The constructor panics if the metrics have another label of such a name.
func WithConstLabels(labels engine.Labels) InstrumentOption {
	labels = maps.Clone(labels)
	return func(c *instrument.Config) { c.ConstLabels = labels }
}

// WithDurationBuckets sets the upper bounds of the buckets of durations, in seconds. The default is
// that of [engine.NewHistogram], from 5 ms to 10 s, or no bounds with [WithNativeHistograms]. The
// constructor panics if the bounds cannot work.
func WithDurationBuckets(bounds ...float64) InstrumentOption {
	bounds = append([]float64{}, bounds...)
	return func(c *instrument.Config) { c.DurationBuckets = bounds }
}

// WithNativeHistograms makes the histograms native, as [engine.WithNative] does. Their buckets need
// no bounds and reach Prometheus in the protobuf format; text formats show the +Inf bucket only.
// Together with [WithDurationBuckets], durations have both kinds of buckets. See
// [histogram.NativeDefaults] for the usual options. The constructor panics if the options cannot
// work. [WithAioprometheusNames] has no histograms.
func WithNativeHistograms(options histogram.NativeOptions) InstrumentOption {
	return func(c *instrument.Config) { c.Native = &options }
}

// WithExemplars takes exemplars from the contexts of requests. from returns the labels of an
// exemplar, such as the id of the trace in ctx, or nil if there is none. The histogram of durations
// and the counter of codes have exemplars. from is called as [engine.WithExemplars] says: not for
// every request, concurrently, and it must not panic. WithExemplars panics if from is nil.
//
// For spans of OpenTelemetry there is FromContext in contrib/otel/exemplars.
//
// A [Middleware] uses the context of the request that it gets. So tracing has to be outside:
//
//	handler := trace(export.Middleware(reg, export.WithExemplars(traceID))(mux))
//
// Otherwise put a second Middleware inside tracing; the context of its request is used then.
func WithExemplars(from func(ctx context.Context) engine.Labels) InstrumentOption {
	if from == nil {
		panic("quipu: WithExemplars(nil): leave the option out to have no exemplars")
	}
	return func(c *instrument.Config) { c.Exemplars = from }
}

// WithSkip leaves out the requests for which f returns true. f is called before a request is
// served, and concurrently. WithSkip panics if f is nil.
func WithSkip(f func(*http.Request) bool) InstrumentOption {
	if f == nil {
		panic("quipu: WithSkip(nil): leave the option out to skip nothing")
	}
	return func(c *instrument.Config) { c.Skip = f }
}

// WithLabelFunc adds a label whose value f takes from the request. f is called when the request has
// been served, and concurrently. Only the given values are distinguished; all others are "other",
// so that clients cannot create series. The option may be given several times. The constructor
// panics if there are more than 1000 combinations of values, and WithLabelFunc if f is nil or there
// is no value.
func WithLabelFunc(name string, f func(*http.Request) string, values ...string) InstrumentOption {
	if f == nil || len(values) == 0 {
		panic(fmt.Sprintf("quipu: WithLabelFunc(%q): it needs a function and the values that it may return", name))
	}
	label := instrument.NewLabel(name, f, values)
	return func(c *instrument.Config) { c.Labels = append(slices.Clip(c.Labels), label) }
}
