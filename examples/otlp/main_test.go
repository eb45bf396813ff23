// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/examples/internal/sending"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// receiver counts requests. The test of internal/parsers that runs this program reads them.
func receiver(t *testing.T, status int) (url string, requests *atomic.Int32) {
	testkit.Baseline(t)
	requests = new(atomic.Int32)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/metrics" || r.Header.Get("Content-Type") != "application/x-protobuf" {
			http.Error(w, "not what a receiver expects", http.StatusTeapot)
			return
		}
		requests.Add(1)
		w.WriteHeader(status)
	}))
	t.Cleanup(s.Close)
	return s.URL, requests
}

func TestItSendsOnce(t *testing.T) {
	for _, args := range [][]string{{}, {"-delta"}, {"-service", "a", "-instance", "b"}} {
		url, requests := receiver(t, http.StatusOK)
		var out strings.Builder
		require.NoError(t, run(t.Context(), append(args, "-url", url, "-every", "0"), &out, io.Discard))
		require.Equal(t, "sent\n", out.String())
		require.Equal(t, int32(1), requests.Load())
	}
}

func TestItSendsUntilItIsStoppedAndOnceMore(t *testing.T) {
	url, requests := receiver(t, http.StatusOK)
	ctx, stop := context.WithCancel(t.Context())
	var out strings.Builder
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, []string{"-url", url, "-every", "20ms"}, &out, io.Discard) }()
	testkit.Poll(t, 10*time.Second, func() error {
		if requests.Load() < 3 {
			return errors.New("it has not sent three times")
		}
		return nil
	})
	stop()
	require.NoError(t, <-ended)
	require.Equal(t, "sending every 20ms\nsent the last values\n", out.String())
}

func TestItSaysWhatWentWrong(t *testing.T) {
	url, _ := receiver(t, http.StatusForbidden)
	once := []string{"-url", url, "-every", "0"}
	require.ErrorContains(t, run(t.Context(), once, io.Discard, io.Discard), "403 Forbidden")
	require.ErrorContains(t, run(t.Context(), []string{"-url", "nowhere"}, io.Discard, io.Discard), "http://")
	require.ErrorContains(t, run(t.Context(), append(once, "-service", ""), io.Discard, io.Discard), "service.name")

	ctx, stop := context.WithCancel(t.Context())
	stop()
	err := run(ctx, []string{"-url", url, "-every", "1h"}, io.Discard, io.Discard)
	require.ErrorContains(t, err, "the last values have not arrived")

	var stderr strings.Builder
	require.ErrorIs(t, run(t.Context(), []string{"-nonsense"}, io.Discard, &stderr), sending.ErrUsage)
	require.ErrorIs(t, run(t.Context(), []string{"-h"}, io.Discard, &stderr), flag.ErrHelp)
	require.Contains(t, stderr.String(), "-every time")
}
