// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"encoding/binary"

	"github.com/quipu-metrics/quipu/histogram"
	"github.com/quipu-metrics/quipu/internal/gone"
	"github.com/quipu-metrics/quipu/internal/wire"
)

// appendV1 appends a prometheus.WriteRequest, the message of remote write 1.0.
func (b *batch) appendV1(dst []byte, millis int64) []byte {
	for i := range b.series {
		s := &b.series[i]
		var begin int
		dst, begin = wire.Open(dst, 1)
		dst = appendLabelsV1(dst, b.text[s.labels.from:s.labels.to])
		if s.native < 0 {
			dst = appendSample(dst, s.bits, millis, 0)
		}
		for _, e := range b.exemplars[s.exemplars.from:s.exemplars.to] {
			var at int
			dst, at = wire.Open(dst, 3)
			dst = appendLabelsV1(dst, b.text[e.labels.from:e.labels.to])
			dst = wire.AppendDouble(dst, 2, e.value)
			dst = wire.AppendInt(dst, 3, e.millis)
			dst = wire.Close(dst, at)
		}
		if s.native >= 0 {
			dst = b.natives[s.native].appendTo(dst, 4, millis, 0)
		}
		dst = wire.Close(dst, begin)
	}
	for _, m := range b.families {
		var begin int
		dst, begin = wire.Open(dst, 3)
		dst = wire.AppendUint(dst, 1, m.typ)
		dst = wire.AppendString(dst, 2, m.name)
		dst = wire.AppendString(dst, 4, m.help)
		dst = wire.AppendString(dst, 5, m.unit)
		dst = wire.Close(dst, begin)
	}
	return dst
}

func appendLabelsV1(dst, text []byte) []byte {
	for len(text) > 0 {
		var name, value []byte
		name, value, text = gone.NextLabel(text)
		var begin int
		dst, begin = wire.Open(dst, 1)
		dst = wire.AppendString(dst, 1, name)
		dst = wire.AppendString(dst, 2, value)
		dst = wire.Close(dst, begin)
	}
	return dst
}

// appendSample appends a sample as field 2, which it is in both protocols. Only 2.0 has the time at
// which the series began.
func appendSample(dst []byte, bits uint64, millis, start int64) []byte {
	dst, begin := wire.Open(dst, 2)
	if bits != 0 {
		dst = wire.AppendFixed(dst, 1, bits)
	}
	dst = wire.AppendInt(dst, 2, millis)
	dst = wire.AppendInt(dst, 3, start)
	return wire.Close(dst, begin)
}

// appendTo appends a histogram. It is the same message in both protocols, but for the time at which
// it began.
func (n *native) appendTo(dst []byte, field uint64, millis, start int64) []byte {
	dst, begin := wire.Open(dst, field)
	dst = wire.AppendPresentUint(dst, 1, n.count)
	if n.sumBits != 0 {
		dst = wire.AppendFixed(dst, 3, n.sumBits)
	}
	dst = wire.AppendSint(dst, 4, int64(n.schema))
	dst = wire.AppendDouble(dst, 5, n.zeroThreshold)
	dst = wire.AppendPresentUint(dst, 6, n.zeroCount)
	dst = appendBuckets(dst, 8, &n.negative)
	dst = appendBuckets(dst, 11, &n.positive)
	dst = wire.AppendInt(dst, 15, millis)
	dst = wire.AppendInt(dst, 17, start)
	return wire.Close(dst, begin)
}

// appendBuckets appends the spans as this field, and the counts as the next one.
func appendBuckets(dst []byte, field uint64, b *histogram.NativeBuckets) []byte {
	for _, s := range b.Spans {
		var begin int
		dst, begin = wire.Open(dst, field)
		dst = wire.AppendSint(dst, 1, int64(s.Offset))
		dst = wire.AppendUint(dst, 2, uint64(s.Length))
		dst = wire.Close(dst, begin)
	}
	if len(b.Deltas) == 0 {
		return dst
	}
	dst, begin := wire.Open(dst, field+1)
	for _, d := range b.Deltas {
		dst = binary.AppendUvarint(dst, wire.Zigzag(d))
	}
	return wire.Close(dst, begin)
}
