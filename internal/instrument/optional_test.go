// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// The optional methods. Each has a type and records its calls.
type (
	calls     map[string]int
	flushCall struct{ calls }
	stealCall struct{ calls }
	readCall  struct{ calls }
	pushCall  struct{ calls }
)

func (c flushCall) Flush() { c.calls["f"]++ }
func (c stealCall) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c.calls["h"]++
	return nil, nil, nil
}
func (c readCall) ReadFrom(src io.Reader) (int64, error) {
	c.calls["r"]++
	return io.Copy(io.Discard, src)
}
func (c pushCall) Push(string, *http.PushOptions) error {
	c.calls["p"]++
	return nil
}

func TestTheResponseWriterHasExactlyTheMethodsOfTheOneBeneath(t *testing.T) {
	type rw = http.ResponseWriter
	base := rw(testkit.NewSink())
	called := calls{}
	f, h, r, p := flushCall{called}, stealCall{called}, readCall{called}, pushCall{called}
	type (
		flush = http.Flusher
		steal = http.Hijacker
		read  = io.ReaderFrom
		push  = http.Pusher
	)
	for methods, w := range map[string]rw{
		"": base,
		"f": struct {
			rw
			flush
		}{base, f},
		"h": struct {
			rw
			steal
		}{base, h},
		"fh": struct {
			rw
			flush
			steal
		}{base, f, h},
		"r": struct {
			rw
			read
		}{base, r},
		"fr": struct {
			rw
			flush
			read
		}{base, f, r},
		"hr": struct {
			rw
			steal
			read
		}{base, h, r},
		"fhr": struct {
			rw
			flush
			steal
			read
		}{base, f, h, r},
		"p": struct {
			rw
			push
		}{base, p},
		"fp": struct {
			rw
			flush
			push
		}{base, f, p},
		"hp": struct {
			rw
			steal
			push
		}{base, h, p},
		"fhp": struct {
			rw
			flush
			steal
			push
		}{base, f, h, p},
		"rp": struct {
			rw
			read
			push
		}{base, r, p},
		"frp": struct {
			rw
			flush
			read
			push
		}{base, f, r, p},
		"hrp": struct {
			rw
			steal
			read
			push
		}{base, h, r, p},
		"fhrp": struct {
			rw
			flush
			steal
			read
			push
		}{base, f, h, r, p},
	} {
		t.Run("methods="+methods, func(t *testing.T) {
			clear(called)
			has := ""
			handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if f, ok := w.(http.Flusher); ok {
					has += "f"
					f.Flush()
				}
				if h, ok := w.(http.Hijacker); ok {
					has += "h"
					h.Hijack()
				}
				if r, ok := w.(io.ReaderFrom); ok {
					has += "r"
					r.ReadFrom(strings.NewReader("x"))
				}
				if p, ok := w.(http.Pusher); ok {
					has += "p"
					p.Push("/", nil)
				}
				_, ok := w.(io.StringWriter)
				require.False(t, ok, "there is none beneath")
			})
			mw := Middleware(engine.NewRegistry(), ServerConfig{})
			mw(handler).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
			require.Equal(t, methods, has)
			require.Len(t, called, len(methods), "each reached the one beneath")
		})
	}
}

// A wrapper without Hijack, beneath which http.ResponseController finds one.
func TestHijackingBelowAnotherWrapperIsSeen(t *testing.T) {
	reg := engine.NewRegistry()
	called := calls{}
	w := wrapped{struct {
		http.ResponseWriter
		http.Hijacker
	}{testkit.NewSink(), stealCall{called}}}
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _, err := http.NewResponseController(w).Hijack()
		require.NoError(t, err)
	})
	Middleware(reg, ServerConfig{})(handler).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	require.Equal(t, 1, called["h"])
	labels := []string{"method", "GET", "route", "unmatched", "code", "101"}
	require.Equal(t, 1.0, page(t, reg).Value(t, "http_responses_total", labels...))
}

// loop unwraps to itself.
type loop struct{ *testkit.Sink }

func (l loop) Unwrap() http.ResponseWriter { return l }

func TestAWrapperThatUnwrapsToItselfIsServed(t *testing.T) {
	reg := engine.NewRegistry()
	w := loop{testkit.NewSink()}
	Middleware(reg, ServerConfig{})(routes()).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/users/1", nil))
	require.Equal(t, len("hello"), w.Bytes)
	require.Len(t, samples(t, reg, "http_requests_total"), 1)
}

var errFlush = errors.New("nobody there")

// flushFails has a FlushError method, as the ResponseWriters of net/http have.
type flushFails struct{ *testkit.Sink }

func (flushFails) Flush()            {}
func (flushFails) FlushError() error { return errFlush }

func TestErrorsReachTheHandler(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		require.ErrorIs(t, http.NewResponseController(w).Flush(), errFlush)
		_, _, err := http.NewResponseController(w).Hijack()
		require.ErrorIs(t, err, http.ErrNotSupported)
	})
	w := flushFails{testkit.NewSink()}
	mw := Middleware(engine.NewRegistry(), ServerConfig{})
	mw(handler).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
}

func TestAHijackingThatFailsIsNotCounted(t *testing.T) {
	reg := engine.NewRegistry()
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _, err := w.(http.Hijacker).Hijack()
		require.Error(t, err)
		w.WriteHeader(http.StatusNotImplemented)
	})
	Middleware(reg, ServerConfig{})(handler).ServeHTTP(newAllMethods(), httptest.NewRequest(http.MethodGet, "/", nil))
	p := page(t, reg)
	require.Equal(t, 1.0, p.Value(t, "http_responses_total", "method", "GET", "route", "unmatched", "code", "501"))
	require.Equal(t, 1.0, p.Value(t, "http_response_size_bytes_count", "method", "GET", "route", "unmatched"))
}
