// SPDX-License-Identifier: Apache-2.0

package export

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

func TestGzipPagesDecompressToThePlainOnes(t *testing.T) {
	h := handlerOf(chunks(chunk64K, 40))
	plain := testkit.Get(h, "/metrics").Body.String()
	for range 3 { // the second one takes its compressor from the pool
		w := testkit.Get(h, "/metrics", "Accept-Encoding", "deflate, gzip;q=0.5")
		require.Equal(t, "gzip", w.Header().Get("Content-Encoding"))
		require.Less(t, w.Body.Len(), len(plain)/4)
		require.Equal(t, plain, gunzip(t, w.Body))
	}
	for _, opt := range []struct{ name, accept string }{{"refused", "gzip;q=0"}, {"not asked for", ""}} {
		w := testkit.Get(h, "/metrics", "Accept-Encoding", opt.accept)
		require.Empty(t, w.Header().Get("Content-Encoding"), opt.name)
		require.Equal(t, plain, w.Body.String(), opt.name)
	}
	w := testkit.Get(handlerOf(chunks(chunk64K, 2), WithoutCompression()), "/metrics", "Accept-Encoding", "gzip")
	require.Empty(t, w.Header().Get("Content-Encoding"))
}

func TestAFailedGzipPageLeavesACompressorThatWorks(t *testing.T) {
	fail := true
	h := handlerOf(sourceFunc(func(w io.Writer, _ engine.Exposition) (int64, error) {
		if fail {
			io.WriteString(w, "garbage that must not show up")
			return 0, errors.New("failed")
		}
		n, err := io.WriteString(w, "page\n")
		return int64(n), err
	}))
	for range 10 {
		fail = true
		require.Equal(t, http.StatusInternalServerError, testkit.Get(h, "/", "Accept-Encoding", "gzip").Code)
		fail = false
		require.Equal(t, "page\n", gunzip(t, testkit.Get(h, "/", "Accept-Encoding", "gzip").Body))
	}
}

func TestGzipIsUsedOnlyWhenAskedFor(t *testing.T) {
	for header, want := range map[string]bool{
		"":                                false,
		"gzip":                            true,
		"GZip":                            true,
		"x-gzip":                          true,
		"gzip;q=1":                        true,
		"gzip; q=0.001":                   true,
		"gzip;q=0":                        false,
		"gzip;q=0.0":                      false,
		"gzip;q=0.000":                    false,
		"gzip ; q = 0":                    false,
		"gzip;q=-1":                       false,
		"gzip;q=NaN":                      false,
		"gzip;q=1e309":                    false,
		"gzip;q=":                         false,
		"gzip;q":                          false,
		"deflate, gzip;q=0.5":             true,
		"deflate, br;q=1.0, gzip;q=0.8":   true,
		"gzip, deflate, br, zstd":         true,
		"br":                              false,
		"identity":                        false,
		"deflate":                         false,
		"gzipped":                         false,
		"*":                               true,
		"*;q=0.1":                         true,
		"*;q=0":                           false,
		"*;q=0, gzip":                     true,
		"*, gzip;q=0":                     false,
		"gzip;q=0, *":                     false,
		"identity, gzip":                  true,
		"identity;q=0.5, gzip;q=0.5":      true,
		"identity;q=1, gzip;q=0.5":        false,
		"identity;q=0.1, *;q=0.5":         true,
		"identity;q=0":                    false,
		"identity;q=0, gzip":              true,
		"gzip;q=0, x-gzip":                true,
		`gzip;x=",";q=0`:                  false,
		strings.Repeat("a,", 1000):        false,
		strings.Repeat(",", 10) + "gzip":  true,
		strings.Repeat("gzip;q=0,", 4000): false,
	} {
		require.Equal(t, want, acceptsGzip([]string{header}), "%.60q", header)
	}
	require.False(t, acceptsGzip(nil))
	require.True(t, acceptsGzip([]string{"br", "gzip"}), "the header may come on several lines")
	require.False(t, acceptsGzip([]string{"*", "gzip;q=0"}))
}
