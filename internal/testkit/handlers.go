// SPDX-License-Identifier: Apache-2.0

package testkit

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

// Get serves one GET request from memory and returns the response. The pairs are header names and
// values.
func Get(h http.Handler, target string, header ...string) *httptest.ResponseRecorder {
	return Do(h, http.MethodGet, target, header...)
}

// Do serves one request without a body from memory and returns the response. The pairs are header
// names and values.
func Do(h http.Handler, method, target string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// Serve runs a handler on a loopback port until the test ends, and checks that nothing is left of
// it.
func Serve(t testing.TB, h http.Handler) *httptest.Server {
	t.Helper()
	Baseline(t)
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

// Dial opens a connection to a server and sends text as it is.
func Dial(t testing.TB, s *httptest.Server, text string) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	return conn.(*net.TCPConn)
}

// Fetch returns the body at a URL, which must be answered with 200.
func Fetch(t testing.TB, url string) string {
	t.Helper()
	body, err := do(http.MethodGet, url, http.StatusOK)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// Sink is a ResponseWriter that keeps the header and the number of bytes. It has no optional
// method.
type Sink struct {
	Bytes  int
	header http.Header
}

// NewSink returns an empty Sink.
func NewSink() *Sink { return &Sink{header: http.Header{}} }

// Header returns the header of the response.
func (s *Sink) Header() http.Header { return s.header }

// Write counts the bytes.
func (s *Sink) Write(b []byte) (int, error) {
	s.Bytes += len(b)
	return len(b), nil
}

// WriteHeader does nothing.
func (s *Sink) WriteHeader(int) {}

// Answer returns a handler that answers with a status code and no body. It does nothing if the code
// is 0.
func Answer(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if code != 0 {
			w.WriteHeader(code)
		}
	}
}

// Site returns a mux with a route of each kind.
func Site() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /users/{id}", Answer(0))
	mux.HandleFunc("POST /users", Answer(http.StatusCreated))
	mux.HandleFunc("/any/", Answer(http.StatusAccepted))
	mux.HandleFunc("/slash/{x}/", Answer(http.StatusOK))
	mux.HandleFunc("example.com/hosted", Answer(http.StatusOK))
	mux.HandleFunc("/panic", func(http.ResponseWriter, *http.Request) { panic("no") })
	mux.HandleFunc("/abort", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	mux.HandleFunc("/late-panic", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		panic("no")
	})
	return mux
}
