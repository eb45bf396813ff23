// SPDX-License-Identifier: Apache-2.0

package testkit

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadProtobufCountsTheMessagesAndMetricsOfEachFamily(t *testing.T) {
	const one, two = "\x07\x0a\x01a\x22\x02xy", "\x09\x0a\x01b\x18\x01\x22\x00\x22\x00"
	require.Equal(t, map[string]Pieces{"a": {2, 2}, "b": {1, 2}}, ReadProtobuf(t, []byte(one+two+one)))
	for message, want := range map[string]string{
		"\x03\x0a\x01a":         `a message of family "a" has no metrics`,
		"\x07\x0a\x01a":         "7 bytes are announced, 3 are there",
		"\x05\x0a\x01a\x22\x02": "2 bytes are announced, 0 are there",
		"\x01\x0d":              "wire type 5",
		"\x80":                  "cut short",
	} {
		r := record(t, func(r *recorder) { ReadProtobuf(r, []byte(message)) })
		require.Contains(t, r.failed, want)
	}
}
