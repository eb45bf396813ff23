// SPDX-License-Identifier: Apache-2.0

package parsers

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export"
	"github.com/quipu-metrics/quipu/histogram"
)

// everything fills a book with metrics of every kind, and puts the hostile texts in all places that
// take a text.
func everything(t testing.TB) *book {
	consts := engine.Labels{"zone": "} 1\n# EOF", "cut": hostile[len(hostile)-1]}
	b := newBook(t, engine.WithPrefix("all_"), engine.WithConstLabels(consts))
	b.consts = consts
	b.plain()
	b.vecs()
	b.typed()
	b.supplied()
	b.natives()
	b.overflow()
	return b
}

// plain defines one metric without labels for every hostile text, which is its help and the value
// of a constant label.
func (b *book) plain() {
	require := require.New(b.t)
	for i, text := range hostile {
		consts := engine.Labels{"const": text}
		option := engine.WithConstLabels(consts)
		switch name := fmt.Sprintf("plain%d", i); i % 4 {
		case 0:
			c, err := b.reg.NewCounter(name+"_bytes_total", text, option, engine.WithUnit("bytes"))
			require.NoError(err)
			c.Add(1 << 53)
			e := b.define(encode.Counter, "all_"+name+"_bytes_total", text, "bytes", nil, consts)
			b.enter(e, false, c)
		case 1:
			g, err := b.reg.NewGauge(name, text, option)
			require.NoError(err)
			g.Set([]float64{math.Inf(-1), math.NaN(), math.Copysign(0, -1), 5e-324, 1e21, -0.1}[i/4%6])
			b.enter(b.define(encode.Gauge, "all_"+name, text, "", nil, consts), false, g)
		case 2:
			h, err := b.reg.NewHistogram(name, text, option, engine.WithBuckets(-1, 0, 1e-9, 0.1, 1e6, 1e21))
			require.NoError(err)
			e := b.define(encode.Histogram, "all_"+name, text, "", []float64{-1, 0, 1e-9, 0.1, 1e6, 1e21}, consts)
			b.enter(e, false, h)
			for _, v := range []float64{0.1, 0.30000000000000004, 7, math.NaN(), math.Inf(1)}[:1+i%5] {
				h.Observe(v)
			}
		case 3:
			s, err := b.reg.NewSummary(name, text, option)
			require.NoError(err)
			b.enter(b.define(encode.Summary, "all_"+name, text, "", []float64{0.5, 0.9, 0.99}, consts), false, s)
			for v := range i / 4 * 100 { // the first one stays empty
				s.Observe(float64(v) / 10)
			}
		}
	}
}

// vecs defines labelled metrics of all types, declared and open, with all hostile texts as values.
func (b *book) vecs() {
	require := require.New(b.t)
	bounds := []float64{0.5, 2}
	for _, open := range []bool{false, true} {
		prefix, names := "declared_", []string{"a", "b"}
		if open {
			prefix, names = "open_", nil
		}
		cv, err := b.reg.NewCounterVec(prefix+"counter_total", "C.", names)
		require.NoError(err)
		gv, err := b.reg.NewGaugeVec(prefix+"gauge", "G.", names)
		require.NoError(err)
		hv, err := b.reg.NewHistogramVec(prefix+"seconds", "H.", names,
			engine.WithBuckets(bounds...), engine.WithUnit("seconds"))
		require.NoError(err)
		sv, err := b.reg.NewSummaryVec(prefix+"summary", "", names,
			engine.WithObjectives(map[float64]float64{0.5: 0.01}))
		require.NoError(err)
		_, err = b.reg.NewCounterVec(prefix+"empty_total", "Nothing of this is shown.", names)
		require.NoError(err)
		ce := b.define(encode.Counter, "all_"+prefix+"counter_total", "C.", "", nil, nil)
		ge := b.define(encode.Gauge, "all_"+prefix+"gauge", "G.", "", nil, nil)
		he := b.define(encode.Histogram, "all_"+prefix+"seconds", "H.", "seconds", bounds, nil)
		se := b.define(encode.Summary, "all_"+prefix+"summary", "", "", []float64{0.5}, nil)
		b.define(encode.Counter, "all_"+prefix+"empty_total", "", "", nil, nil)

		for i, one := range hostile {
			b.clock.Add(500) // creation times differ
			two := hostile[(i*7+3)%len(hostile)]
			set := engine.Labels{"a": one, "b": two}
			c, g, h, s := cv.WithLabels(set), gv.WithLabels(set), hv.WithLabels(set), sv.WithLabels(set)
			labels := []string{"a", one, "b", two}
			cl, hl := b.enter(ce, open, c, labels...), b.enter(he, open, h, labels...)
			b.enter(ge, open, g, labels...)
			b.enter(se, open, s, labels...)
			c.Add(float64(i) / 4)
			g.Add(-float64(i))
			for k := range i {
				h.Observe(float64(k))
				s.Observe(float64(k))
			}
			if trace := (engine.Labels{"id": cleaned(one)}); len([]rune(cleaned(one))) < 100 {
				c.AddWithExemplar(1, trace)
				b.exemplar(ce, cl, 1, trace)
				h.ObserveWithExemplar(2, trace)
				b.exemplar(he, hl, 2, trace)
				h.ObserveWithExemplar(1e300, engine.Labels{})
				b.exemplar(he, hl, 1e300, engine.Labels{})
			}
		}
	}
}

// typed defines a metric with typed labels.
func (b *book) typed() {
	type route struct {
		Path string `label:"path"`
		Code int
		TLS  bool
	}
	v, err := engine.RegisterGaugeOf[route](b.reg, "typed", "Typed labels.")
	require.NoError(b.t, err)
	e := b.define(encode.Gauge, "all_typed", "Typed labels.", "", nil, nil)
	for i, text := range hostile {
		g := v.With(route{text, -i, i%2 == 0})
		b.enter(e, false, g, "path", text, "code", fmt.Sprint(-i), "tls", fmt.Sprint(i%2 == 0))
		g.Set(float64(i) + 0.5)
	}
}

// supplied defines metrics whose values come from functions and from a collector.
func (b *book) supplied() {
	count, level := func() float64 { return 12345678901 }, func() float64 { return -0.25 }
	_, err := b.reg.NewCounterFunc("func_total", "F.\n", count)
	require.NoError(b.t, err)
	_, err = b.reg.NewGaugeFunc("func_level", `F "quoted"`, level)
	require.NoError(b.t, err)
	b.enter(b.define(encode.Counter, "all_func_total", "F.\n", "", nil, nil), false, count).created = 0
	b.enter(b.define(encode.Gauge, "all_func_level", `F "quoted"`, "", nil, nil), false, level)
	require.NoError(b.t, b.reg.Register(&collector{b: b}))
}

// collector emits one series of each type for every hostile text.
type collector struct {
	b                                  *book
	counter, gauge, histogram, summary engine.Collected
}

func (c *collector) Define(d *engine.Definitions) {
	labels := []string{"a"}
	c.counter = d.Counter("collected_total", "C.", labels)
	c.gauge = d.Gauge("collected_level", "G.", labels)
	c.histogram = d.Histogram("collected_bytes", "H.", labels, engine.WithBuckets(1, 2))
	c.summary = d.Summary("collected_seconds", "S.", labels,
		engine.WithObjectives(map[float64]float64{0.5: 0.1, 1: 0.1}))
	counter := c.b.define(encode.Counter, "all_collected_total", "C.", "", nil, nil)
	gauge := c.b.define(encode.Gauge, "all_collected_level", "G.", "", nil, nil)
	hist := c.b.define(encode.Histogram, "all_collected_bytes", "H.", "", []float64{1, 2}, nil)
	summary := c.b.define(encode.Summary, "all_collected_seconds", "S.", "", []float64{0.5, 1}, nil)
	for i, text := range distinct() {
		value := func() float64 { return float64(i) * 1.5 }
		c.b.enter(counter, false, value, "a", text)
		c.b.enter(gauge, false, value, "a", text)
		c.b.enter(hist, false, &encode.HistogramSample{Counts: []uint64{uint64(i), 0, 7}, Sum: float64(-i)}, "a", text)
		c.b.enter(summary, false, &encode.SummarySample{Quantiles: []float64{math.NaN(), 3},
			Count: uint64(i), Sum: math.Inf(1)}, "a", text)
	}
}

func (c *collector) Collect(e *engine.Emission) {
	for i, text := range distinct() {
		e.Emit(c.counter, float64(i)*1.5, text)
		e.Emit(c.gauge, float64(i)*1.5, text)
		e.EmitHistogram(c.histogram, []uint64{uint64(i), 0, 7}, float64(-i), text)
		e.EmitSummary(c.summary, []float64{math.NaN(), 3}, uint64(i), math.Inf(1), text)
	}
}

// distinct returns the hostile texts that still differ from each other after cleaning.
func distinct() []string {
	var out []string
	seen := map[string]bool{}
	for _, text := range hostile {
		if !seen[cleaned(text)] {
			out = append(out, text)
		}
		seen[cleaned(text)] = true
	}
	return out
}

// natives defines native histograms, alone and with classic buckets, and observes infinities and
// NaN among other values.
func (b *book) natives() {
	values := [][]float64{nil, {0}, {1, 1.5, 2, -3, 1e-300, 0.25}, {math.Inf(1)}, {-1e9, 1e9, math.NaN()},
		{math.Inf(-1), 5, 5, 5}}
	for name, bounds := range map[string][]float64{"native": nil, "native_and_classic": {-10, 0.5, 3}} {
		options := []engine.MetricOption{engine.WithNative(histogram.NativeDefaults())}
		if bounds != nil {
			options = append(options, engine.WithBuckets(bounds...))
		}
		v, err := b.reg.NewHistogramVec(name, "N.", []string{"i", "text"}, options...)
		require.NoError(b.t, err)
		e := b.define(encode.Histogram, "all_"+name, "N.", "", bounds, nil)
		for i, observations := range values {
			h := v.With(fmt.Sprint(i), hostile[i])
			l := b.enter(e, false, h, "i", fmt.Sprint(i), "text", hostile[i])
			for _, value := range observations {
				h.Observe(value)
			}
			if i%2 == 1 {
				h.ObserveWithExemplar(2.5, engine.Labels{"id": hostile[i]})
				b.exemplar(e, l, 2.5, engine.Labels{"id": hostile[i]})
			}
		}
	}
}

// overflow defines metrics that are full.
func (b *book) overflow() {
	v, err := b.reg.NewCounterVec("full_total", "Full.", []string{"a", "b"}, engine.WithMaxSeries(3))
	require.NoError(b.t, err)
	open, err := b.reg.NewGaugeVec("full_open", "Full.", nil, engine.WithMaxSeries(1))
	require.NoError(b.t, err)
	ve := b.define(encode.Counter, "all_full_total", "Full.", "", nil, nil)
	oe := b.define(encode.Gauge, "all_full_open", "Full.", "", nil, nil)
	for i := range 10 {
		c, g := v.With("x", fmt.Sprint(i)), open.WithLabels(engine.Labels{"k": fmt.Sprint(i)})
		c.Inc()
		g.Inc()
		if i < 3 {
			b.enter(ve, false, c, "a", "x", "b", fmt.Sprint(i))
		} else {
			b.enter(ve, false, c, "a", engine.OverflowValue, "b", engine.OverflowValue)
		}
		if i < 1 {
			b.enter(oe, true, g, "k", "0")
		} else {
			b.enter(oe, true, g, "overflow", engine.OverflowValue)
		}
	}
	require.EqualValues(b.t, 7, ve.lines[3].metric.(*engine.Counter).Value())
}

func TestPagesOfTheEngineReadBackEveryValue(t *testing.T) {
	b := everything(t)
	for _, format := range formats {
		page := b.expose(engine.Exposition{Format: format, NoSelf: true})
		require.NotContains(t, string(page), "empty_total", "a metric without series has no header either")
		require.Empty(t, b.compare(page, format, format.ContentType()))
		require.Equal(t, page, b.expose(engine.Exposition{Format: format, NoSelf: true}), "a second page is the same")
		if format == encode.Protobuf {
			families := b.families(format)
			checkNativeExemplars(t, families, page)
			requireNativeExemplarsArrive(t, families, page)
		}
	}
	// The comparison covers many series.
	n := 0
	for _, e := range b.entries {
		n += len(e.lines)
	}
	require.Greater(t, n, 400)
}

// requireNativeExemplarsArrive requires that Prometheus sees every exemplar, although it reads only
// those of the first native series of a message.
func requireNativeExemplarsArrive(t *testing.T, families []family, page []byte) {
	want, got := 0, 0
	for _, f := range families {
		for _, s := range f.series {
			if s.histogram.Native != nil {
				want += len(exemplars(false, s.histogram.Native.Exemplars...))
			}
		}
	}
	samples, err := Parse(page, encode.Protobuf.ContentType())
	require.NoError(t, err)
	for _, s := range samples {
		if s.Native != nil {
			got += len(s.Exemplars)
		}
	}
	require.Equal(t, want, got)
	require.Greater(t, got, 3)
}

// TestTheRegistrysOwnMetricsReadBack compares the registry's own metrics with the test's knowledge
// of the pages.
func TestTheRegistrysOwnMetricsReadBack(t *testing.T) {
	b := everything(t)
	var wantBytes, scrapes float64
	var ownSeries float64
	empty, err := Parse(newBook(t).expose(engine.Exposition{}), encode.Text.ContentType())
	require.NoError(t, err)
	for _, s := range empty {
		if s.Name == "quipu_series" {
			ownSeries = s.Value
		}
	}
	require.Positive(t, ownSeries)
	for range 2 {
		for _, format := range formats {
			series := ownSeries
			for info := range b.reg.All() {
				series += float64(info.Series)
			}
			page := b.expose(engine.Exposition{Format: format})
			sum := map[string]float64{}
			for _, s := range b.compare(page, format, format.ContentType()) {
				sum[s.Name] += s.Value
				own := strings.HasPrefix(s.Name, "quipu_") && strings.HasSuffix(s.Name, "_total")
				if own && s.Labels["metric"] != "" {
					series++ // it counts what has happened to a metric
				}
				require.Equal(t, cleaned(b.consts["cut"]), s.Labels["cut"],
					"constant labels of the registry are on its own metrics")
			}
			require.EqualValues(t, series, sum["quipu_series"])
			require.EqualValues(t, scrapes, sum["quipu_scrapes_total"])
			require.EqualValues(t, scrapes, sum["quipu_scrape_duration_seconds_count"])
			require.EqualValues(t, wantBytes, sum["quipu_scrape_bytes_total"])
			require.EqualValues(t, 7+9, sum["quipu_overflowed_lookups_total"])
			require.Positive(t, sum["quipu_changed_label_values_total"])
			require.EqualValues(t, 2, sum["quipu_dropped_updates_total"], "the NaN of each native histogram")
			require.Zero(t, sum["quipu_callback_failures_total"])
			scrapes++
			wantBytes += float64(len(page))
		}
	}
}

func TestPagesOfTheHandlerAreWhatTheirContentTypeSays(t *testing.T) {
	b := everything(t)
	const protobuf = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
	h := export.Handler(b.reg, export.WithCreatedTimes())
	for _, c := range []struct {
		who, accept string
		want        encode.Format
	}{
		{"nobody", "", encode.Text},
		{"curl", "*/*", encode.Text},
		{"Prometheus 2.0, VictoriaMetrics", "text/plain;version=0.0.4;q=1,*/*;q=0.1", encode.Text},
		{"Prometheus 2.42",
			"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75," +
				"text/plain;version=0.0.4;q=0.5,*/*;q=0.1", encode.OpenMetrics},
		{"Prometheus 2.42, native histograms", protobuf + ",application/openmetrics-text;version=1.0.0;q=0.8," +
			"application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
			encode.Protobuf},
		{"Prometheus 3", "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6," +
			"application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4," +
			"text/plain;version=0.0.4;q=0.3,*/*;q=0.2", encode.OpenMetrics},
		{"Prometheus 3, native histograms", protobuf + ";q=0.6,application/openmetrics-text;version=1.0.0;" +
			"escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2", encode.Protobuf},
		{"an abusive client", strings.Repeat(",;q=", 1000), encode.Text},
	} {
		for _, encoding := range []string{"", "gzip"} {
			request := httptest.NewRequest(http.MethodGet, "/metrics", nil)
			request.Header.Set("Accept", c.accept)
			request.Header.Set("Accept-Encoding", encoding)
			response := httptest.NewRecorder()
			h.ServeHTTP(response, request)
			require.Equal(t, http.StatusOK, response.Code, c.who)
			want := c.want.ContentType()
			if strings.Contains(c.accept, "escaping=allow-utf-8") { // the answer says what was asked for
				want += "; escaping=allow-utf-8"
			}
			require.Equal(t, want, response.Header().Get("Content-Type"), c.who)
			require.Equal(t, encoding, response.Header().Get("Content-Encoding"), c.who)
			page := response.Body.Bytes()
			if encoding == "gzip" {
				z, err := gzip.NewReader(bytes.NewReader(page))
				require.NoError(t, err)
				page, err = io.ReadAll(z)
				require.NoError(t, err)
			}
			require.NotEmpty(t, b.compare(page, c.want, response.Header().Get("Content-Type")))
		}
	}
}

func TestFamiliesOfSeveralMessagesReadBackWhole(t *testing.T) {
	b := newBook(t)
	counters, err := b.reg.NewCounterVec("large_total", "Large.", []string{"a"})
	require.NoError(t, err)
	hists, err := b.reg.NewHistogramVec("large_seconds", "", []string{"a"})
	require.NoError(t, err)
	natives, err := b.reg.NewHistogramVec("large_native", "N.", []string{"a"},
		engine.WithNative(histogram.NativeDefaults()), engine.WithBuckets(1))
	require.NoError(t, err)
	ce := b.define(encode.Counter, "large_total", "Large.", "", nil, nil)
	he := b.define(encode.Histogram, "large_seconds", "", "", histogram.Default(), nil)
	ne := b.define(encode.Histogram, "large_native", "N.", "", []float64{1}, nil)
	for i := range 5000 {
		a := fmt.Sprintf("%s %d", strings.Repeat(`"`, i%60), i)
		c := counters.With(a)
		c.Add(float64(i))
		b.enter(ce, false, c, "a", a)
		if i%5 > 0 {
			continue
		}
		h, n := hists.With(a), natives.With(a)
		for k := range i % 7 {
			h.Observe(float64(k))
			n.Observe(float64(k))
		}
		b.enter(he, false, h, "a", a)
		l := b.enter(ne, false, n, "a", a)
		if i%100 == 0 {
			n.ObserveWithExemplar(0.5, engine.Labels{"id": a})
			b.exemplar(ne, l, 0.5, engine.Labels{"id": a})
		}
	}
	for _, format := range formats {
		page := b.expose(engine.Exposition{Format: format, NoSelf: true})
		b.compare(page, format, format.ContentType())
		if format != encode.Protobuf {
			continue
		}
		checkNativeExemplars(t, b.families(format), page)
		messages, err := Messages(page)
		require.NoError(t, err)
		count := map[string]int{}
		for _, m := range messages {
			count[m.GetName()]++
		}
		for name := range b.entries {
			require.Greater(t, count[name], 3, name)
		}
	}
}

func TestAHelpTextLargerThanAChunkIsNotRepeatedForEverySeries(t *testing.T) {
	b := newBook(t)
	help := strings.Repeat("1 MiB, ", 1<<20/7)
	v, err := b.reg.NewCounterVec("large_total", help, []string{"a"})
	require.NoError(t, err)
	e := b.define(encode.Counter, "large_total", help, "", nil, nil)
	for i := range 3000 {
		b.enter(e, false, v.With(fmt.Sprint(i)), "a", fmt.Sprint(i))
	}
	for _, format := range formats {
		page := b.expose(engine.Exposition{Format: format, NoSelf: true})
		require.Less(t, len(page), 4<<20, format)
		b.compare(page, format, format.ContentType())
	}
}
