// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

// pairs is a label struct.
type pairs struct{ A string }

func TestWhatIsNilIsNamedInTheError(t *testing.T) {
	var none *engine.Registry
	r := engine.NewRegistry()
	only := func(_ any, err error) error { return err }
	for want, err := range map[string]error{
		`quipu: counter "a_total": invalid option: option 1 is nil`: only(r.NewCounter("a_total", "", nil)),
		`quipu: histogram "b": invalid option: option 2 is nil`: only(
			r.NewHistogramVec("b", "", nil, engine.WithBuckets(1), nil)),
		`quipu: gauge "c": invalid option: option 1 is nil`:       only(engine.RegisterGaugeOf[pairs](r, "c", "", nil)),
		`quipu: gauge "d": invalid option: the registry is nil`:   only(engine.RegisterGaugeOf[pairs](nil, "d", "")),
		`quipu: summary "e": invalid option: the registry is nil`: only(none.NewSummary("e", "")),
		`quipu: gauge "f": invalid option: the registry is nil`: only(
			none.NewGaugeFunc("f", "", func() float64 { return 1 })),
		`quipu: gauge "g": invalid option: the function is nil`:         only(r.NewGaugeFunc("g", "", nil)),
		`quipu: counter "h_total": invalid option: the function is nil`: only(r.NewCounterFunc("h_total", "", nil)),
		`quipu: counter "i_total": invalid option: WithExemplars(nil)`: only(
			r.NewCounter("i_total", "", engine.WithExemplars(nil))),
		`quipu: Expose: invalid option: the registry is nil`: only(none.Expose(io.Discard, engine.Exposition{})),
	} {
		require.EqualError(t, err, want)
		require.ErrorIs(t, err, engine.ErrOption)
	}
	for want, f := range map[string]func(){
		"quipu: NewRegistry: invalid option: option 2 is nil": func() {
			engine.NewRegistry(engine.WithMaxSeries(1), nil)
		},
		"quipu: Timed: the function is nil": func() { engine.Timed[func() error](nil, nil) },
		"quipu: InProgress: the function is nil": func() {
			engine.InProgress[func(context.Context) error](nil, nil)
		},
		"quipu: CountErrors: the function is nil": func() { engine.CountErrors[func() error](nil, nil) },
		"quipu: Call: the function is nil":        func() { _, _ = engine.Call[int](nil, nil, nil, nil) },
	} {
		require.PanicsWithValue(t, want, f)
	}
	require.Empty(t, valuesOf(t, r))
}
