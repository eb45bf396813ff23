// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

type roundTripperFunc func(*http.Request) (*http.Response, error)

func (f roundTripperFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// allMethods is a response with the optional methods of the ResponseWriter of HTTP/1.
type allMethods struct{ *testkit.Sink }

func (allMethods) Flush() {}

func (allMethods) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return nil, nil, errors.New("nothing to hijack")
}

func (w allMethods) ReadFrom(src io.Reader) (int64, error) { return io.Copy(w.Sink, src) }

func (w allMethods) WriteString(s string) (int, error) { w.Bytes += len(s); return len(s), nil }

// newAllMethods returns an empty response.
func newAllMethods() http.ResponseWriter { return allMethods{testkit.NewSink()} }

// page renders and reads back what is in a registry.
func page(t testing.TB, reg *engine.Registry) *testkit.Page {
	t.Helper()
	var text strings.Builder
	_, err := reg.Expose(&text, engine.Exposition{})
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

// openMetrics renders a registry in OpenMetrics.
func openMetrics(t testing.TB, reg *engine.Registry) string {
	t.Helper()
	var text strings.Builder
	_, err := reg.Expose(&text, engine.Exposition{Format: encode.OpenMetrics})
	require.NoError(t, err)
	return text.String()
}

// request serves one request and returns the value with which the handler panicked.
func request(h http.Handler, method, target string) (reason any) {
	defer func() { reason = recover() }()
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(method, target, nil))
	return nil
}

// copied is the key of a context value that nobody reads.
type copied struct{}

// copying passes on a copy of the request, as handlers do that change its context.
func copying(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(wrapped{w}, r.WithContext(context.WithValue(r.Context(), copied{}, 1)))
	})
}

// wrapped is a ResponseWriter like that of other middlewares.
type wrapped struct{ http.ResponseWriter }

func (w wrapped) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// A program behaves the same with and without the middleware. The following helpers run both, over
// every protocol, and compare the answers.

// protocol is a way in which a client talks to a server.
type protocol struct {
	name  string
	start func(s *httptest.Server)
}

var protocols = []protocol{
	{"HTTP/1.1", (*httptest.Server).Start},
	{"TLS", (*httptest.Server).StartTLS},
	{"HTTP/2", func(s *httptest.Server) { s.EnableHTTP2 = true; s.StartTLS() }},
}

// serveOver runs a handler on a loopback port until the test ends.
func serveOver(t *testing.T, p protocol, h http.Handler) *httptest.Server {
	t.Helper()
	return serveAllOver(t, p, h)[0]
}

// serveAllOver runs several handlers, each on another port.
func serveAllOver(t *testing.T, p protocol, handlers ...http.Handler) (servers []*httptest.Server) {
	t.Helper()
	testkit.Baseline(t)
	for _, h := range handlers {
		s := httptest.NewUnstartedServer(h)
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		p.start(s)
		t.Cleanup(s.Close)
		t.Cleanup(s.Client().CloseIdleConnections)
		servers = append(servers, s)
	}
	return servers
}

// dialOver opens a connection for HTTP/1 and sends text as it is.
func dialOver(t *testing.T, s *httptest.Server, text string) net.Conn {
	t.Helper()
	if s.TLS == nil {
		conn := testkit.Dial(t, s, text)
		conn.SetDeadline(time.Now().Add(30 * time.Second))
		return conn
	}
	conn, err := tls.Dial("tcp", s.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true})
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(30 * time.Second))
	_, err = io.WriteString(conn, text)
	require.NoError(t, err)
	return conn
}

// reply is the answer to a client in all its parts.
type reply struct {
	failed   bool // there was none, or only a part of it
	code     int
	header   http.Header
	body     string
	trailer  http.Header
	informed []int // informational codes before
	reused   bool  // the connection, for the next request
}

// ask sends a request, and another one to see whether the connection is still open.
func ask(t *testing.T, s *httptest.Server, method string, body io.Reader) (got reply) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+"/case", body)
	require.NoError(t, err)
	r = r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{
		Got1xxResponse: func(code int, _ textproto.MIMEHeader) error {
			got.informed = append(got.informed, code)
			return nil
		},
	}))
	response, err := s.Client().Do(r)
	if err != nil {
		got.failed = true
		return got
	}
	text, err := io.ReadAll(response.Body)
	response.Body.Close()
	got.failed = err != nil
	response.Header.Del("Date")
	got.code, got.header, got.body, got.trailer = response.StatusCode, response.Header, string(text), response.Trailer

	next, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/next", nil)
	require.NoError(t, err)
	next = next.WithContext(httptrace.WithClientTrace(next.Context(), &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) { got.reused = info.Reused },
	}))
	if response, err = s.Client().Do(next); err == nil {
		response.Body.Close()
	}
	return got
}

// pair holds a handler without and with the middleware.
type pair struct {
	reg                *engine.Registry
	bare, instrumented http.Handler
}

// pairOf returns a handler for /case without and with the middleware, with outer around both.
func pairOf(outer func(http.Handler) http.Handler, h http.HandlerFunc) pair {
	mux := http.NewServeMux()
	mux.Handle("/case", h)
	mux.HandleFunc("/next", func(http.ResponseWriter, *http.Request) {})
	if outer == nil {
		outer = func(h http.Handler) http.Handler { return h }
	}
	reg := engine.NewRegistry()
	return pair{reg, outer(mux), outer(Middleware(reg, ServerConfig{})(mux))}
}

// counted returns the codes that were counted for /case, once nothing is in flight.
func (p pair) counted(t *testing.T) map[string]float64 {
	t.Helper()
	testkit.Poll(t, 20*time.Second, func() error {
		if n := page(t, p.reg).Value(t, "http_requests_in_flight"); n != 0 {
			return fmt.Errorf("%v requests are in flight", n)
		}
		for series := range samples(t, p.reg, "http_requests_total") {
			if strings.Contains(series, `route="/case"`) {
				return nil
			}
		}
		return fmt.Errorf("no request for /case is counted")
	})
	found := map[string]float64{}
	for series, n := range samples(t, p.reg, "http_responses_total") {
		code, rest, ok := strings.Cut(strings.TrimPrefix(series, `{code="`), `"`)
		if ok && strings.Contains(rest, `route="/case"`) {
			found[code] += n
		}
	}
	return found
}

// settled waits until no request is in flight: a client may have its answer before the handler has
// returned.
func settled(t *testing.T, reg *engine.Registry) *testkit.Page {
	t.Helper()
	testkit.Poll(t, 5*time.Second, func() error {
		if n := page(t, reg).Value(t, "http_requests_in_flight"); n != 0 {
			return fmt.Errorf("%v requests are in flight", n)
		}
		return nil
	})
	return page(t, reg)
}

func requireExemplar(t *testing.T, page, series string) {
	t.Helper()
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, series+" #") {
			require.Contains(t, line, `# {trace_id="4bf92f35"}`)
			return
		}
	}
	t.Errorf("there is no exemplar of %s in:\n%s", series, page)
}
