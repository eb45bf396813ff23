// SPDX-License-Identifier: Apache-2.0

package export

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
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

func gunzip(t *testing.T, r io.Reader) string {
	t.Helper()
	z, err := gzip.NewReader(r)
	require.NoError(t, err)
	b, err := io.ReadAll(z)
	require.NoError(t, err)
	return string(b)
}

// page renders and reads back what is in a registry.
func page(t testing.TB, reg *engine.Registry) *testkit.Page {
	t.Helper()
	var text strings.Builder
	_, err := Render(&text, reg)
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

type roundTripperFunc func(*http.Request) (*http.Response, error)

func (f roundTripperFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
