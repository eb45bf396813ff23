// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// field is a field of a message, read by the description of the wire format. Prometheus' own
// decoders are the oracle in internal/parsers.
type field struct {
	number int
	value  uint64 // of a varint or of eight bytes
	bytes  []byte
}

func fieldsOf(t testing.TB, message []byte) (list []field) {
	for len(message) > 0 {
		tag, n := binary.Uvarint(message)
		require.Positive(t, n)
		message = message[n:]
		f := field{number: int(tag >> 3)}
		switch tag & 7 {
		case 0:
			f.value, n = binary.Uvarint(message)
			require.Positive(t, n)
			message = message[n:]
		case 1:
			f.value, message = binary.LittleEndian.Uint64(message), message[8:]
		case 2:
			length, n := binary.Uvarint(message)
			require.Positive(t, n)
			f.bytes, message = message[n:n+int(length)], message[n+int(length):]
		default:
			t.Fatalf("wire type %d", tag&7)
		}
		list = append(list, f)
	}
	return list
}

// received is a series as a receiver reads it.
type received struct {
	labels    string // as name=value, joined by commas
	value     float64
	stale     bool
	millis    int64
	start     int64
	histogram []field
	exemplars []string
	about     string // type, help and unit
}

func (r *received) sample(t testing.TB, message []byte) {
	for _, f := range fieldsOf(t, message) {
		switch f.number {
		case 1:
			r.value, r.stale = math.Float64frombits(f.value), f.value == stale
		case 2:
			r.millis = int64(f.value)
		case 3:
			r.start = int64(f.value)
		}
	}
}

func (r *received) native(t testing.TB, message []byte) {
	r.histogram = fieldsOf(t, message)
	for _, f := range r.histogram {
		switch f.number {
		case 1:
			r.value = float64(f.value)
		case 3:
			r.stale = f.value == stale
		case 15:
			r.millis = int64(f.value)
		case 17:
			r.start = int64(f.value)
		}
	}
}

func exemplarOf(t testing.TB, labels string, fields []field) string {
	text := labels
	for _, f := range fields {
		switch f.number {
		case 2:
			text += fmt.Sprint(" ", math.Float64frombits(f.value))
		case 3:
			require.Positive(t, f.value)
		}
	}
	return text
}

func labelsV1(t testing.TB, fields []field) string {
	var parts []string
	for _, f := range fields {
		if f.number == 1 && f.bytes != nil {
			var pair [3]string
			for _, l := range fieldsOf(t, f.bytes) {
				pair[l.number] = string(l.bytes)
			}
			parts = append(parts, pair[1]+"="+pair[2])
		}
	}
	return strings.Join(parts, ",")
}

// readV1 reads a request of version 1.0.
func readV1(t testing.TB, message []byte) (list []received, about map[string]string) {
	about = map[string]string{}
	for _, f := range fieldsOf(t, message) {
		if f.number == 3 {
			var name, rest string
			for _, m := range fieldsOf(t, f.bytes) {
				switch m.number {
				case 1:
					rest = fmt.Sprint(m.value, rest)
				case 2:
					name = string(m.bytes)
				default:
					rest += "|" + string(m.bytes)
				}
			}
			about[name] = rest
			continue
		}
		require.Equal(t, 1, f.number)
		fields := fieldsOf(t, f.bytes)
		r := received{labels: labelsV1(t, fields)}
		for _, s := range fields {
			switch s.number {
			case 2:
				r.sample(t, s.bytes)
			case 3:
				e := fieldsOf(t, s.bytes)
				r.exemplars = append(r.exemplars, exemplarOf(t, labelsV1(t, e), e))
			case 4:
				r.native(t, s.bytes)
			}
		}
		list = append(list, r)
	}
	return list, about
}

// readV2 reads a request of version 2.0.
func readV2(t testing.TB, message []byte) (list []received) {
	var symbols []string
	all := fieldsOf(t, message)
	for _, f := range all {
		if f.number == 4 {
			symbols = append(symbols, string(f.bytes))
		}
	}
	require.Equal(t, "", symbols[0])
	refs := func(packed []byte) string {
		var parts []string
		for len(packed) > 0 {
			name, n := binary.Uvarint(packed)
			value, m := binary.Uvarint(packed[n:])
			packed = packed[n+m:]
			parts = append(parts, symbols[name]+"="+symbols[value])
		}
		return strings.Join(parts, ",")
	}
	for _, f := range all {
		if f.number != 5 {
			continue
		}
		var r received
		for _, s := range fieldsOf(t, f.bytes) {
			switch s.number {
			case 1:
				r.labels = refs(s.bytes)
			case 2:
				r.sample(t, s.bytes)
			case 3:
				r.native(t, s.bytes)
			case 4:
				e := fieldsOf(t, s.bytes)
				r.exemplars = append(r.exemplars, exemplarOf(t, refs(e[0].bytes), e))
			case 5:
				for _, m := range fieldsOf(t, s.bytes) {
					if m.number == 1 {
						r.about = fmt.Sprint(m.value)
					} else {
						r.about += "|" + symbols[m.value]
					}
				}
			}
		}
		list = append(list, r)
	}
	return list
}
