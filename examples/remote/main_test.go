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

// receiver knows remote write 1.0 only, and counts the requests that it stores. A test of
// internal/integration sends to real receivers.
func receiver(t *testing.T, tenant, user, password string) (url string, stored *atomic.Int32) {
	testkit.Baseline(t)
	stored = new(atomic.Int32)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, secret, _ := r.BasicAuth()
		switch {
		case r.Header.Get("X-Scope-OrgID") != tenant || name != user || secret != password:
			w.WriteHeader(http.StatusUnauthorized)
		case strings.HasPrefix(r.Header.Get("X-Prometheus-Remote-Write-Version"), "2"):
			w.WriteHeader(http.StatusUnsupportedMediaType)
		default:
			stored.Add(1)
			w.WriteHeader(http.StatusNoContent)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL + "/api/v1/write", stored
}

func noVariables(string) string { return "" }

func TestItSendsOnce(t *testing.T) {
	url, stored := receiver(t, "", "", "")
	var out strings.Builder
	require.NoError(t, run(t.Context(), []string{"-url", url, "-every", "0"}, noVariables, &out, io.Discard))
	require.Equal(t, "sent\n", out.String())
	require.Equal(t, int32(1), stored.Load())
}

func TestItSaysWhoItIs(t *testing.T) {
	url, stored := receiver(t, "me", "user", "secret")
	args := []string{"-url", url, "-every", "0", "-tenant", "me", "-user", "user"}
	password := func(name string) string { return map[string]string{"REMOTE_PASSWORD": "secret"}[name] }
	require.NoError(t, run(t.Context(), args, password, io.Discard, io.Discard))
	require.Equal(t, int32(1), stored.Load())
	require.ErrorContains(t, run(t.Context(), args, noVariables, io.Discard, io.Discard), "401")
}

func TestItSendsUntilItIsStoppedAndOnceMore(t *testing.T) {
	url, stored := receiver(t, "", "", "")
	ctx, stop := context.WithCancel(t.Context())
	var out strings.Builder
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, []string{"-url", url, "-every", "20ms"}, noVariables, &out, io.Discard) }()
	testkit.Poll(t, 10*time.Second, func() error {
		if stored.Load() < 3 {
			return errors.New("it has not sent three times")
		}
		return nil
	})
	stop()
	require.NoError(t, <-ended)
	require.Equal(t, "sending every 20ms\nsent the last values\n", out.String())
}

func TestItSaysWhatWentWrong(t *testing.T) {
	url, _ := receiver(t, "other", "", "")
	ctx, stop := context.WithCancel(t.Context())
	stop()
	err := run(ctx, []string{"-url", url, "-every", "1h"}, noVariables, io.Discard, io.Discard)
	require.ErrorContains(t, err, "the last values have not arrived")
	err = run(t.Context(), []string{"-url", "nowhere"}, noVariables, io.Discard, io.Discard)
	require.ErrorContains(t, err, "http://")

	var stderr strings.Builder
	require.ErrorIs(t, run(t.Context(), []string{"-nonsense"}, noVariables, io.Discard, &stderr), sending.ErrUsage)
	require.ErrorIs(t, run(t.Context(), []string{"-h"}, noVariables, io.Discard, &stderr), flag.ErrHelp)
	require.Contains(t, stderr.String(), "-every time")
}
