// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
)

// seriesOf converts a pointer to the first field into a pointer to the metric: the field must be first.
func TestNodeIsTheFirstFieldOfEveryMetric(t *testing.T) {
	require.Zero(t, unsafe.Offsetof(series{}.node))
	require.Zero(t, unsafe.Offsetof(Counter{}.series))
	require.Zero(t, unsafe.Offsetof(Gauge{}.series))
	require.Zero(t, unsafe.Offsetof(Histogram{}.series))
	require.Zero(t, unsafe.Offsetof(Summary{}.series))
}

// newFamily comes before the family is on the registry's list, and a scrape that meets a func metric without its function
// would have nothing to call.
func TestAFuncMetricHasItsFunctionBeforeAScrapeCanSeeIt(t *testing.T) {
	fn := newRunner(func(*run) {})
	f := newFamily(NewRegistry(), definition{kind: encode.Gauge, name: "g", callback: true, fn: fn})
	require.Same(t, fn, f.fn.Load())
	require.Nil(t, f.def.fn, "a function that is replaced later is not kept")
}

func TestConstLabelsMayHaveTheNamesThatSelfMetricsUse(t *testing.T) {
	r := NewRegistry(WithConstLabels(Labels{"reason": "x", "app": "y"}))
	must(r.NewCounter("c_total", "")).Inc()
	require.Contains(t, pageOf(t, r), `c_total{app="y",reason="x"} 1`)
}

func TestExposeRefusesFormatsThatDoNotExist(t *testing.T) {
	n, err := NewRegistry().Expose(io.Discard, Exposition{Format: 99})
	require.ErrorIs(t, err, ErrOption)
	require.Zero(t, n)
}

// panicky is a log handler with a fault.
type panicky struct{ slog.Handler }

func (panicky) Enabled(context.Context, slog.Level) bool  { return true }
func (panicky) Handle(context.Context, slog.Record) error { panic("handler") }

func TestALogHandlerThatPanicsDoesNotReachTheHotPath(t *testing.T) {
	r := NewRegistry(WithLogger(slog.New(panicky{})))
	c := must(r.NewCounter("c_total", ""))
	require.NotPanics(t, func() { c.Add(-1) })
	require.EqualValues(t, 1, r.self.dropped[faultNegative].Value())
}
