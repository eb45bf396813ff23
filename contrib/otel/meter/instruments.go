// SPDX-License-Identifier: Apache-2.0

package meter

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/embedded"
)

// The synchronous instruments. Each has the methods of the API for one type of numbers, and marks
// of the API for both types. Measurements of integers beyond 2^53 are rounded to the next float64.

type counter[N int64 | float64] struct {
	embedded.Int64Counter
	embedded.Float64Counter
	*instrument
}

// Add adds n. A negative number and NaN are dropped and counted.
func (c *counter[N]) Add(ctx context.Context, n N, options ...metric.AddOption) {
	c.countLost()
	for _, h := range c.counters {
		to := seriesOf(h, options, added)
		switch {
		case c.spans.sampled(ctx):
			to.AddContext(ctx, float64(n))
		case n == 1: // as most are
			to.Inc()
		default:
			to.Add(float64(n))
		}
	}
}

type upDownCounter[N int64 | float64] struct {
	embedded.Int64UpDownCounter
	embedded.Float64UpDownCounter
	*instrument
}

// Add adds n. NaN is dropped and counted.
func (c *upDownCounter[N]) Add(_ context.Context, n N, options ...metric.AddOption) {
	c.countLost()
	for _, h := range c.gauges {
		seriesOf(h, options, added).Add(float64(n))
	}
}

type gauge[N int64 | float64] struct {
	embedded.Int64Gauge
	embedded.Float64Gauge
	*instrument
}

// Record sets the value.
func (g *gauge[N]) Record(_ context.Context, n N, options ...metric.RecordOption) {
	g.countLost()
	for _, h := range g.gauges {
		seriesOf(h, options, recorded).Set(float64(n))
	}
}

type histogramOf[N int64 | float64] struct {
	embedded.Int64Histogram
	embedded.Float64Histogram
	*instrument
}

// Record counts n in its bucket. NaN is counted in the last bucket and left out of the sum, or
// dropped and counted if the buckets are native.
func (h *histogramOf[N]) Record(ctx context.Context, n N, options ...metric.RecordOption) {
	h.countLost()
	for _, s := range h.histograms {
		to := seriesOf(s, options, recorded)
		if h.spans.sampled(ctx) {
			to.ObserveContext(ctx, float64(n))
		} else {
			to.Observe(float64(n))
		}
	}
}

// added returns the attributes of an addition.
func added(options []metric.AddOption) attribute.Set {
	return metric.NewAddConfig(options).Attributes()
}

// recorded returns the attributes of a recording.
func recorded(options []metric.RecordOption) attribute.Set {
	return metric.NewRecordConfig(options).Attributes()
}

// Enabled reports whether measurements go anywhere: not if a view drops the instrument, or if its
// creation has failed.
func (i *instrument) Enabled(context.Context) bool { return i.enabled() }

// countLost counts a measurement of an instrument without a metric.
func (i *instrument) countLost() {
	if i.lost != nil {
		i.lost.Inc()
	}
}
