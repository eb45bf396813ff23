// SPDX-License-Identifier: Apache-2.0

package metrictest

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

// pool is a collector and a source.
type pool struct {
	size engine.Collected
	emit float64
	err  error
}

func (p *pool) Define(d *engine.Definitions) { p.size = d.Counter("size_total", "Size.", nil) }
func (p *pool) Collect(e *engine.Emission)   { e.Emit(p.size, p.emit) }
func (p *pool) Emit(_ context.Context, w *engine.Writer) error {
	w.Counter("size_total", "Size.", p.emit)
	return p.err
}

const poolText = `
	# HELP size_total Size.
	# TYPE size_total counter
	size_total 3
`

func TestWhatACollectorOrASourceEmitsCanBeCompared(t *testing.T) {
	Compare(t, OfCollector(t, &pool{emit: 3}), poolText)
	Compare(t, OfSource(t, &pool{emit: 3}), poolText)
}

// untyped is a source of a series whose type nobody knows.
type untyped struct{}

func (*untyped) Emit(_ context.Context, w *engine.Writer) error {
	w.Untyped("size", "Size.", 3)
	return nil
}

func TestFamiliesWithoutATypeCanBeCompared(t *testing.T) {
	reg := OfSource(t, new(untyped))
	Compare(t, reg, `
		# HELP size Size.
		# TYPE size untyped
		size 3
	`)
	require.Equal(t, 3.0, Value(t, reg, "size", nil))
	require.Equal(t, "untyped", Get(t, reg, "size").Type)
}

func TestAnEmissionThatIsDroppedFailsTheTest(t *testing.T) {
	for name, supply := range map[string]func(tb testing.TB) *engine.Registry{
		"collector": func(tb testing.TB) *engine.Registry { return OfCollector(tb, &pool{emit: -1}) },
		"source":    func(tb testing.TB) *engine.Registry { return OfSource(tb, &pool{emit: -1}) },
		"source's error": func(tb testing.TB) *engine.Registry {
			return OfSource(tb, &pool{emit: 1, err: errors.New("no")})
		},
	} {
		tb := new(loggingTB)
		for range supply(tb).Read(engine.ReadOptions{}) {
		}
		require.Len(t, tb.errors, 1, name)
	}
}

func TestWhatCannotBeRegisteredEndsTheTest(t *testing.T) {
	require.NotEmpty(t, try(t, func(tb testing.TB) { OfCollector(&cleaning{tb}, nil) }).fatal)
	require.NotEmpty(t, try(t, func(tb testing.TB) { OfSource(&cleaning{tb}, nil) }).fatal)
}

// cleaning gives a fakeTB the methods that NewRegistry calls.
type cleaning struct{ testing.TB }

func (*cleaning) Cleanup(func())      {}
func (*cleaning) Name() string        { return "TestFake" }
func (c *cleaning) Fatal(args ...any) { c.TB.Fatalf("%v", args) }
