// SPDX-License-Identifier: Apache-2.0

//lint:file-ignore SA4016 A tag spells its wire type out, also where that is 0.

package encode

import "encoding/binary"

// Fields of Histogram for native buckets. Signed integers are zigzag varints.
const (
	tagNativeSchema        = 5<<3 | 0
	tagNativeZeroThreshold = 6<<3 | 1
	tagNativeZeroCount     = 7<<3 | 0
	tagNativeNegativeSpan  = 9<<3 | 2
	tagNativeNegativeDelta = 10<<3 | 0
	tagNativePositiveSpan  = 12<<3 | 2
	tagNativePositiveDelta = 13<<3 | 0
	tagNativeExemplar      = 16<<3 | 2 // does not fit one byte
	tagSpanOffset          = 1<<3 | 0
	tagSpanLength          = 2<<3 | 0
)

func (n *NativeSample) appendFields(dst []byte) []byte {
	dst = appendVarint(dst, tagNativeSchema, zigzag(int64(n.Schema)))
	dst = appendDouble(dst, tagNativeZeroThreshold, n.ZeroThreshold)
	dst = appendVarint(dst, tagNativeZeroCount, n.ZeroCount)
	dst = appendBuckets(dst, &n.Negative, tagNativeNegativeSpan, tagNativeNegativeDelta)
	if n.ZeroThreshold == 0 && n.ZeroCount == 0 && len(n.Positive.Spans)+len(n.Negative.Spans) == 0 {
		// Nothing else would tell Prometheus that this is a native histogram without observations.
		// An empty span does.
		return append(dst, tagNativePositiveSpan, 4, tagSpanOffset, 0, tagSpanLength, 0)
	}
	return appendBuckets(dst, &n.Positive, tagNativePositiveSpan, tagNativePositiveDelta)
}

// appendBuckets writes spans and deltas, each element as a field of its own: the schema is proto2
// and does not say packed.
func appendBuckets(dst []byte, b *Buckets, spanTag, deltaTag byte) []byte {
	for _, s := range b.Spans {
		offset := zigzag(int64(s.Offset))
		dst = append(dst, spanTag, byte(2+varintLen(offset)+varintLen(uint64(s.Length))))
		dst = appendVarint(dst, tagSpanOffset, offset)
		dst = appendVarint(dst, tagSpanLength, uint64(s.Length))
	}
	for _, d := range b.Deltas {
		dst = appendVarint(dst, deltaTag, zigzag(d))
	}
	return dst
}

func (f *Family) appendNativeExemplar(dst []byte, e *Exemplar) []byte {
	if e == nil {
		return dst
	}
	dst = binary.AppendUvarint(dst, tagNativeExemplar)
	start := len(dst)
	dst = append(dst, 0)
	return closeMessage(f.appendExemplarFields(dst, e), start)
}

func zigzag(v int64) uint64 { return uint64(v)<<1 ^ uint64(v>>63) }
