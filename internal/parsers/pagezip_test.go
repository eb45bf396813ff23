// SPDX-License-Identifier: Apache-2.0

package parsers

import (
	"bytes"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/pagezip"
)

// readBack compresses the text with the handler's gzip, and compares what klauspost's reader makes
// of it.
func readBack(tb testing.TB, z *pagezip.Writer, text []byte) {
	var zipped bytes.Buffer
	z.Reset(&zipped)
	_, err := z.Write(text)
	require.NoError(tb, err)
	require.NoError(tb, z.Close())
	r, err := gzip.NewReader(&zipped)
	require.NoError(tb, err)
	r.Multistream(false)
	got, err := io.ReadAll(r)
	require.NoError(tb, err)
	require.True(tb, bytes.Equal(text, got), "%d bytes came back differently", len(text))
	require.Zero(tb, zipped.Len(), "bytes behind the member")
}

func TestKlauspostsReaderReadsTheHandlersGzip(t *testing.T) {
	z := pagezip.NewWriter(io.Discard)
	reg := encodedRegistry(t, 20_000)
	for _, f := range []encode.Format{encode.Text, encode.OpenMetrics, encode.Protobuf} {
		var page bytes.Buffer
		_, err := reg.Expose(&page, engine.Exposition{Format: f})
		require.NoError(t, err)
		readBack(t, z, page.Bytes())
	}
	r := rand.New(rand.NewPCG(1, 2))
	for _, letters := range []int{1, 2, 4, 40, 256} {
		text := make([]byte, 200_000)
		for i := range text {
			text[i] = byte(r.IntN(letters))
		}
		for _, n := range []int{0, 1, 10, 1000, len(text)} {
			readBack(t, z, text[:n])
		}
	}
}

func FuzzHandlersGzip(f *testing.F) {
	f.Add([]byte(`x_total{a="b"} 1`+"\n"), uint16(100))
	z := pagezip.NewWriter(io.Discard)
	f.Fuzz(func(t *testing.T, text []byte, times uint16) {
		readBack(t, z, bytes.Repeat(text, 1+min(int(times), 300_000/(len(text)+1))))
	})
}
