// SPDX-License-Identifier: Apache-2.0

package encode

func label(pairs ...string) string {
	var dst []byte
	for i := 0; i < len(pairs); i += 2 {
		dst = AppendLabel(dst, pairs[i], pairs[i+1])
	}
	return string(dst)
}

const hostile = "} 1\n# EOF\n\"quoted\" back\\slash\ttab\x00nul \u00fc"

func nativeSample() *NativeSample {
	return &NativeSample{
		Schema: -2, ZeroThreshold: 1e-6, ZeroCount: 1, Count: 4, Sum: 3,
		Positive: Buckets{Spans: []Span{{Offset: -3, Length: 1}, {Offset: 300, Length: 1}}, Deltas: []int64{2, -1}},
		Negative: Buckets{Spans: []Span{{Offset: 1, Length: 2}}, Deltas: []int64{0, 0}},
	}
}
