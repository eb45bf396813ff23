// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

func TestAnUpgradedConnectionIsCountedAndItsLifeIsNoLatency(t *testing.T) {
	reg := engine.NewRegistry()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /chat/{room}", func(w http.ResponseWriter, _ *http.Request) {
		conn, buffered, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		io.WriteString(buffered, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		buffered.Flush()
		line, _ := buffered.ReadString('\n')
		io.WriteString(buffered, line)
		buffered.Flush()
	})
	s := testkit.Serve(t, Middleware(reg, ServerConfig{})(mux))
	conn := testkit.Dial(t, s, "GET /chat/1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	r := bufio.NewReader(conn)
	resp, err := http.ReadResponse(r, nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusSwitchingProtocols, resp.StatusCode)
	require.Equal(t, 1.0, page(t, reg).Value(t, "http_requests_in_flight"), "as long as the handler serves it")
	time.Sleep(150 * time.Millisecond)
	io.WriteString(conn, "hello\n")
	line, err := r.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "hello\n", line)

	p := settled(t, reg)
	labels := []string{"method", "GET", "route", "/chat/{room}"}
	require.Equal(t, 1.0, p.Value(t, "http_responses_total", append(labels, "code", "101")...))
	require.Equal(t, 1.0, p.Value(t, "http_request_duration_seconds_count", labels...))
	require.Less(t, p.Value(t, "http_request_duration_seconds_sum", labels...), 0.1)
	require.Equal(t, 0.0, p.Value(t, "http_response_size_bytes_count", labels...))
}

func TestAReverseProxyPassesUpgradesAndBodiesThroughTheMiddleware(t *testing.T) {
	backend := http.NewServeMux()
	backend.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		all, err := io.ReadAll(r.Body) // HTTP/1 may not answer before
		if err != nil {
			t.Error(err)
		}
		w.Write(all)
	})
	backend.HandleFunc("/upgrade", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", r.Header.Get("Upgrade"))
		w.WriteHeader(http.StatusSwitchingProtocols)
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		io.Copy(conn, buffered)
	})
	reg, front := engine.NewRegistry(), engine.NewRegistry()
	behind := testkit.Serve(t, Middleware(reg, ServerConfig{})(backend))
	target, err := url.Parse(behind.URL)
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport = RoundTripper(new(http.Transport), front, Config{})
	defer proxy.Transport.(*roundTripper).CloseIdleConnections()
	s := testkit.Serve(t, Middleware(front, ServerConfig{})(proxy))

	body := strings.Repeat("0123456789", 300_000)
	resp, err := http.Post(s.URL+"/echo", "text/plain", io.MultiReader(strings.NewReader(body))) // of unknown length
	require.NoError(t, err)
	echo, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	resp.Body.Close()
	require.True(t, body == string(echo), "got %d bytes of %d", len(echo), len(body))

	conn := testkit.Dial(t, s, "GET /upgrade HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	r := bufio.NewReader(conn)
	resp, err = http.ReadResponse(r, nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusSwitchingProtocols, resp.StatusCode)
	io.WriteString(conn, "ping\n")
	line, err := r.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "ping\n", line)
	conn.Close()

	p := settled(t, front)
	require.Equal(t, 1.0, p.Value(t, "http_responses_total", "method", "GET", "route", "unmatched", "code", "101"))
	require.Equal(t, 1.0, p.Value(t, "http_client_requests_total", "method", "GET", "code", "101"))
	require.Equal(t, float64(len(body)),
		p.Value(t, "http_request_size_bytes_sum", "method", "POST", "route", "unmatched"))
	p = settled(t, reg)
	require.Equal(t, 1.0, p.Value(t, "http_responses_total", "method", "GET", "route", "/upgrade", "code", "101"))
	require.Equal(t, float64(len(body)), p.Value(t, "http_response_size_bytes_sum", "method", "POST", "route", "/echo"))
}

func TestStreamsFilesAndDeadlinesWorkThroughTheMiddleware(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	content := bytes.Repeat([]byte("sendfile"), 100_000)
	require.NoError(t, os.WriteFile(file, content, 0o600))

	release := make(chan struct{})
	slow := make(chan error, 1)
	mux := http.NewServeMux()
	mux.HandleFunc("/stream", func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "first\n")
		w.(http.Flusher).Flush()
		<-release
		io.WriteString(w, "second\n")
	})
	mux.HandleFunc("/file", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, file) })
	mux.HandleFunc("/copy", func(w http.ResponseWriter, _ *http.Request) {
		f, err := os.Open(file)
		if err != nil {
			t.Error(err)
			return
		}
		defer f.Close()
		if _, ok := w.(io.ReaderFrom); !ok {
			t.Error("without ReadFrom there is no sendfile")
		}
		io.Copy(w, f)
	})
	mux.HandleFunc("/slow", func(w http.ResponseWriter, _ *http.Request) {
		rc := http.NewResponseController(w)
		err := rc.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
		for chunk := make([]byte, 1<<20); err == nil; { // until the deadline, because the client does not read
			if _, err = w.Write(chunk); err == nil {
				err = rc.Flush()
			}
		}
		slow <- err
	})
	mux.HandleFunc("/deadline", func(w http.ResponseWriter, r *http.Request) {
		rc := http.NewResponseController(w)
		err := rc.EnableFullDuplex()
		if err == nil {
			err = rc.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		}
		if err == nil {
			_, err = io.Copy(io.Discard, r.Body)
		}
		if !os.IsTimeout(err) {
			t.Errorf("want a timeout, got %v", err)
		}
	})
	reg := engine.NewRegistry()
	s := testkit.Serve(t, Middleware(reg, ServerConfig{})(mux))

	resp, err := http.Get(s.URL + "/stream")
	require.NoError(t, err)
	r := bufio.NewReader(resp.Body)
	line, err := r.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "first\n", line, "flushed while the handler runs")
	close(release)
	rest, err := io.ReadAll(r)
	require.NoError(t, err)
	require.Equal(t, "second\n", string(rest))
	resp.Body.Close()

	for _, path := range []string{"/file", "/copy", "/file"} { // over one connection
		require.True(t, string(content) == testkit.Fetch(t, s.URL+path), path)
	}
	testkit.Dial(t, s, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
	require.ErrorIs(t, <-slow, os.ErrDeadlineExceeded)
	testkit.Dial(t, s, "POST /deadline HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")

	testkit.Poll(t, 5*time.Second, func() error {
		if n := len(samples(t, reg, "http_requests_total")); n != 5 {
			return fmt.Errorf("%d routes are counted", n)
		}
		return nil
	})
	p := settled(t, reg)
	require.Equal(t, float64(2*len(content)),
		p.Value(t, "http_response_size_bytes_sum", "method", "GET", "route", "/file"))
	require.Equal(t, float64(len(content)),
		p.Value(t, "http_response_size_bytes_sum", "method", "GET", "route", "/copy"))
	require.Equal(t, 13.0, p.Value(t, "http_response_size_bytes_sum", "method", "GET", "route", "/stream"))
	require.Equal(t, 2.0, p.Value(t, "http_responses_total", "method", "GET", "route", "/file", "code", "200"))
}

func TestAPanicReachesTheServerWithItsStack(t *testing.T) {
	testkit.Baseline(t)
	var logged testkit.Output
	reg := engine.NewRegistry()
	s := httptest.NewUnstartedServer(Middleware(reg, ServerConfig{})(http.HandlerFunc(panics)))
	s.Config.ErrorLog = log.New(&logged, "", 0)
	s.Start()
	t.Cleanup(s.Close)

	_, err := http.Get(s.URL)
	require.ErrorIs(t, err, io.EOF, "the server closes the connection, as it does without a middleware")
	testkit.Poll(t, 5*time.Second, func() error {
		text := logged.String()
		if !strings.Contains(text, "planned") || !strings.Contains(text, "instrument.deeper(") {
			return fmt.Errorf("the log says %q", text)
		}
		return nil
	})
	require.Equal(t, 1.0, settled(t, reg).Value(t, "http_panics_total", "method", "GET", "route", "unmatched"))
}

func panics(http.ResponseWriter, *http.Request) { deeper() }

//go:noinline
func deeper() { panic("planned") }

func TestHTTP2IsServed(t *testing.T) {
	testkit.Baseline(t)
	reg := engine.NewRegistry()
	mw := Middleware(reg, ServerConfig{})
	s := httptest.NewUnstartedServer(mw(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			t.Errorf("the request came over %s", r.Proto)
		}
		if _, ok := w.(http.Pusher); !ok {
			t.Error("HTTP/2 has Push")
		}
		if _, ok := w.(http.Hijacker); ok {
			t.Error("HTTP/2 has no Hijack")
		}
		w.WriteHeader(http.StatusEarlyHints)
		io.Copy(w, r.Body)
		w.(http.Flusher).Flush()
	})))
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	client := s.Client()
	resp, err := client.Post(s.URL, "text/plain", io.MultiReader(strings.NewReader("hello")))
	require.NoError(t, err)
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	resp.Body.Close()
	client.CloseIdleConnections()
	require.Equal(t, "hello", string(text))
	p := settled(t, reg)
	labels := []string{"method", "POST", "route", "unmatched"}
	require.Equal(t, 1.0, p.Value(t, "http_responses_total", append(labels, "code", "200")...))
	require.Equal(t, 5.0, p.Value(t, "http_request_size_bytes_sum", labels...))
	require.Equal(t, 5.0, p.Value(t, "http_response_size_bytes_sum", labels...))
}

func TestClientsThatLeaveAndHandlersThatTimeOutLeaveNothingInFlight(t *testing.T) {
	reg := engine.NewRegistry()
	entered := make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("/wait", func(_ http.ResponseWriter, r *http.Request) {
		entered <- struct{}{}
		<-r.Context().Done()
	})
	h := Middleware(reg, ServerConfig{})
	s := testkit.Serve(t, h(http.TimeoutHandler(mux, 30*time.Millisecond, "too slow")))

	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/wait", nil)
	require.NoError(t, err)
	go func() { <-entered; cancel() }()
	_, err = http.DefaultClient.Do(r)
	require.ErrorIs(t, err, context.Canceled)

	go func() { <-entered }()
	resp, err := http.Get(s.URL + "/wait")
	require.NoError(t, err)
	resp.Body.Close()
	require.Equal(t, http.StatusServiceUnavailable, resp.StatusCode)
	testkit.Poll(t, 5*time.Second, func() error {
		if n := samples(t, reg, "http_requests_total")[`{method="GET",route="unmatched"}`]; n != 2 {
			return fmt.Errorf("%v requests are counted", n)
		}
		return nil
	})
	settled(t, reg)
}

func TestAServerUnderLoadCountsEveryRequestOnce(t *testing.T) {
	reg := engine.NewRegistry()
	s := testkit.Serve(t, Middleware(reg, ServerConfig{})(testkit.Site()))
	const clients, rounds = 4, 100
	var group sync.WaitGroup
	for range clients {
		group.Go(func() {
			transport := new(http.Transport)
			defer transport.CloseIdleConnections()
			client := http.Client{Transport: transport}
			for i := range rounds {
				resp, err := client.Get(fmt.Sprintf("%s/users/%d", s.URL, i))
				if err != nil {
					t.Error(err)
					return
				}
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
		})
	}
	group.Wait()
	p := settled(t, reg)
	const all = clients * rounds
	labels := []string{"method", "GET", "route", "/users/{id}"}
	require.EqualValues(t, all, p.Value(t, "http_requests_total", labels...))
	require.EqualValues(t, all, p.Value(t, "http_request_duration_seconds_count", labels...))
	require.EqualValues(t, all, p.Value(t, "http_responses_total", append(labels, "code", "200")...))
}

// net/http sends the answer of a handler that does not want the body at once, if it recognises the
// type of the body.
func TestAnUnwantedBodyDelaysNoAnswer(t *testing.T) {
	for _, tt := range []struct{ name, header string }{
		{"large", "Content-Length: 20000000"},
		{"expecting 100", "Content-Length: 20000000\r\nExpect: 100-continue"},
		{"chunked, expecting 100", "Transfer-Encoding: chunked\r\nExpect: 100-continue"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			reg := engine.NewRegistry()
			s := testkit.Serve(t, Middleware(reg, ServerConfig{})(testkit.Answer(http.StatusRequestEntityTooLarge)))
			conn := testkit.Dial(t, s, "POST / HTTP/1.1\r\nHost: x\r\n"+tt.header+"\r\n\r\n")
			conn.SetReadDeadline(time.Now().Add(5 * time.Second))
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			require.NoError(t, err)
			require.Equal(t, http.StatusRequestEntityTooLarge, resp.StatusCode)
			require.True(t, resp.Close, "the connection has the rest of a body in it")
			labels := []string{"method", "POST", "route", "unmatched"}
			require.Equal(t, 0.0, settled(t, reg).Value(t, "http_request_size_bytes_sum", labels...))
		})
	}
}

func TestARequestWithACountedBodyKeepsItsPatternAndItsForm(t *testing.T) {
	reg := engine.NewRegistry()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /files/{name}", func(_ http.ResponseWriter, r *http.Request) {
		require.NoError(t, r.ParseMultipartForm(1))
	})
	h := Middleware(reg, ServerConfig{})(mux)
	body := "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f\"\r\n\r\n" +
		strings.Repeat("x", 2*TrustedLength) + "\r\n--b--\r\n"
	r := httptest.NewRequest(http.MethodPost, "/files/a", strings.NewReader(body))
	r.Header.Set("Content-Type", "multipart/form-data; boundary=b")
	own := r.Body
	h.ServeHTTP(httptest.NewRecorder(), r)
	require.Equal(t, "POST /files/{name}", r.Pattern)
	require.NotNil(t, r.MultipartForm, "whose files the server removes")
	require.NoError(t, r.MultipartForm.RemoveAll())
	require.True(t, own == r.Body, "the server knows its own body")
	require.Equal(t, "a", r.PathValue("name"))
	require.Equal(t, float64(len(body)),
		page(t, reg).Value(t, "http_request_size_bytes_sum", "method", "POST", "route", "/files/{name}"))
}
