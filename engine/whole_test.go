// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/histogram"
)

// messages counts the protobuf messages of a page by the name of their family.
func messages(t *testing.T, page []byte) map[string]int {
	t.Helper()
	count := map[string]int{}
	for len(page) > 0 {
		size, n := binary.Uvarint(page)
		require.Positive(t, n)
		message := page[n : n+int(size)]
		require.EqualValues(t, 1<<3|2, message[0], "a family begins with its name")
		length, m := binary.Uvarint(message[1:])
		require.Positive(t, m)
		count[string(message[1+m:1+m+int(length)])]++
		page = page[n+int(size):]
	}
	return count
}

func TestAFamilyIsOneMessageWhereTheReaderMayBeAMapByName(t *testing.T) {
	r := NewRegistry(WithMaxSeries(5000))
	rows, err := r.NewCounterVec("rows_total", "Rows.", []string{"row"})
	require.NoError(t, err)
	native, err := r.NewHistogramVec("native", "Native.", []string{"row"}, WithNative(histogram.NativeDefaults()))
	require.NoError(t, err)
	for i := range 5000 {
		rows.With(fmt.Sprint(strings.Repeat("x", 60), i)).Inc()
	}
	for i := range 3 {
		native.With(fmt.Sprint(i)).ObserveWithExemplar(1, Labels{"trace": "1"})
	}
	var whole, pieces bytes.Buffer
	n, err := r.Expose(&whole, Exposition{Format: encode.Protobuf, WholeFamilies: true, NoSelf: true})
	require.NoError(t, err)
	require.EqualValues(t, whole.Len(), n)
	require.Greater(t, whole.Len(), 4*chunkSize)
	require.Equal(t, map[string]int{"rows_total": 1, "native": 1}, messages(t, whole.Bytes()))

	kept := r.pages.get(newPage)
	require.LessOrEqual(t, cap(kept.buf), 4*chunkSize, "a buffer that a whole family has made large is not kept")

	_, err = r.Expose(&pieces, Exposition{Format: encode.Protobuf, NoSelf: true})
	require.NoError(t, err)
	require.Greater(t, messages(t, pieces.Bytes())["rows_total"], 1, "a scrape's memory does not grow with a family")
	require.Equal(t, 3, messages(t, pieces.Bytes())["native"], "Prometheus reads exemplars of the first one in a message")
}
