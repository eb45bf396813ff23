// SPDX-License-Identifier: Apache-2.0

package parsers

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export"
)

// newZstd and newGzip make encoders as a program would.
func newZstd(options ...zstd.EOption) func(io.Writer) export.Encoder {
	return func(w io.Writer) export.Encoder { return engine.Must(zstd.NewWriter(w, options...)) }
}

func newGzip(w io.Writer) export.Encoder { return engine.Must(gzip.NewWriterLevel(w, gzip.BestSpeed)) }

func unzstd(r io.Reader) ([]byte, error) {
	d, err := zstd.NewReader(r)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return io.ReadAll(d)
}

func gunzip(r io.Reader) ([]byte, error) {
	d, err := gzip.NewReader(r)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(d)
}

type encodingUnderTest struct {
	name, encoding string
	newEncoder     func(io.Writer) export.Encoder
	decode         func(io.Reader) ([]byte, error)
}

func (e encodingUnderTest) option() export.Option {
	return export.WithEncoding(e.encoding, e.newEncoder)
}

func encodingsUnderTest() []encodingUnderTest {
	return []encodingUnderTest{
		{"zstd", "zstd", newZstd(zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest)), unzstd},
		{"zstd in the background", "zstd", newZstd(zstd.WithEncoderConcurrency(4)), unzstd},
		{"gzip", "gzip", newGzip, gunzip},
	}
}

func encodedRegistry(tb testing.TB, n int) *engine.Registry {
	reg := engine.NewRegistry(engine.WithMaxSeries(n))
	vec, err := reg.NewCounterVec("http_requests_total", "Requests served.", []string{"method", "path"})
	require.NoError(tb, err)
	for i := range n {
		vec.With("GET", fmt.Sprintf("/a/rather/usual/path/%d", i)).Add(float64(i))
	}
	return reg
}

func request(encoding string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	r.Header.Set("Accept-Encoding", encoding)
	return r
}

func TestPagesOfForeignEncodersDecodeToThePlainOnes(t *testing.T) {
	reg := encodedRegistry(t, 20_000)
	var plain bytes.Buffer
	_, err := export.Render(&plain, reg, "", export.WithoutSelfMetrics())
	require.NoError(t, err)
	for _, e := range encodingsUnderTest() {
		t.Run(e.name, func(t *testing.T) {
			h := export.Handler(reg, e.option(), export.WithoutSelfMetrics())
			for i := range 5 { // later ones take their encoder from the pool
				w := httptest.NewRecorder()
				h.ServeHTTP(w, request("deflate, zstd, gzip;q=0.5"))
				require.Equal(t, e.encoding, w.Header().Get("Content-Encoding"))
				require.Less(t, w.Body.Len(), plain.Len()/5)
				page, err := e.decode(w.Body)
				require.NoError(t, err)
				require.Equal(t, plain.String(), string(page), "page %d", i)

				// A client that goes away leaves an encoder that works.
				broken := &brokenResponse{header: http.Header{}}
				require.Panics(t, func() { h.ServeHTTP(broken, request("zstd, gzip;q=0.5")) })
			}
		})
	}
}

// brokenResponse is the response to a client that has closed the connection.
type brokenResponse struct{ header http.Header }

func (b *brokenResponse) Header() http.Header       { return b.header }
func (b *brokenResponse) WriteHeader(int)           {}
func (b *brokenResponse) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// countingResponse counts the bytes of its pages.
type countingResponse struct {
	header http.Header
	n      int
}

func (c *countingResponse) Header() http.Header { return c.header }
func (c *countingResponse) WriteHeader(int)     {}
func (c *countingResponse) Write(b []byte) (int, error) {
	c.n += len(b)
	return len(b), nil
}

// A scrape allocates what the encoder itself allocates for a page: gzip nothing, and zstd a header
// and a checksum of a few bytes.
func TestAScrapeWithAForeignEncoderAllocatesNothingMore(t *testing.T) {
	reg := encodedRegistry(t, 10_000)
	for _, e := range encodingsUnderTest() {
		if strings.Contains(e.name, "background") {
			continue // its goroutines are made anew for every page
		}
		t.Run(e.name, func(t *testing.T) {
			var enc export.Encoder
			h := export.Handler(reg, export.WithEncoding(e.encoding, func(w io.Writer) export.Encoder {
				enc = e.newEncoder(w)
				return enc
			}))
			r, w := request(e.encoding), &countingResponse{header: http.Header{}}
			scrape := func() {
				delete(w.header, "Content-Encoding")
				h.ServeHTTP(w, r)
			}
			scrape()
			first := w.n
			scrapes := testing.AllocsPerRun(20, scrape)
			require.Greater(t, w.n, first*20*9/10, "the pages were written")
			alone := testing.AllocsPerRun(20, func() {
				enc.Reset(io.Discard)
				_, _ = reg.Expose(enc, engine.Exposition{})
				_ = enc.Close()
			})
			require.Equal(t, alone, scrapes)
			if e.encoding == "gzip" {
				require.Zero(t, alone)
			}
			require.LessOrEqual(t, alone, 2.0)
		})
	}
}

func BenchmarkEncodings(b *testing.B) {
	reg := encodedRegistry(b, 100_000)
	for _, e := range append(encodingsUnderTest(), encodingUnderTest{name: "own gzip", encoding: "gzip"}) {
		b.Run(e.name, func(b *testing.B) {
			var options []export.Option
			if e.newEncoder != nil {
				options = append(options, e.option())
			}
			h := export.Handler(reg, options...)
			r := request(e.encoding)
			b.ReportAllocs()
			for b.Loop() {
				w := &countingResponse{header: http.Header{}}
				h.ServeHTTP(w, r)
				b.ReportMetric(float64(w.n), "bytes/page")
			}
		})
	}
}
