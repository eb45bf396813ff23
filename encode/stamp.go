// SPDX-License-Identifier: Apache-2.0

package encode

import (
	"bytes"
	"encoding/binary"
	"strconv"
)

// Stamp gives a timestamp, in milliseconds since 1970, to the series that was appended to dst since
// it had the length from. Prometheus takes a sample without a timestamp as of the time of the
// scrape, which is what nearly all metrics want; a timestamp is for values that are older than the
// scrape. The server drops samples that are too old or out of order. In the text format it refuses
// pages with times before 1970, and in protobuf it takes the time 0 for none.
func (f *Family) Stamp(dst []byte, from int, format Format, millis int64) []byte {
	if format == Protobuf {
		return stampMetric(dst, from, millis)
	}
	// The lines are copied and come back one by one. Few series have timestamps, so the Append
	// methods do not pay for them.
	lines := bytes.Clone(dst[from:])
	dst = dst[:from]
	var digits [24]byte
	stamp := append(digits[:0], ' ')
	stamp = appendStamp(stamp, millis, format)
	for line := range bytes.Lines(lines) {
		at := valueEnd(line)
		dst = append(dst, line[:at]...)
		dst = append(dst, stamp...)
		dst = append(dst, line[at:]...)
	}
	return dst
}

// appendStamp appends a timestamp: milliseconds in the text format, seconds in OpenMetrics.
func appendStamp(dst []byte, millis int64, format Format) []byte {
	if format == Text {
		return strconv.AppendInt(dst, millis, 10)
	}
	return strconv.AppendFloat(dst, float64(millis)/1000, 'f', -1, 64)
}

// valueEnd returns the index behind the value of a sample's line.
func valueEnd(line []byte) int {
	i := bytes.IndexAny(line, "{ ")
	if line[i] == '{' {
		quoted := false
		for i++; quoted || line[i] != '}'; i++ {
			switch line[i] {
			case '\\':
				i++
			case '"':
				quoted = !quoted
			}
		}
		i++ // the brace
	}
	i++ // the blank
	return i + bytes.IndexAny(line[i:], " \n")
}

// stampMetric writes the field into the metric message that begins at from, in the order of the
// field numbers: behind all fields but a histogram.
func stampMetric(dst []byte, from int, millis int64) []byte {
	_, n := binary.Uvarint(dst[from+1:])
	content := bytes.Clone(dst[from+1+n:])
	at := 0
	for at < len(content) && content[at] < tagMetricTime { // all of these have a length
		size, n := binary.Uvarint(content[at+1:])
		at += 1 + n + int(size)
	}
	stamp := appendVarint(nil, tagMetricTime, uint64(millis))
	dst = append(dst[:from+1], binary.AppendUvarint(nil, uint64(len(content)+len(stamp)))...)
	dst = append(dst, content[:at]...)
	dst = append(dst, stamp...)
	return append(dst, content[at:]...)
}
