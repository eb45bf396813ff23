// SPDX-License-Identifier: Apache-2.0

package export

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
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

// acceptsGzip reports whether a handler without options compresses for these lines of
// Accept-Encoding.
func acceptsGzip(lines []string) bool {
	return chooseEncoding(plainConfig.offeredEncodings(), lines) != nil
}

var plainConfig = newHandlerConfig(nil)

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

// tagged is an Encoder that writes its name before a page and after it.
type tagged struct {
	name   string
	w      io.Writer
	begun  bool
	writes int
	fails  bool // the next Close fails
}

func (e *tagged) Write(b []byte) (int, error) {
	if !e.begun {
		e.begun = true
		io.WriteString(e.w, "<"+e.name+">")
	}
	e.writes++
	return e.w.Write(b)
}

func (e *tagged) Close() error {
	if e.fails {
		e.fails = false
		return errors.New("the end is broken")
	}
	e.begun = false
	_, err := io.WriteString(e.w, "</"+e.name+">")
	return err
}

func (e *tagged) Reset(w io.Writer) { e.w, e.begun = w, false }

func withTagged(name string) Option {
	return WithEncoding(name, func(w io.Writer) Encoder { return &tagged{name: name, w: w} })
}

func TestTheClientsWeightsAndThenTheOrderOfTheOptionsChooseTheEncoding(t *testing.T) {
	h := handlerOf(chunks([]byte("page"), 1), withTagged("zstd"), withTagged("Br"))
	pinned := handlerOf(chunks([]byte("page"), 1), withTagged("zstd"), withTagged("gzip"), withTagged("br"))
	for header, want := range map[string]struct{ h, pinned string }{
		"":                                   {"", ""},
		"gzip":                               {"gzip", "gzip"},
		"gzip, deflate, br, zstd":            {"zstd", "zstd"},
		"gzip, deflate, br":                  {"br", "gzip"},
		"gzip, x-gzip":                       {"gzip", "gzip"},
		"BR;q=0.5, ZSTD;q=0.4":               {"br", "br"},
		"zstd;q=0.5, gzip":                   {"gzip", "gzip"},
		"zstd;q=0.001, br;q=0":               {"zstd", "zstd"},
		"zstd;q=0":                           {"", ""},
		"*":                                  {"zstd", "zstd"},
		"*;q=0.5, zstd;q=0.1":                {"br", "gzip"},
		"*;q=0.5, zstd;q=0, br;q=0":          {"gzip", "gzip"},
		"*;q=0":                              {"", ""},
		"*;q=0, br;q=0.1":                    {"br", "br"},
		"identity, zstd;q=0.9":               {"", ""},
		"identity;q=0.5, br;q=0.5, gzip;q=0": {"br", "br"},
		"identity;q=0":                       {"", ""},
		"zstd;q=x, gzip;q=0.1":               {"gzip", "gzip"},
		"snappy":                             {"", ""},
		"zstd;q=0.2, zstd;q=0.8, br;q=0.5":   {"zstd", "zstd"},
	} {
		for _, one := range []struct {
			h    *handler
			want string
		}{{h, want.h}, {pinned, want.pinned}} {
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				r := httptest.NewRequest(method, "/", nil)
				r.Header.Set("Accept-Encoding", header)
				w := httptest.NewRecorder()
				one.h.ServeHTTP(w, r)
				require.Equal(t, one.want, w.Header().Get("Content-Encoding"), "%s %q", method, header)
				require.Equal(t, "Accept, Accept-Encoding", w.Header().Get("Vary"))
			}
		}
	}
	for header, want := range map[string]string{
		"zstd": "<zstd>page</zstd>", "br": "<br>page</br>", "gzip;q=0": "page", "gzip": "<gzip>page</gzip>",
	} {
		require.Equal(t, want, testkit.Get(pinned, "/", "Accept-Encoding", header).Body.String(), header)
	}
}

func TestEncodersAreUsedAgain(t *testing.T) {
	var made []*tagged
	fail, endFails := false, false
	h := handlerOf(sourceFunc(func(w io.Writer, _ engine.Exposition) (int64, error) {
		n, err := io.WriteString(w, "page")
		if fail {
			return 0, errors.New("failed")
		}
		return int64(n), err
	}), WithEncoding("zstd", func(w io.Writer) Encoder {
		made = append(made, &tagged{name: "z", w: w, fails: endFails})
		return made[len(made)-1]
	}))
	get := func() *httptest.ResponseRecorder { return testkit.Get(h, "/", "Accept-Encoding", "zstd") }
	for range 20 {
		require.Equal(t, "<z>page</z>", get().Body.String())
		fail = true
		w := get()
		require.Equal(t, http.StatusInternalServerError, w.Code)
		require.Empty(t, w.Header().Get("Content-Encoding"))
		require.NotContains(t, w.Body.String(), "page")
		fail = false
		for _, e := range made {
			require.Equal(t, io.Discard, unfinished(e), "an encoder that was not closed writes to no page any more")
			e.fails = true
		}
		endFails = true // of one that the pool does not have, too
		require.Equal(t, http.StatusInternalServerError, get().Code, "the end is part of the page")
		endFails = false
		for _, e := range made {
			e.fails = false
		}
	}
	if !raceEnabled { // under the race detector pools drop some
		require.Less(t, len(made), 10)
	}
}

// unfinished returns the writer of an encoder whose last page has failed, and io.Discard for
// others.
func unfinished(e *tagged) io.Writer {
	if e.begun {
		return e.w
	}
	return io.Discard
}

// A broken encoder costs its page and is not used again.
func TestAnEncoderThatPanicsIsDropped(t *testing.T) {
	panics := true
	h := handlerOf(chunks([]byte("page"), 1), WithEncoding("zstd", func(w io.Writer) Encoder {
		if panics {
			return &panicking{tagged{name: "z", w: w}}
		}
		return &tagged{name: "z", w: w}
	}))
	require.Panics(t, func() { testkit.Get(h, "/", "Accept-Encoding", "zstd") })
	panics = false
	require.Equal(t, "<z>page</z>", testkit.Get(h, "/", "Accept-Encoding", "zstd").Body.String())
}

type panicking struct{ tagged }

func (*panicking) Write([]byte) (int, error) { panic("broken") }

// Encoders may compress in the background. What one that has panicked still writes reaches no other
// client, and does not end the process.
func TestAnEncoderThatPanicsWritesToNoLaterPage(t *testing.T) {
	var broken io.Writer
	panics := true
	h := handlerOf(chunks([]byte("page"), 1), WithEncoding("zstd", func(w io.Writer) Encoder {
		if panics {
			broken = w
			return &panicking{tagged{name: "z", w: w}}
		}
		return &tagged{name: "z", w: w}
	}))
	late := make([]byte, 2*encodedChunk)
	require.Panics(t, func() { testkit.Get(h, "/", "Accept-Encoding", "zstd") })
	panics = false
	for range 10 {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Accept-Encoding", "zstd")
		h.source = sourceFunc(func(w io.Writer, _ engine.Exposition) (int64, error) {
			broken.Write(late)
			n, err := io.WriteString(w, "page")
			return int64(n), err
		})
		h.ServeHTTP(w, r)
		require.Equal(t, "<z>page</z>", w.Body.String())
	}
}

func TestEncodingsThatCannotWorkPanic(t *testing.T) {
	reg := engine.NewRegistry()
	zstd := withTagged("zstd")
	many := make([]Option, maxEncodings)
	for i := range many {
		many[i] = withTagged(fmt.Sprintf("e%d", i))
	}
	Handler(reg, many[1:]...)
	for want, f := range map[string]func(){
		`WithEncoding("")`:         func() { withTagged("") },
		`WithEncoding("*")`:        func() { withTagged("*") },
		`WithEncoding("Identity")`: func() { withTagged("Identity") },
		`WithEncoding("x-gzip")`:   func() { withTagged("x-gzip") },
		`WithEncoding("a,b")`:      func() { withTagged("a,b") },
		`the function is nil`:      func() { WithEncoding("zstd", nil) },
		`WithEncoding("zstd"): the function has returned nil`: func() {
			Handler(reg, WithEncoding("zstd", func(io.Writer) Encoder { return nil }))
		},
		`WithEncoding("zstd") is there twice`: func() { Handler(reg, zstd, withTagged("br"), withTagged("ZSTD")) },
		"exclude each other":                  func() { Handler(reg, WithoutCompression(), zstd) },
		"there are 8 encodings":               func() { Handler(reg, many...) },
	} {
		require.Contains(t, panicText(f), want)
	}
	_, err := Render(io.Discard, reg, "", zstd)
	require.ErrorContains(t, err, "WithEncoding is for handlers")
	_, err = Render(io.Discard, reg, "", zstd, WithoutCompression())
	require.ErrorContains(t, err, "exclude each other")
}
