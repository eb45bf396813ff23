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

func TestTheProgramServesItsRoutesAndCountsThem(t *testing.T) {
	program := testkit.Start(t, testkit.Build(t, "."), "-addr", "127.0.0.1:0")
	metrics := program.Find(`\AServing metrics on: (http://\S+/metrics)\n`, 10*time.Second)[1]
	base := strings.TrimSuffix(metrics, "/metrics")
	get := func(path string) (int, string) {
		resp, err := http.Get(base + path)
		require.NoError(t, err)
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return resp.StatusCode, string(body)
	}
	for _, tt := range []struct {
		path string
		code int
		body string
	}{
		{"/", 200, "Middleware Example\n"},
		{"/users/alice", 200, "\"alice\"\n"},
		{"/users/bob", 200, "\"bob\"\n"},
		{"/nowhere", 404, "404 page not found\n"},
	} {
		code, body := get(tt.path)
		require.Equal(t, tt.code, code)
		require.Equal(t, tt.body, body)
	}

	var page *testkit.Page
	testkit.Poll(t, 5*time.Second, func() (err error) { // the last request is counted just after its answer
		page, err = testkit.GetPage(metrics)
		if err == nil && page.Samples[testkit.Series("http_requests_in_flight")] != 0 {
			return io.ErrNoProgress
		}
		return err
	})
	users := []string{"method", "GET", "route", "/users/{id}"}
	require.Equal(t, 2.0, page.Value(t, "http_requests_total", users...))
	require.Equal(t, 2.0, page.Value(t, "http_responses_total", append(users, "code", "200")...))
	require.Equal(t, 2.0, page.Value(t, "http_request_duration_seconds_count", users...))
	require.Equal(t, 1.0, page.Value(t, "http_requests_total", "method", "GET", "route", "/{$}"))
	require.Equal(t, 1.0, page.Value(t, "http_responses_total", "method", "GET", "route", "unmatched", "code", "404"))
	require.Equal(t, 2.0, page.Value(t, "events_total", "route", "/users/{id}"))
	require.NotContains(t, page.Text, `route="/metrics"`)

	program.Signal(os.Interrupt)
	require.Zero(t, program.Wait(10*time.Second), program.Output())
}
