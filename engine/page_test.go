// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
	"github.com/quipu-metrics/quipu/internal/testkit"
	"github.com/quipu-metrics/quipu/internal/textpage"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// shop returns a registry with metrics of all kinds, at a fixed time.
func shop(t testing.TB) *engine.Registry {
	t.Helper()
	now := time.Unix(1_700_000_000, 0)
	r := engine.NewRegistry(engine.WithClock(func() time.Time { return now }), engine.WithPrefix("shop_"),
		engine.WithConstLabels(engine.Labels{"zone": "eu-1"}))
	must := func(err error) {
		t.Helper()
		require.NoError(t, err)
	}
	orders, err := r.NewCounterVec("orders_total", "Orders taken.", []string{"method", "code"})
	must(err)
	now = now.Add(1500 * time.Millisecond)
	orders.With("POST", "201").Add(1<<53 + 2)
	orders.With("POST", "201").Inc()
	orders.With("GET", "200").Add(2.5)
	orders.With("GET", "quo\"te, back\\slash\nnew line, tab\t, é, \xff").Inc()
	stock, err := r.NewGauge("stock_bytes", `What is left: "all" of it\that is`+"\nreally.", engine.WithUnit("bytes"))
	must(err)
	stock.Set(-0.125)
	wait, err := r.NewHistogramVec("wait_seconds", "", []string{"queue"}, engine.WithBuckets(0.1, 1, 2.5),
		engine.WithUnit("seconds"),
		engine.WithConstLabels(engine.Labels{"host": "a"}))
	must(err)
	for _, v := range []float64{0.1, 0.2, 7, nan} {
		wait.With("in").Observe(v)
	}
	wait.With("")
	size, err := r.NewSummary("size_bytes", "Sizes.",
		engine.WithObjectives(map[float64]float64{0.5: 0.05, 0.99: 0.001}))
	must(err)
	for range 100 {
		size.Observe(512)
	}
	_, err = r.NewSummary("unused_seconds", "Never observed.")
	must(err)
	events, err := r.NewGaugeVec("events", "Open labels.", nil)
	must(err)
	events.WithLabels(engine.Labels{"b": "2", "a": "1"}).Set(1e21)
	events.WithLabels(nil).Set(inf)
	_, err = r.NewCounterVec("empty_total", "Without series, and so not on the page.", []string{"a"})
	must(err)
	_, err = r.NewGaugeFunc("answer", "Of a function.", func() float64 { return 42 })
	must(err)
	return r
}

func TestAWholePageInEachFormatIsTheGoldenOne(t *testing.T) {
	for format, file := range map[encode.Format]string{
		encode.Text: "page.txt", openMetrics: "page.openmetrics", protobuf: "page.protobuf",
	} {
		page := expose(t, shop(t), engine.Exposition{Format: format, NoSelf: true, Created: true})
		require.Equal(t, page, expose(t, shop(t), engine.Exposition{Format: format, NoSelf: true, Created: true}),
			"the order is always the same")
		path := filepath.Join("testdata", file)
		if *update {
			require.NoError(t, os.MkdirAll("testdata", 0o755))
			require.NoError(t, os.WriteFile(path, page, 0o644))
		}
		golden, err := os.ReadFile(path)
		require.NoError(t, err)
		if format == protobuf {
			require.Equal(t, golden, page)
		} else {
			require.Equal(t, string(golden), string(page))
		}
	}
	_, err := parseText(expose(t, shop(t), engine.Exposition{}))
	require.NoError(t, err)
}

func TestFamiliesAreInTheOrderOfTheirNamesAndSeriesOfTheirCreation(t *testing.T) {
	r := engine.NewRegistry()
	for _, name := range []string{"b", "zz", "a", "a_b", "aB", "Z", "_x", "ab", "b:c"} {
		v, err := r.NewGaugeVec(name, "", []string{"l"})
		require.NoError(t, err)
		for _, l := range []string{"3", "1", "2"} {
			v.With(l)
		}
	}
	page := scrape(t, r)
	var names []string
	for _, f := range page.families {
		names = append(names, f.name)
		if strings.HasPrefix(f.name, "quipu_") {
			continue
		}
		for i, l := range []string{"3", "1", "2"} {
			require.Equal(t, l, f.samples[i].labels["l"])
		}
	}
	require.True(t, slices.IsSorted(names), "%v", names)
	require.Subset(t, names, []string{"Z", "_x", "a", "aB", "a_b", "ab", "b", "b:c", "zz"})
}

func TestAPageOfNamedFamiliesCostsNothingForTheOthers(t *testing.T) {
	r := engine.NewRegistry(engine.WithPrefix("p_"))
	own := scrape(t, r).values["quipu_series"]
	calls := map[string]int{}
	for _, name := range []string{"a", "b", "c"} {
		_, err := r.NewGaugeFunc(name, "", func() float64 { calls[name]++; return 1 })
		require.NoError(t, err)
	}
	page, err := parseText(expose(t, r, engine.Exposition{Names: []string{"p_b", "quipu_series", "unknown", "p_b"}}))
	require.NoError(t, err)
	require.Len(t, page.values, 2)
	require.EqualValues(t, 1, page.float(t, "p_b"))
	before, err := strconv.Atoi(own)
	require.NoError(t, err)
	require.EqualValues(t, before+3, page.float(t, "quipu_series"))
	require.Equal(t, map[string]int{"b": 1}, calls)
	require.Equal(t, "# TYPE p_b gauge\np_b 1\n",
		exposed(t, r, engine.Exposition{Names: []string{"p_b", "quipu_series"}}))
	require.Empty(t, expose(t, r, engine.Exposition{Names: []string{"b"}}), "names are those on the page")
	require.Equal(t, "# EOF\n", string(expose(t, r, engine.Exposition{Names: []string{"b"}, Format: openMetrics})))
}

func TestExposeRefusesFormatsThatDoNotExist(t *testing.T) {
	n, err := engine.NewRegistry().Expose(io.Discard, engine.Exposition{Format: 99})
	require.ErrorIs(t, err, engine.ErrOption)
	require.Zero(t, n)
}

// A float64 of nanoseconds since 1970 is off by some hundred of them: a quarter of a second was
// shown as .2499998.
func TestTimesAreTheNearestFloats(t *testing.T) {
	r := engine.NewRegistry(engine.WithClock(func() time.Time { return time.Unix(1_700_000_000, 250e6) }))
	c, err := r.NewCounter("c_total", "")
	require.NoError(t, err)
	c.AddWithExemplar(1, engine.Labels{"id": "x"})
	require.Equal(t, "# TYPE c counter\nc_total 1 # {id=\"x\"} 1 1700000000.25\nc_created 1700000000.25\n# EOF\n",
		strings.ReplaceAll(exposed(t, r, engine.Exposition{Format: openMetrics, Created: true}),
			"1.70000000025e+09", "1700000000.25"))
}

func TestCreatedTimesInOpenMetricsAreOptIn(t *testing.T) {
	r := engine.NewRegistry(engine.WithClock(func() time.Time { return time.Unix(1_700_000_000, 0) }))
	_, err := r.NewCounter("c_total", "")
	require.NoError(t, err)
	_, err = r.NewHistogram("h", "")
	require.NoError(t, err)
	_, err = r.NewSummary("s", "")
	require.NoError(t, err)
	page := func(e engine.Exposition) string {
		var b strings.Builder
		e.NoSelf = true
		_, err := r.Expose(&b, e)
		require.NoError(t, err)
		return b.String()
	}
	require.NotContains(t, page(engine.Exposition{Format: encode.OpenMetrics}), "_created")
	require.NotContains(t, page(engine.Exposition{Format: encode.Text, Created: true}), "_created")
	shown := page(engine.Exposition{Format: encode.OpenMetrics, Created: true})
	require.Equal(t, 3, strings.Count(shown, "_created 1.7e+09\n")+strings.Count(shown, "_created 1700000000\n"))
	require.Equal(t, page(engine.Exposition{Format: encode.Protobuf, Created: true}),
		page(engine.Exposition{Format: encode.Protobuf}),
		"protobuf always carries them")
}

// large returns a registry whose page takes several chunks.
func large(t testing.TB, series int) *engine.Registry {
	t.Helper()
	r := engine.NewRegistry(engine.WithMaxSeries(series))
	c, err := r.NewCounterVec("c_total", "", []string{"a"})
	require.NoError(t, err)
	h, err := r.NewHistogramVec("h", "Help.", []string{"a"})
	require.NoError(t, err)
	for i := range series {
		c.With(fmt.Sprint("series-", i)).Inc()
		if i%10 == 0 {
			h.With(fmt.Sprint("series-", i)).Observe(1)
		}
	}
	return r
}

// failing accepts good calls of Write. The next one returns the results of n and err, and it must
// be the last.
type failing struct {
	t       *testing.T
	good    int
	n       func(len int) int
	err     error
	failed  bool
	written int
}

func (w *failing) Write(p []byte) (int, error) {
	require.False(w.t, w.failed, "no Write after a failed one")
	if w.good--; w.good >= 0 {
		w.written += len(p)
		return len(p), nil
	}
	w.failed = true
	n := w.n(len(p))
	w.written += n
	return n, w.err
}

func TestAPageStopsAtTheFirstFailedWriteAndTheNextPageIsWhole(t *testing.T) {
	gone := errors.New("connection reset")
	series, calls := 5000, 4
	if testing.Short() {
		series, calls = 2500, 2
	}
	r := large(t, series)
	for _, format := range []encode.Format{encode.Text, openMetrics, protobuf} {
		want := expose(t, r, engine.Exposition{Format: format, NoSelf: true})
		for good := range calls {
			for _, test := range []struct {
				n    func(int) int
				err  error
				want error
			}{
				{func(int) int { return 0 }, gone, gone},
				{func(n int) int { return n / 2 }, gone, gone},
				{func(n int) int { return n }, gone, gone},
				{func(n int) int { return n - 1 }, nil, io.ErrShortWrite},
				{func(int) int { return 0 }, nil, io.ErrShortWrite},
			} {
				w := &failing{t: t, good: good, n: test.n, err: test.err}
				n, err := r.Expose(w, engine.Exposition{Format: format, NoSelf: true})
				require.Equal(t, test.want, err)
				require.True(t, w.failed)
				require.EqualValues(t, w.written, n)
				require.Equal(t, want, expose(t, r, engine.Exposition{Format: format, NoSelf: true}))
			}
		}
	}
}

type panicking struct{}

func (panicking) Write([]byte) (int, error) { panic("http: abort") }

func TestAWriterThatPanicsSpoilsNoLaterPage(t *testing.T) {
	r := large(t, 3000)
	want := expose(t, r, engine.Exposition{NoSelf: true})
	for range 10 {
		require.PanicsWithValue(t, "http: abort", func() { r.Expose(panicking{}, engine.Exposition{}) })
		require.Equal(t, want, expose(t, r, engine.Exposition{NoSelf: true}))
	}
}

// chunks keeps the page and the length of each Write.
type chunks struct {
	bytes.Buffer
	lengths []int
}

func (c *chunks) Write(p []byte) (int, error) {
	c.lengths = append(c.lengths, len(p))
	return c.Buffer.Write(p)
}

func TestPagesAreWrittenInChunksOf64KiBWhateverTheFormat(t *testing.T) {
	series := 20_000
	if testing.Short() {
		series = 8000
	}
	r := large(t, series)
	for _, format := range []encode.Format{encode.Text, openMetrics, protobuf} {
		var w chunks
		_, err := r.Expose(&w, engine.Exposition{Format: format})
		require.NoError(t, err)
		require.LessOrEqual(t, slices.Max(w.lengths), 64<<10, format)
		require.Greater(t, slices.Min(w.lengths[:len(w.lengths)-1]), 50<<10, "chunks are filled: %v", w.lengths)
		switch format {
		case encode.Text:
			page, err := parseText(w.Bytes())
			require.NoError(t, err)
			require.Len(t, page.family("c_total").samples, series)
			require.Len(t, page.family("h").samples, series/10*14)
		case protobuf:
			families := testkit.ReadProtobuf(t, w.Bytes())
			require.Equal(t, series, families["c_total"].Metrics)
			require.Equal(t, series/10, families["h"].Metrics)
			require.Greater(t, families["c_total"].Messages, 2, "a large family comes in pieces")
			require.Equal(t, 1, families["quipu_series"].Messages)
		default:
			require.Equal(t, 1, strings.Count(w.String(), "# TYPE c counter\n"))
			require.True(t, strings.HasSuffix(w.String(), "\n# EOF\n"))
			require.Equal(t, 1, strings.Count(w.String(), "# EOF"))
		}
	}
}

// A series is never split, even if it is larger than a chunk.
func TestSeriesLargerThanAChunkAreWhole(t *testing.T) {
	r := engine.NewRegistry()
	bounds := make([]float64, 400)
	for i := range bounds {
		bounds[i] = float64(i)
	}
	h, err := r.NewHistogramVec("h", "", []string{"a"}, engine.WithBuckets(bounds...))
	require.NoError(t, err)
	for _, c := range "abc" {
		h.With(strings.Repeat(string(c), engine.MaxLabelValue)).Observe(7)
	}
	require.Len(t, scrape(t, r).family("h").samples, 3*403)
	families := testkit.ReadProtobuf(t, expose(t, r, engine.Exposition{Format: protobuf}))
	require.Equal(t, 3, families["h"].Metrics)
}

// Each piece of a protobuf family repeats the help text of the family. With a help text larger than
// a chunk there was a piece for each series, so a page of 3000 series took 3 GB.
func TestAHelpTextLargerThanAChunkIsNotRepeatedForEverySeries(t *testing.T) {
	r := engine.NewRegistry()
	v, err := r.NewGaugeVec("g", strings.Repeat("x", 100<<10), []string{"a"})
	require.NoError(t, err)
	for i := range 10_000 {
		v.With(fmt.Sprint("series ", i))
	}
	page := expose(t, r, engine.Exposition{Format: encode.Protobuf, NoSelf: true})
	require.Less(t, len(page), 1<<20)
	require.Equal(t, 10_000, testkit.ReadProtobuf(t, page)["g"].Metrics)
}

func TestLargeFamiliesOfSeveralDefinitionsAreWholeInEveryFormat(t *testing.T) {
	r := engine.NewRegistry()
	const parts, rows = 5, 700
	for i := range parts {
		options := []engine.MetricOption{engine.WithConstLabels(engine.Labels{"part": fmt.Sprint(i)}),
			engine.WithBuckets(float64(i), 100)}
		if i%2 == 1 {
			options = append(options, engine.WithNative(histogram.NativeDefaults()))
		}
		v, err := r.NewHistogramVec("h_seconds", "H.", []string{"row"}, options...)
		require.NoError(t, err)
		for row := range rows {
			v.With(fmt.Sprint(row)).ObserveWithExemplar(1, engine.Labels{"id": "1"})
		}
	}
	families, err := textpage.Parse(exposed(t, r, engine.Exposition{}))
	require.NoError(t, err)
	require.Len(t, families, 1)
	require.Len(t, families[0].Samples, parts*rows*5, "three buckets, sum and count of each")
	require.Equal(t, 1, strings.Count(exposed(t, r, engine.Exposition{Format: encode.OpenMetrics}), "# TYPE"))
	require.Equal(t, map[string]testkit.Pieces{"h_seconds": {Messages: 1, Metrics: parts * rows}},
		testkit.ReadProtobuf(t, expose(t, r, engine.Exposition{Format: protobuf, WholeFamilies: true, NoSelf: true})))
	pieces := testkit.ReadProtobuf(t, expose(t, r, engine.Exposition{Format: protobuf, NoSelf: true}))
	require.Greater(t, pieces["h_seconds"].Messages, 1)
}

// A client may stop reading in the middle of a page. Neither updates nor new series nor other pages
// wait for it.
func TestAStoppedReaderHoldsUpNobody(t *testing.T) {
	r := engine.NewRegistry()
	v, err := r.NewSummaryVec("s", "", []string{"a"})
	require.NoError(t, err)
	v.With("x").Observe(1)
	from, to := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.Expose(to, engine.Exposition{})
	}()
	_, err = io.ReadFull(from, make([]byte, 1)) // now the page has begun
	require.NoError(t, err)

	begin := time.Now()
	for range 10_000 {
		v.With("x").Observe(1)
	}
	v.With("y").Observe(1)
	v.Delete("x")
	_, err = r.NewGauge("g", "")
	require.NoError(t, err)
	_, err = r.Expose(io.Discard, engine.Exposition{})
	require.NoError(t, err)
	r.Clear()
	require.Less(t, time.Since(begin), time.Second)
	select {
	case <-done:
		require.Fail(t, "the page is not read yet")
	default:
	}
	require.NoError(t, from.Close())
	<-done
}

var errGaveUp = errors.New("gave up")

func TestAPageWhoseContextIsDoneWaitsForNoFunctionAnyLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, log := logged()
		for i := range 3 {
			_, err := r.NewGaugeFunc(fmt.Sprint("slow_", i), "", func() float64 {
				time.Sleep(450 * time.Millisecond)
				return 1
			})
			require.NoError(t, err)
		}
		require.NoError(t, r.Register(sleepAndEmit(&sleeper{takes: 450 * ms})))
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(100*time.Millisecond, func() { cancel(errGaveUp) })
		begin := time.Now()
		var page bytes.Buffer
		n, err := r.Expose(&page, engine.Exposition{Context: ctx})
		require.Same(t, errGaveUp, err)
		require.Equal(t, 100*time.Millisecond, time.Since(begin))
		require.EqualValues(t, page.Len(), n)
		require.Empty(t, log.String(), "that a page is given up is no function's fault")
		time.Sleep(time.Second)
		require.Zero(t, failures(t, scrape(t, r), "timeout"))
	})
}

func TestAPageWhoseContextIsDoneWritesNothingMore(t *testing.T) {
	for _, e := range []engine.Exposition{
		{}, {Format: encode.Protobuf}, {Format: encode.Protobuf, WholeFamilies: true},
	} {
		r := engine.NewRegistry()
		v, err := r.NewGaugeVec("g", "", []string{"i"})
		require.NoError(t, err)
		for i := range 10_000 {
			v.With(fmt.Sprint(i)).Inc()
		}
		define(t, r, "z", func() float64 { return 1 }) // so that the page has a second family
		ctx, cancel := context.WithCancelCause(t.Context())
		e.Context, e.NoSelf = ctx, true
		w := &cancelling{cancel: func() { cancel(errGaveUp) }}
		n, err := r.Expose(w, e)
		require.Same(t, errGaveUp, err, "%v", e)
		require.Equal(t, 1, w.writes, "%v", e)
		require.EqualValues(t, w.bytes, n, "%v", e)

		w = &cancelling{}
		n, err = r.Expose(w, e)
		require.Same(t, errGaveUp, err, "%v", e)
		require.Zero(t, w.writes, "done before the page began")
		require.Zero(t, n)
	}
}

// cancelling calls cancel in each Write, and counts calls and bytes.
type cancelling struct {
	cancel        func()
	writes, bytes int
}

func (c *cancelling) Write(b []byte) (int, error) {
	c.cancel()
	c.writes++
	c.bytes += len(b)
	return len(b), nil
}
