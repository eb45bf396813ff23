// SPDX-License-Identifier: Apache-2.0

package load

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/testkit"
)

func TestLoadKeepsItsPaceAndItsEnd(t *testing.T) {
	testkit.Baseline(t)
	served := 0
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served++ }))
	defer server.Close()
	began := time.Now()
	l := Run(t.Context(), Config{URL: server.URL, Workers: 1, Rate: 200, Duration: 500 * time.Millisecond})
	require.GreaterOrEqual(t, time.Since(began), 500*time.Millisecond)
	require.Zero(t, l.Failed, l.FirstFailure)
	require.EqualValues(t, served, l.Total())
	require.LessOrEqual(t, served, 101)
	require.Positive(t, served)
}

func TestLoadEndsWithItsContextAndKeepsTheLastAnswer(t *testing.T) {
	testkit.Baseline(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		cancel() // while this request is in progress
		time.Sleep(20 * time.Millisecond)
	}))
	defer server.Close()
	l := Run(ctx, Config{URL: server.URL, Workers: 1})
	require.Zero(t, l.Failed, l.FirstFailure)
	require.EqualValues(t, 1, l.Total())
}

func TestRequestsWithoutAnAnswerAreNotCountedAsAnswered(t *testing.T) {
	l := Run(t.Context(), Config{URL: "http://" + testkit.FreeAddr(t), Workers: 1, Rate: 100,
		Duration: 100 * time.Millisecond})
	require.Zero(t, l.Total())
	require.Positive(t, l.Failed)
	require.Contains(t, l.FirstFailure, "refused")
}
