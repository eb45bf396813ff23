// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/testkit"
)

func TestTheProgramServesMetricsInBothWays(t *testing.T) {
	program := testkit.Start(t, testkit.Build(t, "."), "-addr", "127.0.0.1:0")
	metrics := program.Find(`\AServing metrics on: (http://\S+/metrics)\n`, 10*time.Second)[1]
	base := strings.TrimSuffix(metrics, "/metrics")
	get := func(path, accept string) (contentType, body string) {
		r, err := http.NewRequest(http.MethodGet, base+path, nil)
		require.NoError(t, err)
		r.Header.Set("Accept", accept)
		resp, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		defer resp.Body.Close()
		require.Equal(t, http.StatusOK, resp.StatusCode)
		text, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return resp.Header.Get("Content-Type"), string(text)
	}
	for range 3 {
		_, body := get("/", "")
		require.Equal(t, "Hello\n", body)
	}
	for _, path := range []string{"/metrics", "/own/metrics"} {
		page, err := testkit.GetPage(base + path)
		require.NoError(t, err)
		require.Equal(t, 3.0, page.Value(t, "events_total", "path", "/"), path)

		contentType, text := get(path, "application/openmetrics-text;version=1.0.0,text/plain;q=0.5")
		require.Equal(t, "application/openmetrics-text; version=1.0.0; charset=utf-8", contentType)
		require.True(t, strings.HasSuffix(text, "# EOF\n"))
	}

	program.Signal(os.Interrupt)
	require.Zero(t, program.Wait(10*time.Second), program.Output())
}
