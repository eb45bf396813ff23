// SPDX-License-Identifier: Apache-2.0

package encode

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/labeltext"
)

// fields splits a message into its fields. These tests need no more of protobuf. A varint is kept
// as its value in eight bytes, little-endian.
func fields(t *testing.T, message []byte) (numbers []uint64, values [][]byte) {
	uvarint := func() uint64 {
		v, n := binary.Uvarint(message)
		require.Positive(t, n)
		require.Equal(t, varintLen(v), n, "a varint longer than it must be")
		message = message[n:]
		return v
	}
	for len(message) > 0 {
		tag := uvarint()
		var value []byte
		switch tag & 7 {
		case 0:
			value = binary.LittleEndian.AppendUint64(nil, uvarint())
		case 1:
			value, message = message[:8], message[8:]
		case 2:
			n := uvarint()
			require.LessOrEqual(t, n, uint64(len(message)))
			value, message = message[:n], message[n:]
		default:
			require.Fail(t, "wire type")
		}
		numbers, values = append(numbers, tag>>3), append(values, value)
	}
	return numbers, values
}

func TestLengthsOfEverySizeAreSetAndShortest(t *testing.T) {
	gauge := NewFamily("g", "", "", Gauge, nil)
	for _, n := range []int{0, 1, 100, 110, 120, 125, 126, 127, 128, 129, 16_300, 16_383, 16_384, 70_000, 1 << 21} {
		for _, value := range []string{strings.Repeat("x", n), strings.Repeat("\n", n)} {
			dst := []byte("before")
			dst = gauge.Begin(dst, Protobuf)
			dst = gauge.AppendGauge(dst, Protobuf, label("a", value), 1.5)
			dst = gauge.End(dst, len("before"), Protobuf)
			require.Equal(t, "before", string(dst[:6]))
			length, k := binary.Uvarint(dst[6:])
			require.Equal(t, varintLen(length), k)
			family := dst[6+k:]
			require.Equal(t, length, uint64(len(family)))

			numbers, values := fields(t, family)
			require.Equal(t, []uint64{1, 3, 4}, numbers)
			numbers, values = fields(t, values[2])
			require.Equal(t, []uint64{1, 2}, numbers)
			_, pair := fields(t, values[0])
			require.Equal(t, "a", string(pair[0]))
			require.Equal(t, value, string(pair[1]))
			_, double := fields(t, values[1])
			require.Equal(t, 1.5, math.Float64frombits(binary.LittleEndian.Uint64(double[0])))
		}
	}
}

func TestTimesAreRoundedToMicroseconds(t *testing.T) {
	for _, c := range []struct {
		at    float64
		s, ns uint64
	}{
		{1700000000, 1700000000, 0}, {1700000000.122, 1700000000, 122000000}, {0.25, 0, 250000000},
		{1700000000.9999999, 1700000001, 0}, {5e-324, 0, 0},
	} {
		_, times := fields(t, appendTime(nil, tagCounterCreated, c.at))
		numbers, values := fields(t, times[0])
		got := map[uint64]uint64{}
		for i, n := range numbers {
			got[n] = binary.LittleEndian.Uint64(values[i])
		}
		require.Equal(t, []uint64{c.s, c.ns}, []uint64{got[1], got[2]})
	}
}

func TestATimeThatRoundsUpToAWholeSecondIsThatSecond(t *testing.T) {
	require.Equal(t, appendTime(nil, 1, 2), appendTime(nil, 1, 1.9999999))
	require.Equal(t, appendTime(nil, 1, 1.999999), appendTime(nil, 1, 1.9999991))
}

func TestForeignLabelTextEndsTheLabelsAndNothingElse(t *testing.T) {
	for _, labels := range []string{"a", "a=", `a="`, `a="1`, `a="\`, `a="\"`, `a="1"b`, `=,"`, `a="1",`, ","} {
		require.NotPanics(t, func() { appendLabelPairs(nil, tagMetricLabel, labels) }, labels)
	}
}

func FuzzProtobuf(f *testing.F) {
	f.Add("v", uint64(1), 0.5)
	f.Add(strings.Repeat(`\"`, 100)+"\n", uint64(1<<63), -1.0)
	f.Fuzz(func(t *testing.T, value string, n uint64, v float64) {
		value = labeltext.Repair(value)
		h := NewFamily("h", value, "", Histogram, []float64{1})
		e := &Exemplar{Labels: label("a", value), Value: v, Timestamp: v}
		dst := h.Begin(nil, Protobuf)
		dst = h.AppendHistogram(dst, Protobuf, label("a", value), &HistogramSample{
			Counts: []uint64{n, 1}, Sum: v, Created: v, Exemplars: []*Exemplar{e, nil}, Native: nativeSample()})
		dst = h.End(dst, 0, Protobuf)
		_, messages := fields(t, append([]byte{tagFamilyMetric}, dst...))
		require.Len(t, messages, 1)
		numbers, values := fields(t, messages[0])
		metric := values[len(values)-1]
		require.Equal(t, uint64(4), numbers[len(numbers)-1])
		_, values = fields(t, metric)
		_, pair := fields(t, values[0])
		require.Equal(t, value, string(pair[1]))
		_, histogram := fields(t, values[1])
		require.Equal(t, n+1, binary.LittleEndian.Uint64(histogram[0]))
	})
}
