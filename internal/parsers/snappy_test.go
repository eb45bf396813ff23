// SPDX-License-Identifier: Apache-2.0

package parsers

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	oracle "github.com/golang/snappy"
	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/snappy"
)

// snappyTexts are texts like those that remote write sends, and others.
func snappyTexts() map[string][]byte {
	random := rand.New(rand.NewPCG(3, 4))
	noise := make([]byte, 150_000)
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	var series, page strings.Builder
	for i := range 4_000 {
		path := fmt.Sprintf("/api/items/%d", i)
		series.WriteString("\n\x5c\n\x20\n\x08__name__\x12\x14http_requests_total\n\x0d\n\x04code")
		fmt.Fprintf(&series, "\x12\x05%d\n\x16\n\x04path\x12\x0e%s\x12\x10\x09", 200+i%5, path)
		series.Write(noise[i%1000 : i%1000+8])
		series.WriteString("\x10\xc0\xe0\xf9\xb6\xd3\x33")
		fmt.Fprintf(&page, "http_requests_total{code=\"%d\",path=\"%s\"} %d\n", 200+i%5, path, random.IntN(100_000))
	}
	return map[string][]byte{
		"series": []byte(series.String()), "page": []byte(page.String()), "noise": noise,
		"zeros": make([]byte, 200_000), "nothing": {}, "short": []byte("short"),
		"words": bytes.Repeat([]byte("the quick brown fox jumps over the lazy dog, "), 3_000),
	}
}

func TestGolangSnappyReadsBlocksThatAreHardlyLargerThanItsOwn(t *testing.T) {
	var e snappy.Encoder
	for name, text := range snappyTexts() {
		block := e.Append(nil, text)
		got, err := oracle.Decode(nil, block)
		require.NoError(t, err, name)
		require.True(t, bytes.Equal(text, got), name)
		theirs := oracle.Encode(nil, text)
		t.Logf("%s: %d bytes, of golang/snappy %d", name, len(block), len(theirs))
		require.LessOrEqual(t, float64(len(block)), 1.25*float64(len(theirs))+2, name)
	}
}

func FuzzSnappy(f *testing.F) {
	f.Add([]byte("abcdabcdabcdefghabcd"), uint16(7), uint16(3))
	f.Fuzz(func(t *testing.T, text []byte, times, cut uint16) {
		text = bytes.Repeat(text, int(times)%2000+1)
		text = text[min(int(cut), len(text)):]
		got, err := oracle.Decode(nil, new(snappy.Encoder).Append(nil, text))
		require.NoError(t, err)
		require.True(t, bytes.Equal(text, got))
	})
}
