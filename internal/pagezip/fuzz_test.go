// SPDX-License-Identifier: Apache-2.0

package pagezip_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/internal/pagezip"
)

// FuzzWriter writes any bytes in chunks of any sizes, repeated so that they fill more than a block
// if they are wanted to.
func FuzzWriter(f *testing.F) {
	f.Add([]byte("a\nb\n"), []byte{1, 2, 3}, uint16(1))
	f.Add(pageOf(f, encode.Text, "histograms", 50), []byte{255}, uint16(40))
	f.Add(pageOf(f, encode.Protobuf, "counters", 50), []byte{0, 255}, uint16(100))
	for _, input := range inputs() {
		f.Add(input[:min(2000, len(input))], []byte{200, 100}, uint16(3))
	}
	z := pagezip.NewWriter(io.Discard)
	f.Fuzz(func(t *testing.T, input, chunks []byte, times uint16) {
		input = bytes.Repeat(input, 1+min(int(times), 300_000/(len(input)+1)))
		var sizes []int
		for _, c := range chunks {
			sizes = append(sizes, 1+int(c)*int(c))
		}
		check(t, z, input, sizes)
	})
}

// FuzzEdits writes lines, each the line before with some bytes replaced by others: the matcher's
// own kind of text, with lines of all lengths and differences of all kinds.
func FuzzEdits(f *testing.F) {
	f.Add([]byte(`x_total{a="b",c="d"} 123`+"\n"), []byte("\x05\x01e\x10\x02\"\"\x16\x01\n"))
	z := pagezip.NewWriter(io.Discard)
	f.Fuzz(func(t *testing.T, line, edits []byte) {
		input := bytes.Clone(line)
		for len(edits) >= 3 && len(input) < 400_000 && len(line) > 0 {
			at, cut := int(edits[0])%len(line), int(edits[1]%4)
			insert := edits[2:min(len(edits), 3+int(edits[1]>>6))]
			next := append(bytes.Clone(line[:at]), insert...)
			line = append(next, line[min(len(line), at+cut):]...)
			edits = edits[2+len(insert):]
			input = append(input, line...)
		}
		check(t, z, input, nil)
	})
}
