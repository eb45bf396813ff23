// SPDX-License-Identifier: Apache-2.0

package meter

import (
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/quipu-metrics/quipu/engine"
)

// at returns the series of a measurement with these options.
func at(h *handles[engine.Counter], options ...metric.AddOption) *engine.Counter {
	return seriesOf(h, options, added)
}

// known measures with an option until its address is known.
func known(t testing.TB, h *handles[engine.Counter], o metric.AddOption) {
	t.Helper()
	w, ok := wordsOfOption([]metric.AddOption{o})
	require.True(t, ok)
	for range 10_000 {
		at(h, o)
		if h.prepared.find(w) != nil {
			return
		}
	}
	require.Fail(t, "the option does not become known")
}

func TestAnOptionIsKnownByItsAddress(t *testing.T) {
	h, _ := counted(t, 100)
	one, two := metric.WithAttributeSet(setOf(1)), metric.WithAttributeSet(setOf(2))
	want := h.series(setOf(1))
	known(t, h, one)
	require.Same(t, want, at(h, one))
	require.Same(t, h.series(setOf(2)), at(h, two), "another option")
	require.Same(t, want, at(h, metric.WithAttributeSet(setOf(1))), "an equal option, which lies elsewhere")
	// Options beside it count too, and none is no attribute at all.
	both := at(h, one, metric.WithAttributes(attribute.Bool("more", true)))
	require.NotSame(t, want, both)
	require.Same(t, h.series(attribute.Set{}), at(h))
}

func TestOptionsWithoutASeriesOfTheirOwnStayUnknown(t *testing.T) {
	h, lookups := counted(t, 1)
	h.series(setOf(0))
	o := metric.WithAttributeSet(setOf(1))
	before := *lookups
	for range 1000 {
		at(h, o)
	}
	require.Equal(t, before+1000, *lookups, "the engine counts each of them")
}

func TestForgottenSetsFreeTheirOptions(t *testing.T) {
	h, _ := counted(t, 100)
	o := metric.WithAttributeSet(setOf(1))
	known(t, h, o)
	w, _ := wordsOfOption([]metric.AddOption{o})
	h.forget()
	require.NotNil(t, h.prepared.find(w), "it was measured since")
	h.forget()
	require.Nil(t, h.prepared.find(w))
	require.Same(t, h.series(setOf(1)), at(h, o))
}

// Options come and go, and others come to lie at their addresses, while goroutines measure with
// them. Each measurement must arrive at its own series.
func TestOptionsThatComeAndGoAreNotMixedUp(t *testing.T) {
	const sets, rounds, goroutines = 40, 400, 4
	h, _ := counted(t, 1000)
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for round := range rounds {
				options := make([]metric.AddOption, sets)
				for i := range options {
					options[i] = metric.WithAttributeSet(setOf(i))
				}
				for range 40 {
					for _, o := range options {
						at(h, o).Inc()
					}
				}
				switch round % 40 {
				case 0:
					runtime.GC()
				case 20:
					h.forget()
				}
			}
		})
	}
	wg.Wait()
	for i := range sets {
		require.EqualValues(t, goroutines*rounds*40, h.series(setOf(i)).Value(), i)
	}
}

// The options of OpenTelemetry can be changed: an instrumentation may keep one, and give it another
// set for each measurement.
func TestAnOptionWhoseSetIsReplacedMeasuresTheNewOne(t *testing.T) {
	h, _ := counted(t, 100)
	one := setOf(1)
	o := metric.WithAttributeSet(one)
	known(t, h, o)
	settable, ok := o.(interface{ Set(attribute.Set) })
	require.True(t, ok)
	for i := range 200 {
		set := setOf(i % 7)
		settable.Set(set)
		require.Same(t, h.series(set), at(h, o), i)
	}
	settable.Set(one)
	require.Same(t, h.series(one), at(h, o))
}
