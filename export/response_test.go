// SPDX-License-Identifier: Apache-2.0

package export

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// plainWriter has no deadlines, and no other optional method.
type plainWriter struct {
	header http.Header
	body   bytes.Buffer
}

func (p *plainWriter) Header() http.Header { return p.header }

func (p *plainWriter) Write(b []byte) (int, error) { return p.body.Write(b) }

func (p *plainWriter) WriteHeader(int) {}

// deadlineWriter records its deadlines.
type deadlineWriter struct {
	plainWriter
	deadlines []time.Time
	err       error
}

func (d *deadlineWriter) SetWriteDeadline(t time.Time) error {
	d.deadlines = append(d.deadlines, t)
	return d.err
}

// wrapper hides every method except Unwrap.
type wrapper struct{ http.ResponseWriter }

func (w wrapper) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func TestTheDeadlineMovesAheadBeforeEveryChunk(t *testing.T) {
	const timeout = 5 * time.Second
	h := handlerOf(chunks(chunk64K, 10), WithWriteTimeout(timeout))
	d := &deadlineWriter{plainWriter: plainWriter{header: http.Header{}}}
	before := time.Now()
	h.ServeHTTP(wrapper{wrapper{d}}, httptest.NewRequest(http.MethodGet, "/", nil))
	require.Len(t, d.deadlines, 12, "at the start, for each chunk, for what net/http still flushes")
	require.WithinRange(t, d.deadlines[0], before.Add(defaultScrapeTimeout), time.Now().Add(defaultScrapeTimeout))
	for i, deadline := range d.deadlines[1:] {
		require.WithinRange(t, deadline, before.Add(timeout), time.Now().Add(timeout))
		require.True(t, i == 0 || !deadline.Before(d.deadlines[i]))
	}
	require.Equal(t, 10*len(chunk64K), d.body.Len())
}

func TestNoDeadlineLiesBeyondTheEndOfTheScrape(t *testing.T) {
	d := &deadlineWriter{plainWriter: plainWriter{header: http.Header{}}}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set(scrapeTimeoutHeader, "2")
	handlerOf(chunks(chunk64K, 10), WithWriteTimeout(time.Hour)).ServeHTTP(d, r)
	require.Len(t, d.deadlines, 12)
	for _, deadline := range d.deadlines {
		require.True(t, deadline.Before(time.Now().Add(2*time.Second)))
	}
}

func TestResponsesWithoutDeadlinesAreServed(t *testing.T) {
	h := handlerOf(chunks(chunk64K, 10))
	r := httptest.NewRequest(http.MethodGet, "/", nil)

	plain := &plainWriter{header: http.Header{}}
	h.ServeHTTP(plain, r)
	require.Equal(t, 10*len(chunk64K), plain.body.Len())

	d := &deadlineWriter{plainWriter: plainWriter{header: http.Header{}},
		err: fmt.Errorf("no: %w", http.ErrNotSupported)}
	h.ServeHTTP(d, r)
	require.Equal(t, 10*len(chunk64K), d.body.Len())
	require.Len(t, d.deadlines, 1, "it is not asked again for every chunk")
}

func TestAScrapeThatTakesTooLongIsCutOffBetweenChunks(t *testing.T) {
	endless := sourceFunc(func(w io.Writer, _ engine.Exposition) (int64, error) {
		for {
			if _, err := w.Write(chunk64K[:100]); err != nil {
				return 0, err
			}
		}
	})
	h := handlerOf(endless, WithScrapeTimeout(30*time.Millisecond))
	start := time.Now()
	require.PanicsWithValue(t, http.ErrAbortHandler, func() { testkit.Get(h, "/") })
	require.GreaterOrEqual(t, time.Since(start), 30*time.Millisecond)
	require.Less(t, time.Since(start), 5*time.Second)
}
