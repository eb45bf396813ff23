// SPDX-License-Identifier: Apache-2.0

package export

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

type roundTripperFunc func(*http.Request) (*http.Response, error)

func (f roundTripperFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// allMethods is a response with the optional methods of the one of HTTP/1.
type allMethods struct{ *nowhere }

func (allMethods) Flush() {}

func (allMethods) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return nil, nil, errors.New("nothing to hijack")
}

func (w allMethods) ReadFrom(src io.Reader) (int64, error) { return io.Copy(w.nowhere, src) }

func (w allMethods) WriteString(s string) (int, error) { w.n += len(s); return len(s), nil }

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
	found := map[string]float64{}
	for series, v := range page(t, reg).Samples {
		if of, _, _ := strings.Cut(series, "{"); of == name {
			found[strings.TrimPrefix(series, name)] = v
		}
	}
	return found
}
