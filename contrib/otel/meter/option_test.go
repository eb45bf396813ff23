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

func TestTheSetOfAnOptionIsReadWhereItLies(t *testing.T) {
	h, _ := counted(t, 100)
	one, two := metric.WithAttributeSet(setOf(1)), metric.WithAttributeSet(setOf(2))
	want := h.find(setOf(1))
	require.Equal(t, setOf(1), *onlySet([]metric.AddOption{one}))
	require.Same(t, want, at(h, one))
	require.Same(t, h.find(setOf(2)), at(h, two), "another option")
	require.Same(t, want, at(h, metric.WithAttributeSet(setOf(1))), "an equal option, which lies elsewhere")
	// Options beside it count too, and none is no attribute at all.
	both := at(h, one, metric.WithAttributes(attribute.Bool("more", true)))
	require.NotSame(t, want, both)
	require.Same(t, h.find(attribute.Set{}), at(h))
}

func TestOptionsWithoutASeriesOfTheirOwnStayUnknown(t *testing.T) {
	h, lookups := counted(t, 1)
	h.find(setOf(0))
	o := metric.WithAttributeSet(setOf(1))
	before := lookups.Load()
	for range 1000 {
		at(h, o)
	}
	require.Equal(t, before+1000, lookups.Load(), "the engine counts each of them")
}

func TestAForgottenSetIsFoundAgainByItsOption(t *testing.T) {
	h, lookups := counted(t, 100)
	o := metric.WithAttributeSet(setOf(1))
	want := at(h, o)
	h.forget()
	require.Same(t, want, at(h, o), "it was measured since")
	require.EqualValues(t, 1, lookups.Load())
	h.forget()
	h.forget()
	require.Same(t, want, at(h, o))
	require.EqualValues(t, 2, lookups.Load())
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
		require.EqualValues(t, goroutines*rounds*40, h.find(setOf(i)).Value(), i)
	}
}

// The options of OpenTelemetry can be changed: an instrumentation may keep one, and give it another
// set for each measurement.
func TestAnOptionWhoseSetIsReplacedMeasuresTheNewOne(t *testing.T) {
	h, _ := counted(t, 100)
	one := setOf(1)
	o := metric.WithAttributeSet(one)
	settable, ok := o.(interface{ Set(attribute.Set) })
	require.True(t, ok)
	for i := range 200 {
		set := setOf(i % 7)
		settable.Set(set)
		require.Same(t, h.find(set), at(h, o), i)
	}
	settable.Set(one)
	require.Same(t, h.find(one), at(h, o))
}
