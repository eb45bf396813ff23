// SPDX-License-Identifier: Apache-2.0

package meter

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/quipu-metrics/quipu/engine"
)

// counted returns the handles of a counter with so many series at most, and a count of the lookups
// by labels.
func counted(t testing.TB, most int) (h *handles[engine.Counter], lookups *atomic.Int64) {
	t.Helper()
	v, err := engine.NewRegistry().NewCounterVec("c_total", "", nil, engine.WithMaxSeries(most))
	require.NoError(t, err)
	lookups = new(atomic.Int64)
	p, err := NewProvider(engine.NewRegistry())
	require.NoError(t, err)
	return newHandles(p, definition{}, nil, func(labels engine.Labels) (*engine.Counter, bool) {
		lookups.Add(1)
		return v.LookupLabels(labels)
	}), lookups
}

func setOf(i int) attribute.Set {
	return attribute.NewSet(attribute.Int("i", i), attribute.String("text", "x"))
}

func TestASetIsTranslatedOnce(t *testing.T) {
	h, lookups := counted(t, 10_000)
	const sets = 3000
	all := map[*engine.Counter]bool{}
	for range 3 {
		for i := range sets {
			all[h.find(setOf(i))] = true
		}
	}
	require.Len(t, all, sets)
	require.Less(t, lookups.Load(), int64(sets+sets/50), "few sets find no place")
	require.Same(t, h.find(attribute.Set{}), h.find(*attribute.EmptySet()))
}

func TestSetsWithoutASeriesOfTheirOwnAreNotRemembered(t *testing.T) {
	h, lookups := counted(t, 1)
	h.find(setOf(0))
	for range 3 {
		h.find(setOf(1))
	}
	require.EqualValues(t, 4, lookups.Load())
	require.NotSame(t, h.find(setOf(0)), h.find(setOf(1)))
}

func TestSetsWithOneHashAreToldApart(t *testing.T) {
	h, _ := counted(t, 100)
	one, two := setOf(1), setOf(2)
	a := h.miss(7, one)
	b := h.miss(7, two)
	require.NotSame(t, a, b)
	table := h.table.Load()
	require.Same(t, a, table.find(7, &one).metric)
	require.Same(t, b, table.find(7, &two).metric)
	for i := range 2 * probes { // more than there are places where lookups look
		require.NotNil(t, h.miss(7, setOf(10+i)))
	}
	require.Same(t, a, h.table.Load().find(7, &one).metric)
}

func TestPreparedSetsAreKnownByTheirArray(t *testing.T) {
	require.True(t, knownLayout, "OpenTelemetry has changed its sets: see setWords")
	h, _ := counted(t, 100)
	h.find(setOf(1))
	prepared := setOf(1)
	e := h.table.Load().find(hashOf(&prepared), &prepared)
	require.False(t, e.arrays.has(&prepared))
	for range 1000 {
		h.find(prepared)
	}
	require.True(t, e.arrays.has(&prepared))
	for range 1000 {
		h.find(setOf(1))
	}
	require.Nil(t, e.arrays.known[3], "sets of one measurement are not worth it")
	for range 10 * len(e.arrays.known) { // more than are kept
		prepared = setOf(1)
		for range 1000 {
			h.find(prepared)
		}
		require.True(t, e.arrays.has(&prepared))
	}
}

func TestSetsThatNobodyMeasuresAreForgotten(t *testing.T) {
	h, lookups := counted(t, 1000)
	for i := range 100 {
		h.find(setOf(i))
	}
	h.forget()
	require.Len(t, h.table.Load().slots, 256)
	kept := h.find(setOf(7))
	h.forget()
	require.Len(t, h.table.Load().slots, smallest, "one is left")
	require.EqualValues(t, 100, lookups.Load())
	require.Same(t, kept, h.find(setOf(7)))
	require.EqualValues(t, 100, lookups.Load())
	h.find(setOf(8))
	require.EqualValues(t, 101, lookups.Load())
}

func TestSetsAreForgottenOnceAMinute(t *testing.T) {
	s := &source{}
	calls := 0
	s.addForget(func() { calls++ })
	now := time.Now()
	for _, after := range []time.Duration{0, time.Second, forgetAfter, forgetAfter + 1, 2 * forgetAfter} {
		s.forget(now.Add(after))
	}
	require.Equal(t, 3, calls)
}

// A view that leaves out an attribute, and values that are repaired or cut, give one series to any
// number of sets. Clients may choose them.
func TestSetsThatShareASeriesAreNotAllRemembered(t *testing.T) {
	h, _ := counted(t, 1000)
	h.keep = attribute.NewDenyKeysFilter("i")
	series := h.find(setOf(0))
	for i := range 20_000 {
		require.Same(t, series, h.find(setOf(i)))
	}
	require.LessOrEqual(t, len(h.table.Load().slots), 4*manySets)

	h.keep = nil
	for i := range 1000 {
		require.Same(t, h.find(setOf(i)), h.find(setOf(i)))
	}
	require.GreaterOrEqual(t, len(h.table.Load().slots), 2000, "it grows with the series")
}

// A label is cut where it is too long, but a set would keep all of it.
func TestSetsOfLongAttributesAreNotRemembered(t *testing.T) {
	long := strings.Repeat("x", engine.MaxLabelValue)
	h, lookups := counted(t, 100)
	for _, kv := range []attribute.KeyValue{
		attribute.String("k", long+"x"), attribute.StringSlice("k", []string{long}), attribute.Int("k"+long, 1),
	} {
		lookups.Store(0)
		set := attribute.NewSet(kv, attribute.Int("a", 1))
		require.Same(t, h.find(set), h.find(set))
		require.EqualValues(t, 2, lookups.Load(), kv.Key[:1])
		require.Zero(t, h.table.Load().used)
	}
	h.find(attribute.NewSet(attribute.String("k", long)))
	require.Equal(t, 1, h.table.Load().used)
}

func TestManyGoroutinesFindTheSameSeries(t *testing.T) {
	h, _ := counted(t, 10_000)
	h.lookup = func(of func(engine.Labels) (*engine.Counter, bool)) func(engine.Labels) (*engine.Counter, bool) {
		var mu sync.Mutex
		return func(labels engine.Labels) (*engine.Counter, bool) {
			mu.Lock()
			defer mu.Unlock()
			return of(labels)
		}
	}(h.lookup)
	const sets, each, goroutines = 200, 2000, 4
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for i := range each {
				h.find(setOf((i * (g + 1)) % sets)).Inc()
			}
		})
	}
	wg.Wait()
	total := 0.0
	for i := range sets {
		total += h.find(setOf(i)).Value()
	}
	require.EqualValues(t, goroutines*each, total)
}

func BenchmarkFind(b *testing.B) {
	h, _ := counted(b, 100)
	prepared := setOf(1)
	h.find(prepared)
	b.Run("prepared", func(b *testing.B) {
		for range b.N {
			h.find(prepared)
		}
	})
	b.Run("option", func(b *testing.B) {
		options := []metric.AddOption{metric.WithAttributeSet(prepared)}
		for range b.N {
			seriesOf(h, options, added)
		}
	})
	b.Run("equal", func(b *testing.B) {
		var equal [64]attribute.Set // more than are known
		for i := range equal {
			equal[i] = setOf(1)
		}
		b.ResetTimer()
		for i := range b.N {
			h.find(equal[i%len(equal)])
		}
	})
}
