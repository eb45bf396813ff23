// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// logging is a common kind of middleware: its ResponseWriter has no optional method, but an Unwrap.
func logging(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(wrapped{w}, r) })
}

// hiding is a middleware whose ResponseWriter has no Unwrap.
func hiding(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(struct{ http.ResponseWriter }{w}, r)
	})
}

// copyOrFail is a common kind of handler: an error before the first byte has another status.
func copyOrFail(w http.ResponseWriter, src io.Reader) {
	n, err := io.Copy(w, src)
	switch {
	case err != nil:
		http.Error(w, "the source failed", http.StatusBadGateway)
	case n == 0:
		w.WriteHeader(http.StatusNoContent)
	}
}

func TestAResponseIsTheBareOneAndItsCodeIsCounted(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, bytes.Repeat([]byte("sendfile"), 10_000), 0o600))
	failing := func() io.Reader { return iotest.ErrReader(errors.New("no")) }
	for _, tt := range []struct {
		name, method string
		code         int // that the client gets; 0 if it gets no answer
		serve        http.HandlerFunc
	}{
		{"a copy that fails before its first byte", "GET", 502, func(w http.ResponseWriter, _ *http.Request) {
			copyOrFail(w, failing())
		}},
		{"a copy of nothing", "GET", 204, func(w http.ResponseWriter, _ *http.Request) {
			copyOrFail(w, strings.NewReader(""))
		}},
		{"a copy that fails after its first byte", "GET", 200, func(w http.ResponseWriter, _ *http.Request) {
			copyOrFail(w, io.MultiReader(strings.NewReader(strings.Repeat("x", 1000)), failing()))
		}},
		{"a copy of nothing and no more", "GET", 200, func(w http.ResponseWriter, _ *http.Request) {
			io.Copy(w, strings.NewReader(""))
		}},
		{"a copy of a file", "GET", 200, func(w http.ResponseWriter, _ *http.Request) {
			f, err := os.Open(file)
			if err != nil {
				t.Error(err)
				return
			}
			defer f.Close()
			copyOrFail(w, f)
		}},
		{"a flush by a controller, and an error too late", "GET", 200, func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintln(io.Discard, http.NewResponseController(w).Flush())
			w.WriteHeader(http.StatusInternalServerError)
		}},
		{"a panic before anything", "GET", 0, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
		{"an empty write", "GET", 200, func(w http.ResponseWriter, _ *http.Request) {
			w.Write(nil)
			w.WriteHeader(http.StatusInternalServerError)
		}},
		{"an empty string", "GET", 200, func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "")
			w.WriteHeader(http.StatusInternalServerError)
		}},
		{"informational codes", "GET", 404, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Link", "</style.css>; rel=preload")
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusProcessing)
			http.NotFound(w, nil)
		}},
		{"a body where there may be none", "GET", 304, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNotModified)
			if _, err := io.WriteString(w, "x"); !errors.Is(err, http.ErrBodyNotAllowed) {
				t.Errorf("want %v, got %v", http.ErrBodyNotAllowed, err)
			}
		}},
		{"a body for HEAD", "HEAD", 200,
			func(w http.ResponseWriter, _ *http.Request) { copyOrFail(w, strings.NewReader("x")) }},
		{"less than was declared", "GET", 200, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "10")
			io.WriteString(w, "x")
		}},
		{"more than was declared", "GET", 200, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "2")
			io.WriteString(w, "xy")
			io.WriteString(w, "z")
		}},
		{"trailers", "GET", 200, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Trailer", "Announced")
			io.WriteString(w, "x")
			w.Header().Set("Announced", "1")
			w.Header().Set(http.TrailerPrefix+"Unannounced", "2")
		}},
		{"a connection that is to be closed", "GET", 200, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Connection", "close")
			io.WriteString(w, "x")
		}},
		{"a code that is none", "GET", 0, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(7) }},
		{"a code beyond", "GET", 799, testkit.Answer(799)},
		{"a header that is written twice", "GET", 201, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusCreated)
			w.WriteHeader(http.StatusInternalServerError)
		}},
		{"nothing", "GET", 200, func(http.ResponseWriter, *http.Request) {}},
	} {
		for around, outer := range map[string]func(http.Handler) http.Handler{
			"nothing": nil, "a logging handler": logging, "a hiding handler": hiding,
		} {
			for _, p := range protocols {
				t.Run(tt.name+" around it "+around+" over "+p.name, func(t *testing.T) {
					pair := pairOf(outer, tt.serve)
					bare := ask(t, serveOver(t, p, pair.bare), tt.method, nil)
					got := ask(t, serveOver(t, p, pair.instrumented), tt.method, nil)
					require.Equal(t, bare, got)
					if around != "a hiding handler" {
						require.Equal(t, tt.code, got.code)
					}
					if got.code == 0 {
						return // what was counted depends on whether the header was written
					}
					code := fmt.Sprint(got.code)
					if got.code > 599 {
						code = otherValue
					}
					require.Equal(t, map[string]float64{code: 1}, pair.counted(t))
				})
			}
		}
	}
}

// The handler flushes the header and then panics, so the client has got a response.
func TestAFlushBeforeAPanicIsCountedThroughAnyWrapper(t *testing.T) {
	for around, outer := range map[string]func(http.Handler) http.Handler{
		"nothing": nil, "a logging handler": logging,
	} {
		for _, p := range protocols {
			t.Run("around it "+around+" over "+p.name, func(t *testing.T) {
				for _, reason := range []any{http.ErrAbortHandler, "planned"} {
					pair := pairOf(outer, func(w http.ResponseWriter, _ *http.Request) {
						if err := http.NewResponseController(w).Flush(); err != nil {
							t.Error(err)
						}
						panic(reason)
					})
					s := serveOver(t, p, pair.instrumented)
					response, err := s.Client().Get(s.URL + "/case")
					if err == nil { // otherwise the stream ended with its beginning
						require.Equal(t, http.StatusOK, response.StatusCode)
						_, err = io.Copy(io.Discard, response.Body)
						response.Body.Close()
						require.Error(t, err)
					}
					require.Equal(t, map[string]float64{"200": 1}, pair.counted(t))
				}
			})
		}
	}
}

// 101 is an informational code like others in HTTP/2, which has no upgrades.
func TestSwitchingProtocolsIsNoResponseInHTTP2(t *testing.T) {
	pair := pairOf(nil, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusSwitchingProtocols)
		w.WriteHeader(http.StatusTeapot)
	})
	bare := ask(t, serveOver(t, protocols[2], pair.bare), http.MethodGet, nil)
	got := ask(t, serveOver(t, protocols[2], pair.instrumented), http.MethodGet, nil)
	require.Equal(t, bare, got)
	require.Equal(t, map[string]float64{"418": 1}, pair.counted(t))
}

// A response that TimeoutHandler does not send is not a response of the handler.
func TestAWriteAfterATimeoutIsNoResponse(t *testing.T) {
	reg := engine.NewRegistry()
	served := make(chan struct{})
	h := Middleware(reg, ServerConfig{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		for {
			if _, err := io.WriteString(w, "too late"); errors.Is(err, http.ErrHandlerTimeout) {
				break
			}
		}
		panic(http.ErrAbortHandler)
	}))
	outer := http.TimeoutHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(served)
		defer func() { _ = recover() }()
		h.ServeHTTP(w, r)
	}), time.Nanosecond, "timeout")
	require.Equal(t, http.StatusServiceUnavailable, testkit.Get(outer, "/").Code)
	<-served
	require.Len(t, samples(t, reg, "http_requests_total"), 1)
	require.LessOrEqual(t, len(samples(t, reg, "http_responses_total")), 1,
		"200 if the first write came before the answer")
}

// secret is written by goroutines whose handlers have returned.
const secret = "the other client's secret"

func TestALateWriteReachesNoOtherClient(t *testing.T) {
	for _, p := range protocols {
		t.Run(p.name, func(t *testing.T) {
			release := make(chan struct{})
			var late sync.WaitGroup
			mux := http.NewServeMux()
			mux.HandleFunc("/leaky", func(w http.ResponseWriter, _ *http.Request) {
				late.Go(func() {
					defer func() { _ = recover() }() // HTTP/2 panics
					<-release
					w.Write([]byte(secret))
				})
			})
			mux.HandleFunc("/other", func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusAccepted)
				time.Sleep(time.Millisecond) // some late writes fall into this
				io.WriteString(w, "mine")
			})
			reg := engine.NewRegistry()
			// The race detector reports late writes to the ResponseWriter of net/http. So another
			// one is around it, which refuses writes after the handler.
			s := serveOver(t, p, guarding(Middleware(reg, ServerConfig{})(mux)))
			const requests = 50
			for range requests {
				response, err := s.Client().Get(s.URL + "/leaky")
				require.NoError(t, err)
				response.Body.Close()
			}
			var clients sync.WaitGroup
			for range 4 {
				clients.Go(func() {
					for range requests {
						response, err := s.Client().Get(s.URL + "/other")
						if err != nil {
							t.Error(err)
							return
						}
						text, err := io.ReadAll(response.Body)
						response.Body.Close()
						if err != nil || string(text) != "mine" || response.StatusCode != http.StatusAccepted {
							t.Errorf("got %d %q %v", response.StatusCode, text, err)
						}
					}
				})
			}
			close(release)
			clients.Wait()
			late.Wait()
			got := settled(t, reg)
			labels := []string{"method", "GET", "route", "/other"}
			require.EqualValues(t, 4*requests, got.Value(t, "http_responses_total", append(labels, "code", "202")...))
			require.EqualValues(t, 4*requests*len("mine"), got.Value(t, "http_response_size_bytes_sum", labels...))
		})
	}
}

// guarding refuses writes after the handler has returned.
func guarding(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g := &guarded{inner: w}
		defer g.close()
		next.ServeHTTP(g, r)
	})
}

type guarded struct {
	mu    sync.Mutex
	inner http.ResponseWriter // nil when the handler has returned
}

func (g *guarded) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inner = nil
}

func (g *guarded) Header() http.Header {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.inner == nil {
		return http.Header{}
	}
	return g.inner.Header()
}

func (g *guarded) WriteHeader(code int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.inner != nil {
		g.inner.WriteHeader(code)
	}
}

func (g *guarded) Write(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.inner == nil {
		return 0, http.ErrHandlerTimeout
	}
	return g.inner.Write(p)
}

// A late write reaches the ResponseWriter of its own request, as without the middleware.
func TestALateWriteGoesWhereItGoesWithoutTheMiddleware(t *testing.T) {
	var kept http.ResponseWriter
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { kept = w })
	reg := engine.NewRegistry()
	for name, h := range map[string]http.Handler{"bare": h, "instrumented": Middleware(reg, ServerConfig{})(h)} {
		first := testkit.Get(h, "/")
		late := kept
		second := testkit.Get(h, "/")
		late.Header().Set("Late", "yes")
		late.WriteHeader(http.StatusTeapot)
		_, err := io.WriteString(late, "late")
		require.NoError(t, err, name)
		late.(http.Flusher).Flush()
		require.Equal(t, http.StatusTeapot, first.Code, name)
		require.Equal(t, "late", first.Body.String(), name)
		require.Empty(t, second.Header(), name)
		require.Empty(t, second.Body.String(), name)
	}
	testkit.Get(Middleware(reg, ServerConfig{})(h), "/")
	require.Equal(t, map[string]float64{`{code="200",method="GET",route="unmatched"}`: 3},
		samples(t, reg, "http_responses_total"), "what was counted stays as it was")
}

// A ResponseWriter with a lock may be written to by several goroutines at once.
func TestAResponseWriterForManyGoroutinesStaysOne(t *testing.T) {
	reg := engine.NewRegistry()
	h := guarding(Middleware(reg, ServerConfig{})(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				for range 100 {
					w.Write([]byte("x"))
				}
			})
		}
		group.Wait()
	})))
	require.Equal(t, 800, testkit.Get(h, "/").Body.Len())
	labels := []string{"method", "GET", "route", "unmatched"}
	require.Equal(t, 800.0, page(t, reg).Value(t, "http_response_size_bytes_sum", labels...))
}

// A handler asks a controller for the connection, and the outermost ResponseWriter is not a
// Hijacker.
func TestAHijackingThroughAnyWrapperIsCounted(t *testing.T) {
	for around, outer := range map[string]func(http.Handler) http.Handler{
		"nothing": nil, "a logging handler": logging,
	} {
		for _, p := range protocols[:2] {
			t.Run("around it "+around+" over "+p.name, func(t *testing.T) {
				pair := pairOf(outer, func(w http.ResponseWriter, _ *http.Request) {
					conn, _, err := http.NewResponseController(w).Hijack()
					if err != nil {
						t.Error(err)
						return
					}
					defer conn.Close()
					io.WriteString(conn, "HTTP/1.1 299 Mine\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
				})
				for _, h := range []http.Handler{pair.bare, pair.instrumented} {
					response, err := io.ReadAll(dialOver(t, serveOver(t, p, h),
						"GET /case HTTP/1.1\r\nHost: x\r\n\r\n"))
					require.NoError(t, err)
					require.Equal(t, "HTTP/1.1 299 Mine\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
						string(response))
				}
				require.Equal(t, map[string]float64{"101": 1}, pair.counted(t))
				require.Empty(t, samples(t, pair.reg, "http_response_size_bytes_count")[`{method="GET",route="/case"}`])
			})
		}
	}
}

// A handler that calls Unwrap may take the connection unnoticed. A write that fails because of it
// shows that.
func TestAWriteToAConnectionThatIsGoneIsNoResponse(t *testing.T) {
	pair := pairOf(nil, func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(interface{ Unwrap() http.ResponseWriter }).Unwrap().(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		conn.Close()
		if _, err := io.WriteString(w, "x"); !errors.Is(err, http.ErrHijacked) {
			t.Errorf("want %v, got %v", http.ErrHijacked, err)
		}
	})
	_, err := io.ReadAll(dialOver(t, serveOver(t, protocols[0], pair.instrumented),
		"GET /case HTTP/1.1\r\nHost: x\r\n\r\n"))
	require.NoError(t, err)
	require.Equal(t, map[string]float64{"101": 1}, pair.counted(t))
}

func TestCloseNotifyWorks(t *testing.T) {
	for _, p := range protocols {
		t.Run(p.name, func(t *testing.T) {
			gone := make(chan struct{})
			pair := pairOf(nil, func(w http.ResponseWriter, _ *http.Request) {
				defer close(gone)
				w.(http.Flusher).Flush()
				<-w.(closeNotifier).CloseNotify() // gin's Context.Stream does this
			})
			s := serveOver(t, p, pair.instrumented)
			response, err := s.Client().Get(s.URL + "/case")
			require.NoError(t, err)
			response.Body.Close()
			s.Client().CloseIdleConnections()
			select {
			case <-gone:
			case <-time.After(20 * time.Second):
				t.Fatal("the handler does not notice that the client has gone")
			}
			require.Equal(t, map[string]float64{"200": 1}, pair.counted(t))
		})
	}
}

func TestAControllersCallsReachTheServer(t *testing.T) {
	call := func(w http.ResponseWriter, _ *http.Request) {
		c := http.NewResponseController(w)
		fmt.Fprintln(w, c.SetReadDeadline(time.Now().Add(time.Hour)), c.SetWriteDeadline(time.Now().Add(time.Hour)),
			c.EnableFullDuplex(), c.Flush())
	}
	for around, outer := range map[string]func(http.Handler) http.Handler{
		"nothing": nil, "a logging handler": logging, "a hiding handler": hiding,
	} {
		for _, p := range protocols {
			t.Run("around it "+around+" over "+p.name, func(t *testing.T) {
				pair := pairOf(outer, call)
				bare := ask(t, serveOver(t, p, pair.bare), http.MethodGet, nil)
				require.Equal(t, bare, ask(t, serveOver(t, p, pair.instrumented), http.MethodGet, nil))
			})
		}
	}
}
