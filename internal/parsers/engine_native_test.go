// SPDX-License-Identifier: Apache-2.0

package parsers

import (
	"fmt"
	"math"
	"slices"
	"testing"

	prometheus "github.com/prometheus/prometheus/model/histogram"
	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

// nativeSpan is what histograms of a bucket limit observe, and the schema that is left in the end.
type nativeSpan struct {
	limit  int
	values []float64
	schema int32
}

// powersOfTwo returns values from 2^0 to 2^(n-1), three of each power; with both signs if wanted.
func powersOfTwo(n int, signs ...float64) (values []float64) {
	for i := range n {
		for _, factor := range []float64{1, 1.25, 1.5} {
			for _, sign := range append(signs, 1) {
				values = append(values, sign*factor*math.Ldexp(1, i))
			}
		}
	}
	return values
}

// Existing code asks for these limits. Prometheus reads the buckets that were observed, at the
// resolution that docs/histograms.md promises, before and after they widen.
func TestPrometheusReadsNativeHistogramsOfEveryLimit(t *testing.T) {
	least := math.Nextafter(0x1p-1022, 1)
	whole := []float64{least, math.MaxFloat64, -least, -math.MaxFloat64, 0, math.Inf(1), math.Inf(-1)}
	for _, c := range []nativeSpan{
		{32, powersOfTwo(3), 3}, {32, powersOfTwo(30), 0}, {32, powersOfTwo(8, -1), 0}, {32, powersOfTwo(1023), -4},
		{32, whole, -4},
		{100, powersOfTwo(11), 3}, {100, powersOfTwo(14), 2}, {100, powersOfTwo(11, -1), 2}, {100, whole, -4},
		{160, powersOfTwo(19), 3}, {160, powersOfTwo(22), 2}, {160, powersOfTwo(9, -1), 3}, {160, whole, -4},
		{256, powersOfTwo(31), 3}, {256, powersOfTwo(34), 2}, {256, powersOfTwo(15, -1), 3}, {256, whole, -4},
		{320, powersOfTwo(39), 3}, {500, powersOfTwo(61), 3}, {500, whole, -4},
	} {
		t.Run(fmt.Sprintf("%d, %d values, schema %d", c.limit, len(c.values), c.schema), func(t *testing.T) {
			for _, bounds := range [][]float64{nil, {-1, 2, 1e9}} {
				b := newBook(t)
				options := []engine.MetricOption{engine.WithNative(histogram.NativeOptions{
					Schema: 3, ZeroThreshold: 0x1p-1022, MaxBuckets: c.limit})}
				if bounds != nil {
					options = append(options, engine.WithBuckets(bounds...))
				}
				h, err := b.reg.NewHistogram("h", "H.", options...)
				require.NoError(t, err)
				b.enter(b.define(encode.Histogram, "h", "H.", "", bounds, nil), false, h)
				for _, v := range c.values {
					h.Observe(v)
				}
				for _, format := range formats {
					page := b.expose(engine.Exposition{Format: format, NoSelf: true})
					checkPage(t, b.families(format), format, page, format.ContentType())
					if format == encode.Protobuf {
						requireObserved(t, c, page)
					}
				}
			}
		})
	}
}

// iterator iterates over the buckets of one sign.
type iterator = prometheus.BucketIterator[uint64]

// requireObserved requires that the buckets which Prometheus reads are those of the values.
func requireObserved(t *testing.T, c nativeSpan, page []byte) {
	t.Helper()
	samples, err := Parse(page, encode.Protobuf.ContentType())
	require.NoError(t, err)
	h := samples[0].Native
	require.NotNil(t, h)
	require.NoError(t, h.Validate())
	require.Equal(t, c.schema, h.Schema)
	require.EqualValues(t, len(c.values), h.Count)
	found := h.ZeroCount
	require.EqualValues(t, countIn(c.values, -h.ZeroThreshold, h.ZeroThreshold, true), h.ZeroCount)
	negated := make([]float64, len(c.values))
	for i, v := range c.values {
		negated[i] = -v
	}
	indexes := 0 // from the lowest to the highest in use, of both signs
	for _, sign := range []struct {
		buckets iterator
		values  []float64
	}{{h.PositiveBucketIterator(), c.values}, {h.NegativeBucketIterator(), negated}} {
		var used []int
		for sign.buckets.Next() {
			bucket := sign.buckets.At()
			low, high := math.Abs(bucket.Lower), math.Abs(bucket.Upper)
			low, high = min(low, high), max(low, high)
			require.EqualValues(t, countIn(sign.values, low, high, false), bucket.Count, "%v", bucket)
			found += bucket.Count
			if bucket.Count > 0 && !math.IsInf(high, 1) {
				used = append(used, int(bucket.Index))
			}
		}
		if len(used) > 0 {
			indexes += slices.Max(used) - slices.Min(used) + 1
		}
	}
	require.Equal(t, h.Count, found)
	most := c.limit
	if c.schema == -4 {
		most = max(most, 272)
	}
	require.LessOrEqual(t, indexes, most)
}

// countIn counts the values above low and up to high, or from low if closed is set.
func countIn(values []float64, low, high float64, closed bool) (n int) {
	for _, v := range values {
		if (v > low || closed && v == low) && v <= high {
			n++
		}
	}
	return n
}
