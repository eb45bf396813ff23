// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/histogram"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

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
	require.Equal(t, map[string]testkit.Pieces{
		"rows_total": {Messages: 1, Metrics: 5000}, "native": {Messages: 1, Metrics: 3},
	}, testkit.ReadProtobuf(t, whole.Bytes()))

	kept := r.pages.get(newPage).(*page)
	require.LessOrEqual(t, cap(kept.buf), 4*chunkSize, "a buffer that a whole family has made large is not kept")

	_, err = r.Expose(&pieces, Exposition{Format: encode.Protobuf, NoSelf: true})
	require.NoError(t, err)
	families := testkit.ReadProtobuf(t, pieces.Bytes())
	require.Greater(t, families["rows_total"].Messages, 1, "a scrape's memory does not grow with a family")
	require.Equal(t, 3, families["native"].Messages, "Prometheus reads exemplars of the first one in a message")
}
