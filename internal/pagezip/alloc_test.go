// SPDX-License-Identifier: Apache-2.0

package pagezip_test

import (
	"io"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/internal/pagezip"
)

func TestAPageAllocatesNothing(t *testing.T) {
	z := pagezip.NewWriter(io.Discard)
	page, other := pageOf(t, encode.Text, "histograms", 5000), inputs()["small pieces"]
	for _, input := range [][]byte{page, other, nil} {
		require.Zero(t, testing.AllocsPerRun(5, func() {
			z.Reset(io.Discard)
			z.Write(input)
			z.Close()
		}))
	}
}

func TestTheMemoryOfAWriterIsAsItsCommentSays(t *testing.T) {
	require.InDelta(t, 265<<10, int(unsafe.Sizeof(pagezip.Writer{})), 10<<10)
}
