// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// interfacesOf returns the names of the optional interfaces that a ResponseWriter implements.
func interfacesOf(w http.ResponseWriter) (names []string) {
	note := func(name string, ok bool) {
		if ok {
			names = append(names, name)
		}
	}
	_, ok := w.(http.Flusher)
	note("Flush", ok)
	_, ok = w.(interface{ FlushError() error })
	note("FlushError", ok)
	_, ok = w.(http.Hijacker)
	note("Hijack", ok)
	_, ok = w.(interface{ CloseNotify() <-chan bool })
	note("CloseNotify", ok)
	_, ok = w.(io.ReaderFrom)
	note("ReadFrom", ok)
	_, ok = w.(io.StringWriter)
	note("WriteString", ok)
	_, ok = w.(http.Pusher)
	note("Push", ok)
	return names
}

func TestThereIsAResponseWriterForEveryCombinationOfMethods(t *testing.T) {
	all := []string{"Flush", "FlushError", "Hijack", "CloseNotify", "ReadFrom", "WriteString", "Push"}
	for methods := range 1 << len(all) {
		if methods&hasFlushError != 0 && methods&hasFlush == 0 {
			continue // there is no such ResponseWriter
		}
		var want []string
		for bit, name := range all {
			if methods>>bit&1 != 0 {
				want = append(want, name)
			}
		}
		rec := &recorder{inner: testkit.NewSink()}
		w := rec.withMethods(methods)
		require.Equal(t, want, interfacesOf(w))
		require.Equal(t, methods, methodsOf(w))
		require.Same(t, rec, w.(interface{ recording() *recorder }).recording())
	}
}

func TestTheResponseWriterHasTheInterfacesOfTheBareOne(t *testing.T) {
	var seen []string
	h := func(w http.ResponseWriter, _ *http.Request) { seen = interfacesOf(w) }
	for around, outer := range map[string]func(http.Handler) http.Handler{
		"nothing":           nil,
		"a logging handler": logging,
		"a hiding handler":  hiding,
		"a timeout handler": func(h http.Handler) http.Handler { return http.TimeoutHandler(h, 1e12, "") },
		"another middleware": func(h http.Handler) http.Handler {
			return Middleware(engine.NewRegistry(), ServerConfig{})(h)
		},
	} {
		pair := pairOf(outer, h)
		for _, p := range protocols {
			t.Run("around it "+around+" over "+p.name, func(t *testing.T) {
				ask(t, serveOver(t, p, pair.bare), http.MethodGet, nil)
				bare := seen
				ask(t, serveOver(t, p, pair.instrumented), http.MethodGet, nil)
				require.Equal(t, bare, seen)
			})
		}
		t.Run("around it "+around+" in memory", func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/case", nil)
			pair.bare.ServeHTTP(httptest.NewRecorder(), r)
			bare := seen
			pair.instrumented.ServeHTTP(httptest.NewRecorder(), r)
			require.Equal(t, bare, seen)
		})
	}
}

func TestAllOptionalMethodsOfRealServersAreKnown(t *testing.T) {
	for i, want := range [][]string{
		{"Flush", "FlushError", "Hijack", "CloseNotify", "ReadFrom", "WriteString"},
		{"Flush", "FlushError", "Hijack", "CloseNotify", "ReadFrom", "WriteString"},
		{"Flush", "FlushError", "CloseNotify", "WriteString", "Push"},
	} {
		var seen []string
		pair := pairOf(nil, func(w http.ResponseWriter, _ *http.Request) { seen = interfacesOf(w) })
		ask(t, serveOver(t, protocols[i], pair.instrumented), http.MethodGet, nil)
		require.Equal(t, want, seen, protocols[i].name)
	}
}
