// SPDX-License-Identifier: Apache-2.0

package fibertest

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// get fetches a page as it is sent. The pairs are header names and values.
func (s *site) get(method, path string, header ...string) *http.Response {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, nil)
	require.NoError(s.t, err)
	r.Header.Set("Accept-Encoding", "identity")
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Accept-Encoding" {
			r.Header.Del("Accept-Encoding")
		}
		r.Header.Add(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	require.NoError(s.t, err)
	s.t.Cleanup(func() { response.Body.Close() })
	return response
}

// large returns a registry whose page has some megabytes.
func large(t *testing.T) *engine.Registry {
	t.Helper()
	reg := engine.NewRegistry()
	vec, err := reg.NewGaugeVec("large", "A large metric.", []string{"a"}, engine.WithMaxSeries(100_000))
	require.NoError(t, err)
	for i := range 40_000 {
		vec.With(fmt.Sprintf("%0200d", i)).Set(float64(i))
	}
	return reg
}

// Pages checks that pages are those of export.Handler: every format and encoding, HEAD, filters and
// refusals.
func Pages(t *testing.T, v Version) {
	reg := large(t)
	app := v.New(Config{})
	app.Add("GET", "/metrics", v.Page(reg, export.WithoutSelfMetrics()))
	app.Add("POST", "/metrics", v.Page(reg))
	app.Add("HEAD", "/metrics", v.Page(reg))
	s := v.serve(t, reg, app)
	oracle := export.Handler(reg, export.WithoutSelfMetrics())
	for _, accept := range []string{
		"", "application/openmetrics-text;version=1.0.0",
		"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
		"text/plain;version=1.0.0;escaping=allow-utf-8",
	} {
		for _, path := range []string{"/metrics", "/metrics?name[]=nothing"} {
			want := testkit.Get(oracle, path, "Accept", accept)
			got := s.get("GET", path, "Accept", accept)
			require.Equal(t, http.StatusOK, got.StatusCode)
			for _, name := range []string{"Content-Type", "Vary", "Content-Encoding"} {
				require.Equal(t, want.Header()[name], got.Header[name], "%s of %q", name, accept)
			}
			body, err := io.ReadAll(got.Body)
			require.NoError(t, err)
			require.True(t, want.Body.String() == string(body),
				"%s, %q: %d bytes of %d", path, accept, len(body), want.Body.Len())
		}
	}

	got := s.get("GET", "/metrics", "Accept-Encoding", "gzip")
	require.Equal(t, "gzip", got.Header.Get("Content-Encoding"))
	unzipped, err := gzip.NewReader(got.Body)
	require.NoError(t, err)
	body, err := io.ReadAll(unzipped)
	require.NoError(t, err)
	require.True(t, testkit.Get(oracle, "/metrics").Body.String() == string(body))

	got = s.get("HEAD", "/metrics")
	require.Equal(t, http.StatusOK, got.StatusCode)
	require.Contains(t, got.Header.Get("Content-Type"), "text/plain; version=0.0.4")
	require.Empty(t, got.Header.Get("Content-Length"), "nobody knows it")
	raw := bufio.NewReader(s.dial("HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\nHEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n"))
	for range 2 { // nothing stands between the headers
		got, err = http.ReadResponse(raw, &http.Request{Method: "HEAD"})
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, got.StatusCode)
	}
	got = s.get("POST", "/metrics")
	require.Equal(t, http.StatusMethodNotAllowed, got.StatusCode)
	require.Equal(t, "GET, HEAD", got.Header.Get("Allow"))
	require.Panics(t, func() { v.Page(nil) })
}

// PagesThatAreCutOff checks that a page which takes too long is no whole page for the client, and
// that the application goes on.
func PagesThatAreCutOff(t *testing.T, v Version) {
	reg := large(t)
	app := v.New(Config{})
	app.Add("GET", "/metrics", v.Page(reg, export.WithScrapeTimeout(300*time.Millisecond)))
	app.Add("GET", "/x", v.text("x"))
	s := v.serve(t, reg, app)
	conn := s.dial("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, conn.(*net.TCPConn).SetReadBuffer(4096))
	time.Sleep(600 * time.Millisecond)                           // without reading, until the page's time is over
	require.NoError(t, conn.(*net.TCPConn).SetReadBuffer(1<<20)) // so that the rest comes fast
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, response.Body)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	code, _ := s.ask("GET", "/x", nil)
	require.Equal(t, http.StatusOK, code)
}

// StalledReaders checks that readers who do not read do not keep others out, and that a client that
// goes leaves nothing behind.
func StalledReaders(t *testing.T, v Version) {
	reg := large(t)
	app := v.New(Config{})
	app.Add("GET", "/metrics", v.Page(reg, export.WithMaxConcurrent(2)))
	s := v.serve(t, reg, app)
	for range 2 {
		conn := s.dial("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
		require.NoError(t, conn.(*net.TCPConn).SetReadBuffer(4096))
	}
	time.Sleep(300 * time.Millisecond)
	testkit.Poll(t, 10*time.Second, func() error {
		if code, _ := s.ask("GET", "/metrics?name[]=nothing", nil); code != http.StatusOK {
			return fmt.Errorf("code %d", code)
		}
		return nil
	})
	gone := s.dial("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
	gone.Close()
}

// DeadlinesEndWithThePage checks that the deadline of a page does not hold for the next response
// over the same connection.
func DeadlinesEndWithThePage(t *testing.T, v Version) {
	reg := engine.NewRegistry()
	app := v.New(Config{})
	app.Add("GET", "/metrics", v.Page(reg, export.WithWriteTimeout(200*time.Millisecond)))
	app.Add("GET", "/x", v.text(strings.Repeat("x", 1<<20)))
	s := v.serve(t, reg, app)
	conn := s.dial("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
	r := bufio.NewReader(conn)
	for _, next := range []string{"/x", "/metrics", "/x", ""} {
		response, err := http.ReadResponse(r, nil)
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, response.Body)
		require.NoError(t, err)
		time.Sleep(400 * time.Millisecond)
		if next != "" {
			_, err = io.WriteString(conn, "GET "+next+" HTTP/1.1\r\nHost: x\r\n\r\n")
			require.NoError(t, err)
		}
	}
}
