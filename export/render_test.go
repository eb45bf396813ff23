// SPDX-License-Identifier: Apache-2.0

package export

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

func TestRenderWritesThePageOfTheHandler(t *testing.T) {
	reg := manySeries(t, 3000)
	for _, accept := range []string{"", "application/openmetrics-text", protobufType} {
		var b strings.Builder
		contentType, err := Render(&b, reg, accept)
		require.NoError(t, err)
		w := testkit.Get(Handler(reg), "/?name[]=http_requests_total", "Accept", accept)
		require.Equal(t, w.Header().Get("Content-Type"), contentType)
		want := strings.TrimSuffix(w.Body.String(), "# EOF\n")
		require.Greater(t, len(want), 100_000)
		require.Contains(t, b.String(), want)
	}
	contentType, err := Render(io.Discard, nil, "application/openmetrics-text")
	require.ErrorContains(t, err, "registry")
	require.Equal(t, encode.OpenMetrics.ContentType(), contentType)

	broken := fmt.Errorf("broken pipe")
	contentType, err = Render(writerFunc(func([]byte) (int, error) { return 0, broken }), reg)
	require.ErrorIs(t, err, broken)
	require.Equal(t, encode.Text.ContentType(), contentType)
}
