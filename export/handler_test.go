// SPDX-License-Identifier: Apache-2.0

package export

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

func TestGetAnswersWithThePageAndItsHeader(t *testing.T) {
	src := new(asked)
	w := testkit.Get(handlerOf(src), "/metrics")
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, "page\n", w.Body.String())
	require.Equal(t, http.Header{"Content-Type": {textType}, "Vary": {"Accept, Accept-Encoding"}}, w.Header())
	require.Equal(t, engine.Exposition{}, src.Exposition)

	testkit.Get(handlerOf(src, WithoutSelfMetrics()), "/metrics", "Accept", "application/openmetrics-text")
	require.Equal(t, engine.Exposition{Format: encode.OpenMetrics, NoSelf: true}, src.Exposition)
}

func TestHeadAnswersWithTheHeaderAloneAndEncodesNothing(t *testing.T) {
	src := new(asked)
	w := testkit.Do(handlerOf(src), http.MethodHead, "/metrics", "Accept", protobufType, "Accept-Encoding", "gzip")
	require.Equal(t, http.StatusOK, w.Code)
	require.Empty(t, w.Body.String())
	require.Equal(t, http.Header{
		"Content-Type":     {encode.Protobuf.ContentType()},
		"Content-Encoding": {"gzip"},
		"Vary":             {"Accept, Accept-Encoding"},
	}, w.Header())
	require.Zero(t, src.times)
}

// untouchable is a request body that fails the test if it is read.
type untouchable struct{ t *testing.T }

func (u untouchable) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, io.EOF
}

func TestOtherMethodsGet405AndTheirBodyStaysUnread(t *testing.T) {
	src := new(asked)
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "PROPFIND",
		"get"} {
		r := httptest.NewRequest(method, "/metrics", untouchable{t})
		w := httptest.NewRecorder()
		handlerOf(src).ServeHTTP(w, r)
		require.Equal(t, http.StatusMethodNotAllowed, w.Code, method)
		require.Equal(t, "GET, HEAD", w.Header().Get("Allow"), method)
		require.Equal(t, "close", w.Header().Get("Connection"), method)
		require.NotEmpty(t, w.Header().Get("Content-Type"), method)
	}
	require.Zero(t, src.times)

	w := httptest.NewRecorder()
	handlerOf(src).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", untouchable{t}))
	require.Equal(t, http.StatusOK, w.Code, "a body on a GET does no harm")
}

func TestHeadersOfWhoeverWrapsTheHandlerAreKept(t *testing.T) {
	h := handlerOf(new(asked))
	wrapped := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Origin")
		h.ServeHTTP(w, r)
		w.Header().Add("Content-Type", "appended")
		w.Header().Add("Vary", "appended")
	})
	for range 3 {
		require.Equal(t, []string{"Origin", "Accept, Accept-Encoding", "appended"},
			testkit.Get(wrapped, "/").Header()["Vary"])
	}
	require.Equal(t, textType, testkit.Get(h, "/").Header().Get("Content-Type"))

	compressed := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "br")
		h.ServeHTTP(w, r)
	})
	w := testkit.Get(compressed, "/", "Accept-Encoding", "gzip, br")
	require.Equal(t, "br", w.Header().Get("Content-Encoding"))
	require.Equal(t, "page\n", w.Body.String(), "who says br compresses by himself")
}

func TestAPageThatFailsBeforeItsFirstByteIsA500(t *testing.T) {
	broken := sourceFunc(func(io.Writer, engine.Exposition) (int64, error) { return 0, errors.New("out of order") })
	for _, encoding := range []string{"", "gzip"} {
		w := testkit.Get(handlerOf(broken), "/", "Accept-Encoding", encoding)
		require.Equal(t, http.StatusInternalServerError, w.Code)
		require.Contains(t, w.Body.String(), "out of order")
		require.Equal(t, "text/plain; charset=utf-8", w.Header().Get("Content-Type"))
		require.Empty(t, w.Header().Get("Content-Encoding"))
	}
}

func TestAPageThatFailsMidwayAbortsTheConnection(t *testing.T) {
	noise := incompressible(64 << 10)
	broken := sourceFunc(func(w io.Writer, _ engine.Exposition) (int64, error) {
		for range 64 {
			if _, err := w.Write(noise); err != nil {
				return 0, err
			}
		}
		return 0, errors.New("out of order")
	})
	for _, encoding := range []string{"", "gzip"} {
		h := handlerOf(broken, WithMaxConcurrent(1))
		for range 2 { // the first one has released its slot and its buffers
			require.PanicsWithValue(t, http.ErrAbortHandler,
				func() { testkit.Get(h, "/", "Accept-Encoding", encoding) })
		}
	}
}
