// SPDX-License-Identifier: Apache-2.0

package push

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

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

// gateway is a server that records requests, and answers 200 unless the test has another answer.
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

// one returns the only request.
func (g *gateway) one(t *testing.T) pushed {
	t.Helper()
	seen := g.seen()
	require.Len(t, seen, 1)
	return seen[0]
}

// jobs returns a registry with one counter, jobs_total, at 3.
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

// secretly pushes with every kind of secret, and requires that no error has one.
func secretly(t *testing.T, url string, opts ...Option) error {
	t.Helper()
	url = strings.Replace(url, "://", "://me:"+password+"@", 1) + "?key=" + token + "%2Fquery"
	p := newPusherFor(t, url, append(opts, WithHeader("X-Token", "Bearer "+token))...)
	err := p.Replace(t.Context())
	if err != nil {
		for e := err; e != nil; e = errors.Unwrap(e) {
			for _, text := range []string{e.Error(), fmt.Sprintf("%+v", e)} {
				require.NotContains(t, text, password)
				require.NotContains(t, text, token)
				require.NotContains(t, text, "bWU6aHVudGVyMi") // the beginning of both in base64
			}
		}
	}
	return err
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// slowly returns a registry with n functions that take some time.
func slowly(t *testing.T, n int, takes time.Duration) *engine.Registry {
	reg := jobs(t)
	for i := range n {
		must(reg.NewGaugeFunc(fmt.Sprint("slow_", i), "", func() float64 { time.Sleep(takes); return 1 }))
	}
	return reg
}

const (
	password = "hunter2-and-more"
	token    = "t0ken-of-the-tenant"
)
