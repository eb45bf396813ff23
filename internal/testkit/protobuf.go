// SPDX-License-Identifier: Apache-2.0

package testkit

import (
	"encoding/binary"
	"testing"
)

// Pieces is the number of messages that a protobuf page has for one family, and the number of
// metrics in them.
type Pieces struct{ Messages, Metrics int }

// ReadProtobuf counts the messages and the metrics of each family of a page in the protobuf format.
// It fails the test if a message is cut short or has no metrics.
func ReadProtobuf(t testing.TB, page []byte) map[string]Pieces {
	t.Helper()
	const familyName, familyMetric = 1, 4 // fields of io.prometheus.client.MetricFamily
	families := map[string]Pieces{}
	for rest := page; len(rest) > 0; {
		message := prefixed(t, &rest)
		name, metrics := "", 0
		for len(message) > 0 {
			switch number, content := field(t, &message); number {
			case familyName:
				name = string(content)
			case familyMetric:
				metrics++
			}
		}
		if metrics == 0 {
			t.Fatalf("a message of family %q has no metrics", name)
		}
		families[name] = Pieces{families[name].Messages + 1, families[name].Metrics + metrics}
	}
	return families
}

// field takes the next field off b: a length and content, or a varint, whose content is nil.
func field(t testing.TB, b *[]byte) (number uint64, content []byte) {
	t.Helper()
	const varintType, lengthType = 0, 2
	tag := varint(t, b)
	switch tag & 7 {
	case varintType:
		varint(t, b)
		return tag >> 3, nil
	case lengthType:
		return tag >> 3, prefixed(t, b)
	}
	t.Fatalf("a field has the wire type %d", tag&7)
	return 0, nil
}

// prefixed takes a length off b, and as many bytes after it.
func prefixed(t testing.TB, b *[]byte) []byte {
	t.Helper()
	n := varint(t, b)
	if n > uint64(len(*b)) {
		t.Fatalf("%d bytes are announced, %d are there", n, len(*b))
	}
	content := (*b)[:n]
	*b = (*b)[n:]
	return content
}

func varint(t testing.TB, b *[]byte) uint64 {
	t.Helper()
	v, n := binary.Uvarint(*b)
	if n <= 0 {
		t.Fatalf("a number is cut short: % x", *b)
	}
	*b = (*b)[n:]
	return v
}
