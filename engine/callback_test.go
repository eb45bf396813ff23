// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

// slowly is a collector, and a source, that take a time of their own.
type slowly struct {
	takes time.Duration
	err   error
	gauge engine.Collected
}

func (s *slowly) Define(d *engine.Definitions) { s.gauge = d.Gauge("collected", "", nil) }

func (s *slowly) Collect(e *engine.Emission) {
	time.Sleep(s.takes)
	e.Emit(s.gauge, 1)
}

func (s *slowly) Emit(_ context.Context, w *engine.Writer) error {
	time.Sleep(s.takes)
	w.Gauge("written", "", 1)
	return s.err
}

func TestCallbacksTellWhatIsSlowAndWhatFails(t *testing.T) {
	require.Empty(t, (*engine.Registry)(nil).Callbacks())
	synctest.Test(t, func(t *testing.T) {
		inner, reg := engine.NewRegistry(), engine.NewRegistry()
		takes := time.Millisecond
		_, err := inner.NewGaugeFunc("func", "", func() float64 { time.Sleep(takes); return 1 })
		require.NoError(t, err)
		_, err = reg.NewCounter("plain_total", "")
		require.NoError(t, err)
		require.NoError(t, reg.Register(&slowly{takes: 2 * time.Millisecond}))
		require.NoError(t, reg.Attach(&slowly{takes: 3 * time.Millisecond, err: errors.New("no")}))
		require.NoError(t, reg.Mount(inner))
		require.NoError(t, reg.Mount(inner, engine.WithPrefix("again_")))
		require.Equal(t, []engine.Callback{
			{Name: "again_func"}, {Name: "*engine_test.slowly"}, {Name: "*engine_test.slowly"},
		}, reg.Callbacks(), "none was called")
		for range 2 {
			for range reg.Read(engine.ReadOptions{}) {
			}
		}
		require.Equal(t, []engine.Callback{
			{Name: "again_func", Calls: 2, Latest: time.Millisecond},
			{Name: "*engine_test.slowly", Calls: 2, Latest: 2 * time.Millisecond},
			{Name: "*engine_test.slowly", Calls: 2, Latest: 3 * time.Millisecond, Failures: 2},
		}, reg.Callbacks())

		takes = time.Minute
		for range reg.Read(engine.ReadOptions{}) {
		}
		slow := reg.Callbacks()[0]
		require.EqualValues(t, 1, slow.Failures)
		require.EqualValues(t, 2, slow.Calls)
		require.Positive(t, slow.Running)
		time.Sleep(time.Hour)
		slow = reg.Callbacks()[0]
		require.EqualValues(t, 3, slow.Calls)
		require.Equal(t, time.Minute, slow.Latest)
		require.Zero(t, slow.Running)
	})
}
