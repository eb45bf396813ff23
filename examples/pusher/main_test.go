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
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/examples/internal/sending"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

const page = `# HELP requests_total Total requests.
# TYPE requests_total counter
requests_total{url="/p/user"} 1
requests_total{url="/p/group"} 2
`

// gateway records its requests: a line with method and path, then the body.
type gateway struct {
	*httptest.Server
	mu   sync.Mutex
	seen []string
}

func newGateway(t *testing.T) *gateway {
	testkit.Baseline(t)
	g := &gateway{}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		g.mu.Lock()
		defer g.mu.Unlock()
		g.seen = append(g.seen, r.Method+" "+r.RequestURI+"\n"+string(body))
		if strings.Contains(r.RequestURI, "refused") {
			http.Error(w, "no such job here", http.StatusForbidden)
		}
	}))
	t.Cleanup(g.Close)
	return g
}

func (g *gateway) requests() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.seen
}

func TestItPushesOnce(t *testing.T) {
	for name, tc := range map[string]struct {
		args []string
		want string // the request
		out  string
	}{
		"as in the guide": {nil, "PUT /metrics/job/my-job/instance/127.0.0.1:1234\n" + page, "pushed\n"},
		"other labels": {[]string{"-job", "a b", "-instance", "/dev"},
			"PUT /metrics/job/a%20b/instance@base64/L2Rldg\n" + page, "pushed\n"},
		"import path": {[]string{"-path", "/import", "-instance", "i"},
			"PUT /import?extra_label=job%3Dmy-job&extra_label=instance%3Di\n" + page, "pushed\n"},
		"delete": {[]string{"-delete"}, "DELETE /metrics/job/my-job/instance/127.0.0.1:1234\n", "deleted\n"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, scheme := range []string{"", "http://"} {
				g := newGateway(t)
				var out strings.Builder
				args := append([]string{"-addr", scheme + g.Listener.Addr().String()}, tc.args...)
				require.NoError(t, run(t.Context(), args, &out, io.Discard))
				require.Equal(t, []string{tc.want}, g.requests())
				require.Equal(t, tc.out, out.String())
			}
		})
	}
}

func TestItPushesUntilItIsStoppedAndOnceMore(t *testing.T) {
	g := newGateway(t)
	ctx, stop := context.WithCancel(t.Context())
	var out strings.Builder
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, []string{"-addr", g.URL, "-every", "20ms"}, &out, io.Discard) }()
	testkit.Poll(t, 10*time.Second, func() error {
		if len(g.requests()) < 3 {
			return errors.New("it has not pushed three times")
		}
		return nil
	})
	stop()
	require.NoError(t, <-ended)
	require.Equal(t, "pushing every 20ms\npushed the last values\n", out.String())
	last := g.requests()[len(g.requests())-1]
	require.Contains(t, last, `requests_total{url="/p/user"} `)
}

func TestItSaysWhatWentWrong(t *testing.T) {
	g := newGateway(t)
	require.ErrorContains(t, run(t.Context(), []string{"-addr", g.URL, "-job", "refused"}, io.Discard, io.Discard),
		"no such job here")
	require.ErrorContains(t, run(t.Context(), []string{"-addr", g.URL, "-job", ""}, io.Discard, io.Discard),
		"job is empty")
	require.ErrorContains(t,
		run(t.Context(), []string{"-addr", g.URL, "-path", "/x", "-delete"}, io.Discard, io.Discard),
		"no groups")

	ctx, stop := context.WithCancel(t.Context())
	stop()
	err := run(ctx, []string{"-addr", g.URL, "-job", "refused", "-every", "1h"}, io.Discard, io.Discard)
	require.ErrorContains(t, err, "the last values have not arrived")

	var stderr strings.Builder
	require.ErrorIs(t, run(t.Context(), []string{"-nonsense"}, io.Discard, &stderr), sending.ErrUsage)
	require.ErrorIs(t, run(t.Context(), []string{"-h"}, io.Discard, &stderr), flag.ErrHelp)
	require.Contains(t, stderr.String(), "-every time")
}
