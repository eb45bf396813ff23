// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// sizes are lengths of bodies, some of which are not trusted.
var sizes = []int{0, 10, TrustedLength, TrustedLength + 1, 3 * TrustedLength}

// chunked is a body whose length the client does not state.
func chunked(n int) io.Reader { return io.MultiReader(strings.NewReader(strings.Repeat("x", n))) }

type contextKey struct{}

// Handlers further out see the changes that a handler makes to its request, as without the
// middleware.
func TestWhatAHandlerChangesInItsRequestIsSeenOutside(t *testing.T) {
	for _, p := range protocols {
		for _, size := range sizes {
			for _, stated := range []bool{true, false} {
				t.Run(fmt.Sprintf("%s, %d bytes, length stated: %t", p.name, size, stated), func(t *testing.T) {
					mux := http.NewServeMux()
					mux.HandleFunc("POST /users/{id}", func(w http.ResponseWriter, r *http.Request) {
						r.RemoteAddr = "192.0.2.1:1"
						r.URL.Path = "/rewritten"
						r.Host = "inner.example"
						r.Header.Set("Seen", "yes")
						r.SetPathValue("more", "set")
						*r = *r.WithContext(context.WithValue(r.Context(), contextKey{}, "inner"))
						n, err := io.Copy(io.Discard, r.Body)
						fmt.Fprintln(w, n, err)
						r.Form = map[string][]string{"f": {"1"}}
						if strings.HasSuffix(r.PathValue("id"), "replaced") {
							r.Body = io.NopCloser(strings.NewReader("another body"))
						}
					})
					outside := func(next http.Handler) http.Handler {
						return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
							before := r.Body
							next.ServeHTTP(w, r)
							fmt.Fprintln(w, r.Pattern, r.PathValue("id"), r.PathValue("more"), r.RemoteAddr,
								r.URL.Path, r.Host, r.Header.Get("Seen"), r.Context().Value(contextKey{}), r.Form,
								r.Body == before, r.ContentLength)
							r.Body = before
						})
					}
					reg := engine.NewRegistry()
					var answers [2]string
					for i, h := range []http.Handler{outside(mux), outside(Middleware(reg, ServerConfig{})(mux))} {
						s := serveOver(t, p, h)
						for _, path := range []string{"/users/7", "/users/replaced"} {
							body := chunked(size)
							if stated {
								body = strings.NewReader(strings.Repeat("x", size))
							}
							response, err := s.Client().Post(s.URL+path, "text/plain", body)
							require.NoError(t, err)
							text, err := io.ReadAll(response.Body)
							response.Body.Close()
							require.NoError(t, err)
							answers[i] += string(text)
						}
					}
					require.Contains(t, answers[0],
						"POST /users/{id} 7 set 192.0.2.1:1 /rewritten inner.example yes inner map[f:[1]] true")
					require.Equal(t, answers[0], answers[1])
					got := settled(t, reg)
					labels := []string{"method", "POST", "route", "/users/{id}"}
					require.Equal(t, 2*float64(size), got.Value(t, "http_request_size_bytes_sum", labels...))
				})
			}
		}
	}
}

// Trailers that were not announced are in the request when its body has been read or closed.
func TestTrailersReachTheHandlerAtAnySize(t *testing.T) {
	handler := func(w http.ResponseWriter, r *http.Request) {
		var err error
		switch r.URL.Query().Get("by") {
		case "close":
			err = r.Body.Close()
		case "form":
			err = r.ParseMultipartForm(1)
			_, _ = io.Copy(io.Discard, r.Body)
		default:
			_, err = io.Copy(io.Discard, r.Body)
		}
		fmt.Fprintf(w, "%v %q %q\n", err, r.Trailer.Get("Announced"), r.Trailer.Get("Unannounced"))
	}
	outside := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r)
			fmt.Fprintf(w, "outside %q %q", r.Trailer.Get("Announced"), r.Trailer.Get("Unannounced"))
		})
	}
	for _, p := range protocols[:2] {
		h := http.HandlerFunc(handler)
		servers := serveAllOver(t, p, outside(h), outside(Middleware(engine.NewRegistry(), ServerConfig{})(h)))
		for _, announced := range []bool{true, false} {
			for _, by := range []string{"read", "close", "form"} {
				for _, size := range sizes {
					name := fmt.Sprintf("%s, announced: %t, by %s, %d bytes", p.name, announced, by, size)
					t.Run(name, func(t *testing.T) {
						text := "POST /?by=" + by + " HTTP/1.1\r\nHost: x\r\n" +
							"Transfer-Encoding: chunked\r\nConnection: close\r\n"
						if announced {
							text += "Trailer: Announced\r\n"
						}
						text += "\r\n"
						if size > 0 {
							text += fmt.Sprintf("%x\r\n%s\r\n", size, strings.Repeat("x", size))
						}
						text += "0\r\n"
						if announced {
							text += "Announced: 1\r\n"
						}
						text += "Unannounced: 2\r\n\r\n"
						var answers [2]string
						for i, s := range servers {
							conn := dialOver(t, s, "")
							sent := make(chan struct{})
							go func() { defer close(sent); io.WriteString(conn, text) }()
							response, err := http.ReadResponse(bufio.NewReader(conn), nil)
							require.NoError(t, err)
							got, err := io.ReadAll(response.Body)
							require.NoError(t, err)
							conn.Close()
							<-sent
							answers[i] = string(got)
						}
						require.Equal(t, answers[0], answers[1])
						if by == "read" {
							require.Contains(t, answers[1], `"2"`)
						}
					})
				}
			}
		}
	}
}

// Whether net/http keeps the connection, and when it answers, depends on the handler's use of the
// body.
func TestABodyThatIsNotReadIsTreatedAsWithoutTheMiddleware(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"not read":    func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "x") },
		"partly read": func(w http.ResponseWriter, r *http.Request) { io.CopyN(w, r.Body, 10) },
		"closed":      func(w http.ResponseWriter, r *http.Request) { r.Body.Close(); io.WriteString(w, "x") },
		"all read": func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			io.WriteString(w, "x")
		},
	} {
		for _, p := range protocols {
			pair := pairOf(nil, handler)
			servers := serveAllOver(t, p, pair.bare, pair.instrumented)
			for _, size := range []int{10, 100 << 10, TrustedLength + 1} {
				for _, stated := range []bool{true, false} {
					run := fmt.Sprintf("%s, %s, %d bytes, length stated: %t", name, p.name, size, stated)
					t.Run(run, func(t *testing.T) {
						// A client that is still sending when the server closes the connection may
						// miss the answer, and a busy one may not use the connection again.
						testkit.Poll(t, 20*time.Second, func() error {
							var replies [2]reply
							for i, s := range servers {
								body := chunked(size)
								if stated {
									body = strings.NewReader(strings.Repeat("x", size))
								}
								replies[i] = ask(t, s, http.MethodPost, body)
							}
							if replies[0].failed || !reflect.DeepEqual(replies[0], replies[1]) {
								return fmt.Errorf("bare %+v, instrumented %+v", replies[0], replies[1])
							}
							return nil
						})
					})
				}
			}
		}
	}
}

// MaxBytesReader can close the connection only if it gets the ResponseWriter of net/http. The
// documentation of export.Middleware describes what happens inside the middleware.
func TestMaxBytesReaderBehindTheMiddlewareClosesOnlyWhatNetHTTPWouldNotRead(t *testing.T) {
	const limit = 10
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, limit)); err != nil {
			http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		}
	})
	limited := http.MaxBytesHandler(Middleware(engine.NewRegistry(), ServerConfig{})(http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
			}
		})), limit)
	for _, tt := range []struct {
		name   string
		h      http.Handler
		closes map[int]bool // by the length of the body
	}{
		{"bare", handler, map[int]bool{100 << 10: true, 10 << 20: true}},
		{"instrumented", Middleware(engine.NewRegistry(), ServerConfig{})(handler),
			map[int]bool{100 << 10: false, 10 << 20: true}},
		{"limited outside", limited, map[int]bool{100 << 10: true, 10 << 20: true}},
	} {
		for _, p := range protocols[:2] {
			s := serveOver(t, p, tt.h)
			for size, closes := range tt.closes {
				t.Run(fmt.Sprintf("%s, %d bytes over %s", tt.name, size, p.name), func(t *testing.T) {
					head := fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", size)
					conn := dialOver(t, s, head)
					sent := make(chan struct{})
					go func() {
						defer close(sent)
						io.Copy(conn, io.LimitReader(zeros{}, int64(min(size, 200<<10)))) // the server takes no more
					}()
					response, err := http.ReadResponse(bufio.NewReader(conn), nil)
					require.NoError(t, err)
					require.Equal(t, http.StatusRequestEntityTooLarge, response.StatusCode)
					require.Equal(t, closes, response.Close)
					conn.Close()
					<-sent
				})
			}
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// An http.Transport may still read a body when the handler has returned, and reach the end, where
// the server sets the request's Trailer.
func TestABodyMayBeReadWhileTheHandlerReturns(t *testing.T) {
	for range 20 {
		reg := engine.NewRegistry()
		body, feed := io.Pipe()
		var reader sync.WaitGroup
		h := Middleware(reg, ServerConfig{})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			reading := make(chan struct{})
			reader.Go(func() {
				close(reading)
				io.Copy(io.Discard, r.Body)
			})
			<-reading
			r.RemoteAddr = "changed"
			r.Pattern = "/changed"
		}))
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.ContentLength = -1
		r.Body = setsTrailer{body, r}
		var feeder sync.WaitGroup
		feeder.Go(func() {
			io.WriteString(feed, "hello")
			feed.Close()
		})
		h.ServeHTTP(httptest.NewRecorder(), r)
		require.Equal(t, "changed", r.RemoteAddr)
		require.Equal(t, "/changed", r.Pattern)
		feeder.Wait()
		reader.Wait()
		require.Equal(t, http.Header{"Late": {"yes"}}, r.Trailer)
	}
}

// setsTrailer sets the trailer at the end of the body, as the body of net/http does.
type setsTrailer struct {
	io.ReadCloser
	request *http.Request
}

func (b setsTrailer) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		b.request.Trailer = http.Header{"Late": {"yes"}}
	}
	return n, err
}

// The Read of a body may wait for its Close, as in HTTP/2; the two must not block each other.
func TestABodyCanBeClosedWhileItIsRead(t *testing.T) {
	for _, p := range protocols[2:] {
		reg := engine.NewRegistry()
		done := make(chan struct{})
		mw := Middleware(reg, ServerConfig{})
		s := serveOver(t, p, mw(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			go func() {
				defer close(done)
				io.Copy(io.Discard, r.Body)
			}()
			time.Sleep(time.Millisecond)
			r.Body.Close()
			<-done
		})))
		body, feed := io.Pipe()
		response, err := s.Client().Post(s.URL, "text/plain", body)
		require.NoError(t, err)
		response.Body.Close()
		feed.Close()
	}
}

// The metrics of aioprometheus have no sizes, so bodies are not counted.
func TestARequestIsNotCopiedWithoutASizeToCount(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/", chunked(10))
	var got *http.Request
	h := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r })
	Middleware(engine.NewRegistry(), ServerConfig{AioprometheusNames: true})(h).ServeHTTP(httptest.NewRecorder(), r)
	require.Same(t, r, got)
}
