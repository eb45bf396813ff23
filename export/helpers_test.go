// SPDX-License-Identifier: Apache-2.0

package export

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// sourceFunc replaces a registry if a test needs pages that a registry would not make.
type sourceFunc func(w io.Writer, e engine.Exposition) (int64, error)

func (f sourceFunc) Expose(w io.Writer, e engine.Exposition) (int64, error) { return f(w, e) }

// chunks returns a source that writes one chunk n times.
func chunks(chunk []byte, n int) sourceFunc {
	return func(w io.Writer, _ engine.Exposition) (written int64, err error) {
		for range n {
			m, err := w.Write(chunk)
			written += int64(m)
			if err != nil {
				return written, err
			}
		}
		return written, nil
	}
}

// chunk64K looks like a chunk of the engine.
var chunk64K = bytes.Repeat([]byte("requests_total{method=\"GET\",code=\"200\"} 12345678\n"), 1337)

func handlerOf(src source, opts ...Option) *handler { return newHandler(src, newHandlerConfig(opts)) }

func gunzip(t *testing.T, r io.Reader) string {
	t.Helper()
	z, err := gzip.NewReader(r)
	require.NoError(t, err)
	b, err := io.ReadAll(z)
	require.NoError(t, err)
	return string(b)
}

// page renders and reads back what is in a registry.
func page(t testing.TB, reg *engine.Registry) *testkit.Page {
	t.Helper()
	var text strings.Builder
	_, err := Render(&text, reg, "")
	require.NoError(t, err)
	p, err := testkit.ParsePage(text.String())
	require.NoError(t, err)
	return p
}

// samples returns the series of one name.
func samples(t testing.TB, reg *engine.Registry, name string) map[string]float64 {
	t.Helper()
	return page(t, reg).Named(name)
}

type roundTripperFunc func(*http.Request) (*http.Response, error)

func (f roundTripperFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

const getMetrics = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"

// bigPage is more than loopback's socket buffers hold.
const bigPage = 512 // chunks of 64 KiB

// watched is a source that reports how its scrapes end.
type watched struct {
	source
	atWork atomic.Int32
	most   atomic.Int32
	ended  chan error
}

func watch(src source) *watched { return &watched{source: src, ended: make(chan error, 1000)} }

func (s *watched) Expose(w io.Writer, e engine.Exposition) (int64, error) {
	now := s.atWork.Add(1)
	for most := s.most.Load(); now > most && !s.most.CompareAndSwap(most, now); most = s.most.Load() {
	}
	n, err := s.source.Expose(w, e)
	s.atWork.Add(-1)
	s.ended <- err
	return n, err
}

func (s *watched) wait(t *testing.T, limit time.Duration) error {
	t.Helper()
	select {
	case err := <-s.ended:
		return err
	case <-time.After(limit):
		require.Fail(t, "the scrape did not end", "within %v", limit)
		return nil
	}
}

// getUncompressed fetches a page without gzip, for which Go's client asks by default.
func getUncompressed(t *testing.T, url string) *http.Response {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, url, nil)
	require.NoError(t, err)
	req.Header.Set("Accept-Encoding", "identity")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, resp.StatusCode)
	return resp
}

// incompressible returns noise that gzip cannot make smaller.
func incompressible(n int) []byte {
	b := make([]byte, n)
	x := uint64(0x9e3779b97f4a7c15)
	for i := range b {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		b[i] = byte(x)
	}
	return b
}

// quiet keeps the registry's warnings out of the test's output.
var quiet = engine.WithLogger(slog.New(slog.DiscardHandler))

// manySeries returns a registry with n series of a counter with two labels. The page has about 70
// bytes for each.
func manySeries(tb testing.TB, n int) *engine.Registry {
	tb.Helper()
	reg := engine.NewRegistry(engine.WithMaxSeries(n))
	vec, err := reg.NewCounterVec("http_requests_total", "Requests served.", []string{"method", "path"})
	require.NoError(tb, err)
	for i := range n {
		vec.With("GET", fmt.Sprintf("/a/rather/usual/path/%d", i)).Add(float64(i))
	}
	return reg
}

func gauge(t *testing.T, reg *engine.Registry, name string, value float64) {
	t.Helper()
	g, err := reg.NewGauge(name, "Help.")
	require.NoError(t, err)
	g.Set(value)
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

const textType = "text/plain; version=0.0.4; charset=utf-8"

// asked is a source that remembers what it was asked for.
type asked struct {
	engine.Exposition
	times int
}

func (a *asked) Expose(w io.Writer, e engine.Exposition) (int64, error) {
	a.Exposition, a.times = e, a.times+1
	n, err := io.WriteString(w, "page\n")
	return int64(n), err
}

func panicText(f func()) (text string) {
	defer func() { text = fmt.Sprint(recover()) }()
	f()
	return ""
}

const protobufType = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
