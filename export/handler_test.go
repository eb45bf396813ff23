// SPDX-License-Identifier: Apache-2.0

package export

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

const textType = "text/plain; version=0.0.4; charset=utf-8"

// asked is a source that remembers what it was asked for.
type asked struct {
	engine.Exposition
	times int
}

func (a *asked) Expose(w io.Writer, e engine.Exposition) (int64, error) {
	a.Exposition, a.times = e, a.times+1
	n, err := io.WriteString(w, "page\n")
	return int64(n), err
}

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

// untouchable is a request body that fails the test when it is read.
type untouchable struct{ t *testing.T }

func (u untouchable) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, io.EOF
}

func TestOtherMethodsGet405AndTheirBodyStaysUnread(t *testing.T) {
	src := new(asked)
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "PROPFIND", "get"} {
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

func TestHeadersOfWhoeverWrapsTheHandlerAreKept(t *testing.T) {
	h := handlerOf(new(asked))
	wrapped := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Origin")
		h.ServeHTTP(w, r)
		w.Header().Add("Content-Type", "appended")
		w.Header().Add("Vary", "appended")
	})
	for range 3 {
		require.Equal(t, []string{"Origin", "Accept, Accept-Encoding", "appended"}, testkit.Get(wrapped, "/").Header()["Vary"])
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

func TestNamesLimitThePage(t *testing.T) {
	for _, tt := range []struct {
		query string
		want  []string
	}{
		{"", nil},
		{"a=b&c", nil},
		{"name=x", nil},
		{"xname[]=x", nil},
		{"name[]=up", []string{"up"}},
		{"name%5B%5D=up", []string{"up"}},
		{"name%5b]=up&other=1&name[]=down", []string{"up", "down"}},
		{"name[]=a%3Ab+c", []string{"a:b c"}},
		{"name[]", []string{""}},
		{"name[]=", []string{""}},
		{"name[]=%zz", []string{"%zz"}},
		{"name[]=%00%ff", []string{"\x00\xff"}},
		{"&&&=&name[]=x&", []string{"x"}},
		{strings.Repeat("%6e", 1000) + "=x", nil},
		{strings.Repeat("name[]=x&", maxNames+1), nil},
	} {
		src := new(asked)
		r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		r.URL.RawQuery = tt.query
		w := httptest.NewRecorder()
		handlerOf(src).ServeHTTP(w, r)
		require.Equal(t, http.StatusOK, w.Code)
		require.Equal(t, textType, w.Header().Get("Content-Type"))
		require.Equal(t, tt.want, src.Names, "%.80q", tt.query)
	}
	require.Len(t, familyNames(strings.Repeat("name[]=x&", maxNames)), maxNames)
}

func TestStatedTimeoutsAreClamped(t *testing.T) {
	for _, tt := range []struct {
		header  string
		option  time.Duration
		want    time.Duration
		unknown bool
	}{
		{header: "10", want: 10 * time.Second},
		{header: "15.5", want: 15500 * time.Millisecond},
		{header: "1e1", want: 10 * time.Second},
		{header: "0.2", want: time.Second},
		{header: "0", want: time.Second},
		{header: "-1", want: time.Second},
		{header: "-Inf", want: time.Second},
		{header: "1e-400", want: time.Second},
		{header: "3600", want: 2 * time.Minute},
		{header: "1e309", want: 2 * time.Minute},
		{header: "Inf", want: 2 * time.Minute},
		{header: "-1e309", want: time.Second},
		{header: "NaN", want: time.Minute, unknown: true},
		{header: "", want: time.Minute, unknown: true},
		{header: "ten", want: time.Minute, unknown: true},
		{header: "10s", want: time.Minute, unknown: true},
		{header: strings.Repeat("1", 1<<20), want: time.Minute, unknown: true},
		{header: "10", option: 5 * time.Second, want: 5 * time.Second},
		{header: "3", option: 5 * time.Second, want: 3 * time.Second},
		{header: "3", option: 50 * time.Millisecond, want: 50 * time.Millisecond},
		{header: "-1", option: 50 * time.Millisecond, want: 50 * time.Millisecond},
		{header: "NaN", option: 5 * time.Second, want: 5 * time.Second},
		{header: "", option: 10 * time.Minute, want: 10 * time.Minute},
		{header: "600", option: 10 * time.Minute, want: 10 * time.Minute},
	} {
		var opts []Option
		if tt.option != 0 {
			opts = append(opts, WithScrapeTimeout(tt.option))
		}
		c := newHandlerConfig(opts)
		got, chosen := c.timeLimit([]string{tt.header})
		require.Equal(t, tt.want, got, "%.20q with %v", tt.header, tt.option)
		require.Equal(t, !tt.unknown, chosen, "%.20q with %v", tt.header, tt.option)
	}
	c := newHandlerConfig(nil)
	got, chosen := c.timeLimit(nil)
	require.Equal(t, time.Minute, got)
	require.False(t, chosen)
}

func TestCallbacksGetTheLargerPartOfTheTimeStated(t *testing.T) {
	src := new(asked)
	h := handlerOf(src)
	testkit.Get(h, "/")
	require.Zero(t, src.Deadline, "nothing is known, so the engine decides")

	for header, want := range map[string]time.Duration{
		"1": 750 * time.Millisecond, "10": 8 * time.Second, "60": 58 * time.Second,
	} {
		before := time.Now()
		testkit.Get(h, "/", scrapeTimeoutHeader, header)
		require.WithinRange(t, src.Deadline, before.Add(want), time.Now().Add(want))
	}
	before := time.Now()
	testkit.Get(handlerOf(src, WithScrapeTimeout(2*time.Second)), "/")
	require.WithinRange(t, src.Deadline, before.Add(1500*time.Millisecond), time.Now().Add(1500*time.Millisecond))
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
		for range 2 { // what the first one held is free again
			require.PanicsWithValue(t, http.ErrAbortHandler, func() { testkit.Get(h, "/", "Accept-Encoding", encoding) })
		}
	}
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

// plainWriter has no deadlines, and nothing else that http.ResponseWriter does not ask for.
type plainWriter struct {
	header http.Header
	body   bytes.Buffer
}

func (p *plainWriter) Header() http.Header         { return p.header }
func (p *plainWriter) Write(b []byte) (int, error) { return p.body.Write(b) }
func (p *plainWriter) WriteHeader(int)             {}

// deadlineWriter notes the deadlines that it is given.
type deadlineWriter struct {
	plainWriter
	deadlines []time.Time
	err       error
}

func (d *deadlineWriter) SetWriteDeadline(t time.Time) error {
	d.deadlines = append(d.deadlines, t)
	return d.err
}

// wrapper hides everything but Unwrap.
type wrapper struct{ http.ResponseWriter }

func (w wrapper) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func TestTheDeadlineIsRolledBeforeEveryChunk(t *testing.T) {
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

	d := &deadlineWriter{plainWriter: plainWriter{header: http.Header{}}, err: fmt.Errorf("no: %w", http.ErrNotSupported)}
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

func TestOptionsThatCannotWorkPanicWhenTheyAreMade(t *testing.T) {
	for name, f := range map[string]func(){
		"WithWriteTimeout(0s)":   func() { WithWriteTimeout(0) },
		"WithScrapeTimeout(-1s)": func() { WithScrapeTimeout(-time.Second) },
		"WithMaxConcurrent(0)":   func() { WithMaxConcurrent(0) },
		"WithFormats()":          func() { WithFormats() },
		"unknown format 77":      func() { WithFormats(77) },
		"text is named":          func() { WithFormats(encode.Text, encode.OpenMetrics, encode.Text) },
		`WithPath("metrics")`:    func() { WithPath("metrics") },
		`WithPath("")`:           func() { WithPath("") },
		`WithPath("/")`:          func() { WithPath("/") },
		`WithPath("/healthz")`:   func() { WithPath("/healthz") },
		`WithPath("/a b")`:       func() { WithPath("/a b") },
		`WithPath("/a?b")`:       func() { WithPath("/a?b") },
		"WithTLS(nil)":           func() { WithTLS(nil) },
		"Handler needs":          func() { Handler(nil) },
		"NewService needs":       func() { NewService(nil) },
	} {
		require.Contains(t, panicText(f), name)
	}
}

func panicText(f func()) (text string) {
	defer func() { text = fmt.Sprint(recover()) }()
	f()
	return ""
}

func TestNilOptionsAreNamed(t *testing.T) {
	reg := engine.NewRegistry()
	require.PanicsWithValue(t, "quipu: Handler: option 2 of 2 is nil", func() { Handler(reg, WithoutSelfMetrics(), nil) })
	for _, opt := range []ServiceOption{nil, Option(nil), serviceOption(nil)} {
		require.PanicsWithValue(t, "quipu: NewService: option 2 of 2 is nil", func() { NewService(reg, WithPath("/m"), opt) })
	}
}
