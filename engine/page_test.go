// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"encoding/binary"
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
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// shop is a registry with a bit of everything, at a fixed time.
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
	wait, err := r.NewHistogramVec("wait_seconds", "", []string{"queue"}, engine.WithBuckets(0.1, 1, 2.5), engine.WithUnit("seconds"),
		engine.WithConstLabels(engine.Labels{"host": "a"}))
	must(err)
	for _, v := range []float64{0.1, 0.2, 7, nan} {
		wait.With("in").Observe(v)
	}
	wait.With("")
	size, err := r.NewSummary("size_bytes", "Sizes.", engine.WithObjectives(map[float64]float64{0.5: 0.05, 0.99: 0.001}))
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
	for fm, file := range map[encode.Format]string{encode.Text: "page.txt", openMetrics: "page.openmetrics", protobuf: "page.protobuf"} {
		page := expose(t, shop(t), engine.Exposition{Format: fm, NoSelf: true, Created: true})
		require.Equal(t, page, expose(t, shop(t), engine.Exposition{Format: fm, NoSelf: true, Created: true}), "the order is always the same")
		path := filepath.Join("testdata", file)
		if *update {
			require.NoError(t, os.MkdirAll("testdata", 0o755))
			require.NoError(t, os.WriteFile(path, page, 0o644))
		}
		golden, err := os.ReadFile(path)
		require.NoError(t, err)
		if fm == protobuf {
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
	require.Equal(t, "# TYPE p_b gauge\np_b 1\n", string(expose(t, r, engine.Exposition{Names: []string{"p_b", "quipu_series"}, NoSelf: true})))
	require.Empty(t, expose(t, r, engine.Exposition{Names: []string{"b"}}), "names are those on the page")
	require.Equal(t, "# EOF\n", string(expose(t, r, engine.Exposition{Names: []string{"b"}, Format: openMetrics})))
}

func TestTheRegistryReportsOnItself(t *testing.T) {
	r := engine.NewRegistry()
	v, err := r.NewGaugeVec("g", "", []string{"a"})
	require.NoError(t, err)
	own := scrape(t, r).float(t, "quipu_series")
	v.With("1")
	v.With("2")
	n, err := r.Expose(io.Discard, engine.Exposition{})
	require.NoError(t, err)
	_, err = r.Expose(io.Discard, engine.Exposition{Names: []string{"none"}})
	require.NoError(t, err)
	page := scrape(t, r)
	require.EqualValues(t, own+2, page.float(t, "quipu_series"))
	require.EqualValues(t, 3, page.float(t, "quipu_scrapes_total"), "those before this one")
	require.Greater(t, page.float(t, "quipu_scrape_bytes_total"), float64(n))
	require.EqualValues(t, 3, page.float(t, "quipu_scrape_duration_seconds_count"))
	require.NotContains(t, valuesOf(t, r), "quipu_scrapes_total")
}

// failing accepts some calls of Write, then one with an outcome of its own, and no more.
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

// large is a registry whose page takes several chunks.
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

func TestAPageStopsAtTheFirstFailedWriteAndTheNextPageIsWhole(t *testing.T) {
	gone := errors.New("connection reset")
	series, calls := 5000, 4
	if testing.Short() {
		series, calls = 2500, 2
	}
	r := large(t, series)
	for _, fm := range []encode.Format{encode.Text, openMetrics, protobuf} {
		want := expose(t, r, engine.Exposition{Format: fm, NoSelf: true})
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
				n, err := r.Expose(w, engine.Exposition{Format: fm, NoSelf: true})
				require.Equal(t, test.want, err)
				require.True(t, w.failed)
				require.EqualValues(t, w.written, n)
				require.Equal(t, want, expose(t, r, engine.Exposition{Format: fm, NoSelf: true}))
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

// chunks keeps the length of each Write.
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
	for _, fm := range []encode.Format{encode.Text, openMetrics, protobuf} {
		var w chunks
		_, err := r.Expose(&w, engine.Exposition{Format: fm})
		require.NoError(t, err)
		require.LessOrEqual(t, slices.Max(w.lengths), 64<<10, fm)
		require.Greater(t, slices.Min(w.lengths[:len(w.lengths)-1]), 50<<10, "chunks are filled: %v", w.lengths)
		switch fm {
		case encode.Text:
			page, err := parseText(w.Bytes())
			require.NoError(t, err)
			require.Len(t, page.family("c_total").samples, series)
			require.Len(t, page.family("h").samples, series/10*14)
		case protobuf:
			families := readMessages(t, w.Bytes())
			require.Equal(t, series, families["c_total"].metrics)
			require.Equal(t, series/10, families["h"].metrics)
			require.Greater(t, families["c_total"].messages, 2, "a large family comes in pieces")
			require.Equal(t, 1, families["quipu_series"].messages)
		default:
			require.Equal(t, 1, strings.Count(w.String(), "# TYPE c counter\n"))
			require.True(t, strings.HasSuffix(w.String(), "\n# EOF\n"))
			require.Equal(t, 1, strings.Count(w.String(), "# EOF"))
		}
	}
}

// A series that is larger than a chunk is still one series.
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
	families := readMessages(t, expose(t, r, engine.Exposition{Format: protobuf}))
	require.Equal(t, 3, families["h"].metrics)
}

type messages struct{ messages, metrics int }

// readMessages counts the messages and metrics of each family of a protobuf page.
func readMessages(t testing.TB, page []byte) map[string]messages {
	t.Helper()
	families := map[string]messages{}
	varint := func(b *[]byte) uint64 {
		v, n := binary.Uvarint(*b)
		require.Positive(t, n)
		*b = (*b)[n:]
		return v
	}
	field := func(b *[]byte) (number uint64, content []byte) {
		tag := varint(b)
		if tag&7 == 0 {
			varint(b)
			return tag >> 3, nil
		}
		require.EqualValues(t, 2, tag&7)
		n := varint(b)
		require.LessOrEqual(t, n, uint64(len(*b)))
		content, *b = (*b)[:n], (*b)[n:]
		return tag >> 3, content
	}
	for len(page) > 0 {
		n := varint(&page)
		require.LessOrEqual(t, n, uint64(len(page)))
		message := page[:n]
		page = page[n:]
		name, count := "", 0
		for len(message) > 0 {
			switch number, content := field(&message); number {
			case 1:
				name = string(content)
			case 4:
				count++
			}
		}
		require.Positive(t, count, "no message without metrics: %s", name)
		families[name] = messages{families[name].messages + 1, families[name].metrics + count}
	}
	return families
}
