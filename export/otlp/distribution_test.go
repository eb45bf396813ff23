// SPDX-License-Identifier: Apache-2.0

package otlp

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
	"github.com/quipu-metrics/quipu/internal/gone"
)

// classicOf returns a classic histogram with these counts.
func classicOf(counts ...uint64) *engine.HistogramSnapshot {
	return &engine.HistogramSnapshot{Counts: counts, Count: total(counts), Sum: float64(total(counts))}
}

// nativeOf returns a native histogram with these counts in consecutive buckets.
func nativeOf(schema int, first int32, counts ...uint64) *engine.HistogramSnapshot {
	n := &histogram.NativeSnapshot{Schema: schema, Count: total(counts), Sum: float64(total(counts))}
	n.Positive.Spans = []histogram.NativeSpan{{Offset: first, Length: uint32(len(counts))}}
	last := uint64(0)
	for _, c := range counts {
		n.Positive.Deltas = append(n.Positive.Deltas, int64(c-last))
		last = c
	}
	return &engine.HistogramSnapshot{Count: n.Count, Sum: n.Sum, Native: n}
}

func TestAClassicHistogramThatBeginsAgainIsSentFromItsBeginning(t *testing.T) {
	for name, c := range map[string]struct {
		was, is *engine.HistogramSnapshot
		created int64
		want    []uint64
	}{
		"it goes on":                  {classicOf(1, 2), classicOf(3, 7), 1, []uint64{2, 5}},
		"it was created again":        {classicOf(1, 2), classicOf(3, 7), 50, []uint64{3, 7}},
		"it has fewer":                {classicOf(1, 2), classicOf(0, 1), 1, []uint64{0, 1}},
		"a bucket has fewer":          {classicOf(1, 2), classicOf(9, 0), 1, []uint64{9, 0}},
		"the last bucket, and before": {classicOf(1, 2, 5), classicOf(2, 9, 4), 1, []uint64{2, 9, 4}},
	} {
		d := newDeltas(1)
		d.classic(key{1}, 10, 1, c.was)
		d.commit()
		counts, count, sum, start := d.classic(key{1}, 100, c.created, c.is)
		require.Equal(t, c.want, counts, name)
		require.Equal(t, total(c.want), count, name)
		require.Equal(t, float64(total(c.want)), sum, name)
		require.Equal(t, max(10, c.created), start, name)
	}
}

func TestANativeHistogramThatBeginsAgainIsSentFromItsBeginning(t *testing.T) {
	for name, c := range map[string]struct {
		was, is *engine.HistogramSnapshot
		created int64
		scale   int
		want    []uint64
	}{
		"it goes on":                  {nativeOf(3, 1, 1, 2), nativeOf(3, 1, 3, 7), 1, 3, []uint64{2, 5}},
		"it was created again":        {nativeOf(3, 1, 1, 2), nativeOf(3, 1, 3, 7), 50, 3, []uint64{3, 7}},
		"it has fewer":                {nativeOf(3, 1, 1, 2), nativeOf(3, 1, 1), 1, 3, []uint64{1}},
		"it has others":               {nativeOf(3, 1, 1, 2), nativeOf(3, 9, 5), 1, 3, []uint64{5}},
		"its resolution is lower now": {nativeOf(3, 1, 1, 2), nativeOf(2, 1, 5, 1), 1, 2, []uint64{2, 1}},
		"its resolution was lower":    {nativeOf(2, 1, 1), nativeOf(3, 1, 2, 3), 1, 2, []uint64{4}},
	} {
		d := newDeltas(1)
		d.exponential(key{1}, 10, 1, c.was)
		d.commit()
		b, start := d.exponential(key{1}, 100, c.created, c.is)
		require.Equal(t, c.scale, b.Scale, name)
		require.Equal(t, c.want, b.Positive.Counts, name)
		require.Equal(t, total(c.want), b.Count, name)
		require.Equal(t, float64(total(c.want)), b.Sum, name)
		require.Equal(t, max(10, c.created), start, name)
	}
}

func TestAHistogramWithOtherBoundsIsAnotherSeries(t *testing.T) {
	d := newDeltas(1)
	labels := func(name, value string) []byte { return gone.AppendLabel(nil, name, value) }
	one := d.keyOf("h", histogramForm, labels("a", "1"), []float64{1, 2})
	require.Equal(t, one, d.keyOf("h", histogramForm, labels("a", "1"), []float64{1, 2}))
	for _, other := range []key{
		d.keyOf("h", histogramForm, labels("a", "1"), []float64{1, 3}),
		d.keyOf("h", histogramForm, labels("a", "1"), nil),
		d.keyOf("h", exponentialForm, labels("a", "1"), []float64{1, 2}),
		d.keyOf("i", histogramForm, labels("a", "1"), []float64{1, 2}),
		d.keyOf("h", histogramForm, labels("a1", ""), []float64{1, 2}),
		d.keyOf("h", histogramForm, labels("a", "2"), []float64{1, 2}),
	} {
		require.NotEqual(t, one, other)
	}
}
