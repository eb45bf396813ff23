// SPDX-License-Identifier: Apache-2.0

package export

import (
	"bytes"
	"compress/gzip"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

// sourceFunc stands in for a registry where a test needs pages that a registry would not make.
type sourceFunc func(w io.Writer, e engine.Exposition) (int64, error)

func (f sourceFunc) Expose(w io.Writer, e engine.Exposition) (int64, error) { return f(w, e) }

// chunks is a source that writes one chunk n times.
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

// chunk64K looks like what the engine writes.
var chunk64K = bytes.Repeat([]byte("requests_total{method=\"GET\",code=\"200\"} 12345678\n"), 1337)

func handlerOf(src source, opts ...Option) *handler { return newHandler(src, newHandlerConfig(opts)) }

// get serves one request from memory. The pairs are header names and values.
func get(h http.Handler, target string, header ...string) *httptest.ResponseRecorder {
	return do(h, http.MethodGet, target, header...)
}

func do(h http.Handler, method, target string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// nowhere is a response that counts.
type nowhere struct {
	header http.Header
	n      int
}

func (d *nowhere) Header() http.Header         { return d.header }
func (d *nowhere) Write(b []byte) (int, error) { d.n += len(b); return len(b), nil }
func (d *nowhere) WriteHeader(int)             {}

func gunzip(t *testing.T, r io.Reader) string {
	t.Helper()
	z, err := gzip.NewReader(r)
	require.NoError(t, err)
	b, err := io.ReadAll(z)
	require.NoError(t, err)
	return string(b)
}

// serve runs a handler on a loopback port, and checks at the end of the test that nothing is left of it.
func serve(t *testing.T, h http.Handler) *httptest.Server {
	t.Helper()
	backToBaseline(t)
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

// dial opens a connection and sends text as it is.
func dial(t *testing.T, s *httptest.Server, text string) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", s.Listener.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	if text != "" {
		_, err = io.WriteString(c, text)
		require.NoError(t, err)
	}
	return c.(*net.TCPConn)
}

// backToBaseline fails the test if it ends with more goroutines or descriptors than there are now. Call it before the
// things that it shall watch are cleaned up by t.Cleanup, which runs in reverse order.
func backToBaseline(t *testing.T) {
	t.Helper()
	goroutines, descriptors := runtime.NumGoroutine(), openDescriptors()
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		if t.Failed() {
			return
		}
		for limit := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
			moreGoroutines, moreDescriptors := runtime.NumGoroutine()-goroutines, openDescriptors()-descriptors
			if moreGoroutines <= 0 && moreDescriptors <= 0 {
				return
			}
			if time.Now().After(limit) {
				stacks := make([]byte, 1<<20)
				stacks = stacks[:runtime.Stack(stacks, true)]
				t.Fatalf("%d goroutines and %d sockets are left over:\n%s", moreGoroutines, moreDescriptors, stacks)
			}
		}
	})
}

// openDescriptors counts the sockets of the process (other descriptors come and go with the test binary's own output and
// with the runtime's pollers); 0 where there is no /proc.
func openDescriptors() int {
	const dir = "/proc/self/fd/"
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0
	}
	n := 0
	for _, e := range entries {
		if to, err := os.Readlink(dir + e.Name()); err == nil && strings.HasPrefix(to, "socket:") {
			n++
		}
	}
	return n
}
