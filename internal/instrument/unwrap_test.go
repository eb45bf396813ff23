// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"bufio"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// nothingBeneath unwraps to nil.
type nothingBeneath struct{ *testkit.Sink }

func (nothingBeneath) Unwrap() http.ResponseWriter { return nil }

// Walks end even if a ResponseWriter unwraps to itself or to nil.
func TestWalksThroughWrappersEnd(t *testing.T) {
	for _, w := range []http.ResponseWriter{loop{testkit.NewSink()}, nothingBeneath{testkit.NewSink()},
		testkit.NewSink()} {
		_, ok := First[http.Hijacker](w)
		require.False(t, ok)
		require.Nil(t, findRecorder(w, nil))
		visits := 0
		for range Unwrapped(w) {
			visits++
		}
		require.LessOrEqual(t, visits, maxWrappers)

		rec := &recorder{inner: w}
		require.ErrorIs(t, rec.flushBeneath(), http.ErrNotSupported)
		_, _, err := rec.hijack()
		require.ErrorIs(t, err, http.ErrNotSupported)
		require.Zero(t, rec.code.Load(), "nothing was written")
	}
}

// loopHijacker unwraps to itself and is a Hijacker.
type loopHijacker struct{ loop }

func (loopHijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) { return nil, nil, nil }

func TestAControllerBehindAWrapperThatUnwrapsToItselfIsAnsweredByWhatItFinds(t *testing.T) {
	reg := engine.NewRegistry()
	Middleware(reg, ServerConfig{})(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _, err := http.NewResponseController(w).Hijack()
		require.NoError(t, err)
		require.ErrorIs(t, http.NewResponseController(w).Flush(), http.ErrNotSupported)
	})).ServeHTTP(loopHijacker{loop{testkit.NewSink()}}, httptest.NewRequest(http.MethodGet, "/", nil))
	labels := []string{"method", "GET", "route", "unmatched", "code", "101"}
	require.Equal(t, 1.0, page(t, reg).Value(t, "http_responses_total", labels...))
}

// Handlers that look for their own ResponseWriter find it.
func TestUnwrapGivesEverybodyElseWhatIsBeneath(t *testing.T) {
	own := wrapped{newAllMethods()}
	Middleware(engine.NewRegistry(), ServerConfig{})(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		require.Equal(t, http.ResponseWriter(own), w.(interface{ Unwrap() http.ResponseWriter }).Unwrap())
		found, ok := First[wrapped](w)
		require.True(t, ok)
		require.Equal(t, own, found)
	})).ServeHTTP(own, httptest.NewRequest(http.MethodGet, "/", nil))
}
