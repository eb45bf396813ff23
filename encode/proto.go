// SPDX-License-Identifier: Apache-2.0

//lint:file-ignore SA4016 A tag spells its wire type out, also where that is 0.

package encode

import (
	"encoding/binary"
	"math"

	"github.com/quipu-metrics/quipu/internal/labeltext"
)

// This file writes the messages of io.prometheus.client (metrics.proto of prometheus/client_model)
// field by field, in the order of the field numbers. Lengths are the shortest varints, so the bytes
// equal those that the official library makes of the same message.
//
// The length of a message precedes its content. A small message gets one byte of room for its
// length. If the length needs more, the content moves up. Most metrics are shorter than 128 bytes,
// and moving the others costs less than computing all sizes first. Computing sizes first would also
// read every value twice, and a value may change in between.

// lengthRoom is the room for the length of a family. Three bytes fit messages of 16 KiB to 2 MiB,
// which is the usual size of a large family, because pages are written in chunks of 64 KiB.
const lengthRoom = 3

// Field tags are number<<3 | wire type. The wire types are 0 for a varint, 1 for eight bytes, and 2
// for a length and bytes.
const (
	tagFamilyName   = 1<<3 | 2
	tagFamilyHelp   = 2<<3 | 2
	tagFamilyType   = 3<<3 | 0
	tagFamilyMetric = 4<<3 | 2
	tagFamilyUnit   = 5<<3 | 2

	tagMetricLabel     = 1<<3 | 2
	tagMetricGauge     = 2<<3 | 2
	tagMetricCounter   = 3<<3 | 2
	tagMetricSummary   = 4<<3 | 2
	tagMetricUntyped   = 5<<3 | 2
	tagMetricTime      = 6<<3 | 0 // timestamp_ms
	tagMetricHistogram = 7<<3 | 2

	tagLabelName  = 1<<3 | 2
	tagLabelValue = 2<<3 | 2

	tagValue = 1<<3 | 1 // Gauge, Untyped and Counter

	tagCounterExemplar = 2<<3 | 2
	tagCounterCreated  = 3<<3 | 2

	tagSampleCount = 1<<3 | 0 // Summary and Histogram
	tagSampleSum   = 2<<3 | 1

	tagSummaryQuantile = 3<<3 | 2
	tagSummaryCreated  = 4<<3 | 2
	tagQuantileRank    = 1<<3 | 1
	tagQuantileValue   = 2<<3 | 1

	tagHistogramBucket  = 3<<3 | 2
	tagHistogramCreated = 15<<3 | 2
	tagBucketCount      = 1<<3 | 0
	tagBucketBound      = 2<<3 | 1
	tagBucketExemplar   = 3<<3 | 2

	tagExemplarLabel = 1<<3 | 2
	tagExemplarValue = 2<<3 | 1
	tagExemplarTime  = 3<<3 | 2

	tagTimeSeconds = 1<<3 | 0
	tagTimeNanos   = 2<<3 | 0
)

func (f *Family) protoHeader(name string) string {
	h := appendString(nil, tagFamilyName, name)
	if f.help != "" {
		h = appendString(h, tagFamilyHelp, f.help)
	}
	h = append(h, tagFamilyType, f.typ.protoType())
	if f.unit != "" {
		h = appendString(h, tagFamilyUnit, labeltext.Repair(f.unit))
	}
	return string(h)
}

func (f *Family) protoCounter(dst []byte, labels string, s *CounterSample) []byte {
	dst, metric := openMessage(dst, tagFamilyMetric)
	dst = appendLabelPairs(dst, tagMetricLabel, labels)
	dst, counter := openMessage(dst, tagMetricCounter)
	dst = appendDouble(dst, tagValue, float64(s.Int)+s.Frac)
	dst = f.appendExemplarMessage(dst, tagCounterExemplar, s.Exemplar)
	dst = appendTime(dst, tagCounterCreated, s.Created)
	dst = closeMessage(dst, counter)
	return closeMessage(dst, metric)
}

func (f *Family) protoGauge(dst []byte, labels string, v float64) []byte {
	tag := byte(tagMetricGauge)
	if f.typ == Untyped {
		tag = tagMetricUntyped
	}
	dst, metric := openMessage(dst, tagFamilyMetric)
	dst = appendLabelPairs(dst, tagMetricLabel, labels)
	dst = append(dst, tag, 9) // the tag of a double and its eight bytes
	dst = appendDouble(dst, tagValue, v)
	return closeMessage(dst, metric)
}

func (f *Family) protoSummary(dst []byte, labels string, s *SummarySample) []byte {
	dst, metric := openMessage(dst, tagFamilyMetric)
	dst = appendLabelPairs(dst, tagMetricLabel, labels)
	dst, summary := openMessage(dst, tagMetricSummary)
	dst = appendVarint(dst, tagSampleCount, s.Count)
	dst = appendDouble(dst, tagSampleSum, s.Sum)
	for i, rank := range f.bounds {
		if i == len(s.Quantiles) {
			break
		}
		dst = append(dst, tagSummaryQuantile, 18) // two doubles with their tags
		dst = appendDouble(dst, tagQuantileRank, rank)
		dst = appendDouble(dst, tagQuantileValue, s.Quantiles[i])
	}
	dst = appendTime(dst, tagSummaryCreated, s.Created)
	dst = closeMessage(dst, summary)
	return closeMessage(dst, metric)
}

func (f *Family) protoHistogram(dst []byte, labels string, h *HistogramSample) []byte {
	count, sum := uint64(0), h.Sum
	for i := range min(len(h.Counts), len(f.bounds)) {
		count += h.Counts[i]
	}
	classic := len(h.Counts) > 0 || h.Native == nil
	if !classic {
		count, sum = h.Native.Count, h.Native.Sum
	}
	dst, metric := openMessage(dst, tagFamilyMetric)
	dst = appendLabelPairs(dst, tagMetricLabel, labels)
	dst, histogram := openMessage(dst, tagMetricHistogram)
	dst = appendVarint(dst, tagSampleCount, count)
	dst = appendDouble(dst, tagSampleSum, sum)
	if classic {
		dst = f.appendBuckets(dst, h)
	}
	if h.Native != nil {
		dst = h.Native.appendFields(dst)
	}
	dst = appendTime(dst, tagHistogramCreated, h.Created)
	if h.Native != nil {
		for _, e := range h.Native.Exemplars {
			dst = f.appendNativeExemplar(dst, e)
		}
	}
	dst = closeMessage(dst, histogram)
	return closeMessage(dst, metric)
}

func (f *Family) appendBuckets(dst []byte, h *HistogramSample) []byte {
	total := uint64(0)
	for i, bound := range f.bounds {
		if i < len(h.Counts) {
			total += h.Counts[i]
		}
		dst2, bucket := openMessage(dst, tagHistogramBucket)
		dst2 = appendVarint(dst2, tagBucketCount, total)
		dst2 = appendDouble(dst2, tagBucketBound, bound)
		if i < len(h.Exemplars) {
			dst2 = f.appendExemplarMessage(dst2, tagBucketExemplar, h.Exemplars[i])
		}
		dst = closeMessage(dst2, bucket)
	}
	return dst
}

// appendLabelPairs writes each label as a LabelPair, with its value unescaped.
func appendLabelPairs(dst []byte, tag byte, labels string) []byte {
	for labels != "" {
		name, value, size, rest, ok := labeltext.Next(labels)
		if !ok {
			break
		}
		length := 1 + varintLen(uint64(len(name))) + len(name) + 1 + varintLen(uint64(size)) + size
		dst = append(dst, tag)
		dst = binary.AppendUvarint(dst, uint64(length))
		dst = appendString(dst, tagLabelName, name)
		dst = append(dst, tagLabelValue)
		dst = binary.AppendUvarint(dst, uint64(size))
		if size == len(value) {
			dst = append(dst, value...)
		} else {
			dst = labeltext.AppendUnescaped(dst, value)
		}
		labels = rest
	}
	return dst
}

func (f *Family) appendExemplarMessage(dst []byte, tag byte, e *Exemplar) []byte {
	if e == nil {
		return dst
	}
	dst, start := openMessage(dst, tag)
	return closeMessage(f.appendExemplarFields(dst, e), start)
}

func (f *Family) appendExemplarFields(dst []byte, e *Exemplar) []byte {
	from := len(dst)
	dst, labels := f.escaping.escape(dst, e.Labels)
	to := len(dst)
	dst = unscratch(appendLabelPairs(dst, tagExemplarLabel, labels), from, to)
	dst = appendDouble(dst, tagExemplarValue, e.Value)
	return appendTime(dst, tagExemplarTime, e.Timestamp)
}

// appendTime writes a google.protobuf.Timestamp, or nothing if the time is not known.
func appendTime(dst []byte, tag byte, t float64) []byte {
	if !timeKnown(t) {
		return dst
	}
	// A double resolves microseconds for today's dates. Rounding to them keeps .122 from becoming
	// .121999979.
	seconds := math.Floor(t)
	micros := uint64(math.Round((t - seconds) * 1e6))
	whole, nanos := uint64(seconds)+micros/1e6, micros%1e6*1e3
	dst, start := openMessage(dst, tag)
	// In proto3 a zero is left out.
	if whole != 0 {
		dst = appendVarint(dst, tagTimeSeconds, whole)
	}
	if nanos != 0 {
		dst = appendVarint(dst, tagTimeNanos, nanos)
	}
	return closeMessage(dst, start)
}

// openMessage writes the tag of a message and one byte of room for its length; start is the index
// of that byte.
func openMessage(dst []byte, tag byte) (_ []byte, start int) {
	return append(dst, tag, 0), len(dst) + 1
}

// closeMessage sets the length of the message that began at start.
func closeMessage(dst []byte, start int) []byte {
	if n := len(dst) - start - 1; n < 0x80 {
		dst[start] = byte(n)
		return dst
	}
	return setLength(dst, start, 1)
}

// closeFamily sets the length of the family whose room begins at start.
func closeFamily(dst []byte, start int) []byte { return setLength(dst, start, lengthRoom) }

// setLength replaces the room at start by the length of the bytes that follow it.
func setLength(dst []byte, start, room int) []byte {
	n := len(dst) - start - room
	need := varintLen(uint64(n))
	for range need - room {
		dst = append(dst, 0)
	}
	copy(dst[start+need:], dst[start+room:start+room+n])
	binary.PutUvarint(dst[start:start+need], uint64(n))
	return dst[:start+need+n]
}

func varintLen(v uint64) int {
	n := 1
	for ; v >= 0x80; v >>= 7 {
		n++
	}
	return n
}

func appendString(dst []byte, tag byte, s string) []byte {
	dst = append(dst, tag)
	dst = binary.AppendUvarint(dst, uint64(len(s)))
	return append(dst, s...)
}

func appendVarint(dst []byte, tag byte, v uint64) []byte {
	return binary.AppendUvarint(append(dst, tag), v)
}

func appendDouble(dst []byte, tag byte, v float64) []byte {
	return binary.LittleEndian.AppendUint64(append(dst, tag), math.Float64bits(v))
}
