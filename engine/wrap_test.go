// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

var errTest = errors.New("test")

// worker has methods that the wrappers can take.
type worker struct{ calls int }

func (w *worker) work() error {
	w.calls++
	return nil
}

func (w *worker) workContext(ctx context.Context) error {
	w.calls++
	return context.Cause(ctx)
}

func TestWrappersMeasureFunctionsAndMethods(t *testing.T) {
	r := engine.NewRegistry(engine.WithStrict())
	h, g, c := must(r.NewHistogram("h", "")), must(r.NewGauge("g", "")), must(r.NewCounter("c", ""))
	var w worker
	plain := engine.CountErrors(c, engine.InProgress(g, engine.Timed(h, w.work)))
	require.NoError(t, plain())
	withContext := engine.CountErrors(c, engine.InProgress(g, engine.Timed(h, w.workContext)))
	require.NoError(t, withContext(context.Background()))
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errTest)
	require.ErrorIs(t, withContext(ctx), errTest)

	require.Equal(t, 3, w.calls)
	require.EqualValues(t, 3, h.Snapshot().Count)
	require.Zero(t, g.Value())
	require.EqualValues(t, 1, c.Value())
}

func TestInProgressCountsCallsUnderWay(t *testing.T) {
	g := must(engine.NewRegistry(engine.WithStrict()).NewGauge("g", ""))
	require.NoError(t, engine.InProgress(g, func() error {
		require.EqualValues(t, 1, g.Value())
		return nil
	})())
	require.Zero(t, g.Value())
}

func TestWrappersCountPanicsAndLetThemGoOn(t *testing.T) {
	r := engine.NewRegistry(engine.WithStrict())
	h, g, c := must(r.NewHistogram("h", "")), must(r.NewGauge("g", "")), must(r.NewCounter("c", ""))
	f := engine.CountErrors(c, engine.InProgress(g, engine.Timed(h, func() error { panic(errTest) })))
	require.PanicsWithValue(t, errTest, func() { _ = f() })
	require.PanicsWithValue(t, errTest, func() {
		_, _ = engine.Call(h, g, c, func() (int, error) { panic(errTest) })
	})
	require.EqualValues(t, 2, h.Snapshot().Count)
	require.Zero(t, g.Value())
	require.EqualValues(t, 2, c.Value())
}

func TestCallReturnsTheValue(t *testing.T) {
	r := engine.NewRegistry(engine.WithStrict())
	h, g, c := must(r.NewHistogram("h", "")), must(r.NewGauge("g", "")), must(r.NewCounter("c", ""))
	n, err := engine.Call(h, g, c, func() (int, error) { return 42, errTest })
	require.Equal(t, 42, n)
	require.ErrorIs(t, err, errTest)
	n, err = engine.Call(nil, nil, nil, func() (int, error) { return 43, nil })
	require.Equal(t, 43, n)
	require.NoError(t, err)
	require.EqualValues(t, 1, c.Value())
	require.EqualValues(t, 1, h.Snapshot().Count)
}

// A nil *Histogram in an Observer panicked after the function had run, so its result was lost.
func TestNilMeasuresAreIgnored(t *testing.T) {
	for name, o := range map[string]engine.Observer{"nil": nil, "nil *Histogram": (*engine.Histogram)(nil),
		"nil *Summary": (*engine.Summary)(nil)} {
		t.Run(name, func(t *testing.T) {
			n, err := engine.Call(o, nil, nil, func() (int, error) { return 42, errTest })
			require.Equal(t, 42, n)
			require.ErrorIs(t, err, errTest)
			var w worker
			require.NoError(t, engine.CountErrors(nil, engine.InProgress(nil, engine.Timed(o, w.work)))())
			withContext := engine.CountErrors(nil, engine.InProgress(nil, engine.Timed(o, w.workContext)))
			require.NoError(t, withContext(context.Background()))
			require.Equal(t, 2, w.calls)
			require.PanicsWithValue(t, "quipu: a timer of a nil observer", func() { engine.StartTimer(o) },
				"not as late as Stop")
		})
	}
	require.PanicsWithValue(t, "quipu: a timer of a nil observer", func() { (*engine.Histogram)(nil).Start() })
	require.PanicsWithValue(t, "quipu: a timer of a nil observer", func() { (*engine.Summary)(nil).Start() })
}

func TestMeasuresThatNoConstructorMadeAreRefusedBeforeTheFunctionRuns(t *testing.T) {
	g := must(engine.NewRegistry(engine.WithStrict()).NewGauge("g", ""))
	for _, o := range []engine.Observer{new(engine.Histogram), new(engine.Summary)} {
		var w worker
		require.Panics(t, func() { _ = engine.InProgress(g, engine.Timed(o, w.work))() })
		require.Panics(t, func() { _, _ = engine.Call(o, g, nil, func() (int, error) { return 0, w.work() }) })
		require.Zero(t, w.calls)
		require.Zero(t, g.Value())
	}
}
