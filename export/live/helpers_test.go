// SPDX-License-Identifier: Apache-2.0

package live

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

func must[M any](m M, err error) M {
	if err != nil {
		panic(err)
	}
	return m
}

// second returns the time of a sample, in seconds after an arbitrary moment.
func second(n int) time.Time { return time.Unix(1_800_000_000+int64(n), 0) }

// serve serves a live page under /live/ until the test ends.
func serve(t *testing.T, reg *engine.Registry, opts ...Option) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	opts = append([]Option{WithInterval(minInterval), WithHistory(time.Second)}, opts...)
	mux.Handle("/live/", Handler(reg, opts...))
	return testkit.Serve(t, mux)
}

// message is one server-sent event.
type message struct {
	event string
	data  map[string]any
}

// watch opens the events of a view, and returns a function that waits for the next one, and one
// that closes the connection.
func watch(t *testing.T, server *httptest.Server, query url.Values) (next func() message, leave func()) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	r := must(http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/live/events?"+query.Encode(), nil))
	resp, err := server.Client().Do(r)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, resp.StatusCode)
	require.Equal(t, "text/event-stream", resp.Header.Get("Content-Type"))
	lines := bufio.NewReader(resp.Body)
	line := func(prefix string) string {
		text, err := lines.ReadString('\n')
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(text, prefix), text)
		return strings.TrimSpace(strings.TrimPrefix(text, prefix))
	}
	next = func() message {
		m := message{event: line("event: ")}
		require.NoError(t, json.Unmarshal([]byte(line("data: ")), &m.data))
		line("")
		return m
	}
	return next, func() { cancel(); _ = resp.Body.Close() }
}

// composed returns the next message for a view of a recorder.
func composed(t testing.TB, w *watcher) message {
	t.Helper()
	event, data := w.compose(nil)
	m := message{event: event}
	require.NoError(t, json.Unmarshal(data, &m.data), string(data))
	return m
}

// watching returns a watcher of a recorder.
func watching(r *recorder, v view) *watcher {
	r.open(&v)
	return &watcher{view: v, recorder: r}
}
