// SPDX-License-Identifier: Apache-2.0

package push

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// pushed is a request as a server saw it.
type pushed struct {
	method, uri, body string
	length            int64
	host              string
	header            http.Header
}

// gateway is a server that keeps what it is sent, and answers 200 unless the test says otherwise.
type gateway struct {
	*httptest.Server
	mu       sync.Mutex
	requests []pushed
	answer   http.HandlerFunc
}

func newGateway(t *testing.T, answer http.HandlerFunc) *gateway {
	t.Helper()
	testkit.Baseline(t)
	g := &gateway{answer: answer}
	g.Server = httptest.NewServer(g)
	t.Cleanup(g.Close)
	return g
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	g.mu.Lock()
	g.requests = append(g.requests, pushed{r.Method, r.RequestURI, string(body), r.ContentLength, r.Host, r.Header})
	g.mu.Unlock()
	if g.answer != nil {
		g.answer(w, r)
	}
}

func (g *gateway) seen() []pushed {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.requests
}

// one returns the only request that came.
func (g *gateway) one(t *testing.T) pushed {
	t.Helper()
	seen := g.seen()
	require.Len(t, seen, 1)
	return seen[0]
}

// jobs is a registry with one counter, jobs_total, at 3.
func jobs(t testing.TB) *engine.Registry {
	reg := engine.NewRegistry()
	c, err := reg.NewCounter("jobs_total", "Jobs.")
	require.NoError(t, err)
	c.Add(3)
	return reg
}

const jobsPage = "# HELP jobs_total Jobs.\n# TYPE jobs_total counter\njobs_total 3\n"

func newPusherFor(t testing.TB, url string, opts ...Option) *Pusher {
	t.Helper()
	p, err := New(url, "backup", append([]Option{WithRegistry(jobs(t))}, opts...)...)
	require.NoError(t, err)
	return p
}

// urlOf is where a Pusher sends its requests.
func urlOf(t testing.TB, p *Pusher) *url.URL {
	t.Helper()
	req, err := p.request(t.Context(), http.MethodDelete, nil)
	require.NoError(t, err)
	return req.URL
}
