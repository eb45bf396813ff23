// SPDX-License-Identifier: Apache-2.0

package parsers

import (
	"bytes"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/contrib/clientgolang/bridge"
	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export"
)

// theirs is a collector of client_golang with random constant metrics.
type theirs []prometheus.Metric

func (theirs) Describe(chan<- *prometheus.Desc) {}

func (c theirs) Collect(ch chan<- prometheus.Metric) {
	for _, m := range c {
		ch <- m
	}
}

// nativeOnly begins the names of histograms that have no classic buckets. To those promhttp adds a
// bucket up to +Inf, for an exemplar that they have as native histograms too. quipu shows these
// exemplars in protobuf only, and no such bucket there.
const nativeOnly = "native_only_"

// randomTheirs fills a registry of client_golang with live and constant metrics of all kinds.
func randomTheirs(t *testing.T, seed uint64) *prometheus.Registry {
	g := newGenerator(seed)
	reg := prometheus.NewRegistry()
	var constants theirs
	// Prometheus refuses promhttp's OpenMetrics page for a NUL in an exemplar.
	text := func() string {
		return strings.ReplaceAll(strings.ToValidUTF8(hostile[g.IntN(20)], "?"), "\x00", "")
	}
	traces := func() prometheus.Labels {
		return prometheus.Labels{"trace_id": fmt.Sprint(g.IntN(1000)), "text": text()}
	}
	at := func() time.Time { return time.UnixMilli(1_600_000_000_000 + int64(g.IntN(1<<40))) }
	for i := range 4 + g.IntN(12) {
		name, help := fmt.Sprintf("m%d", i), text()
		if g.IntN(4) == 0 {
			name = fmt.Sprintf("m.ü %d", i)
		}
		names := []string{"x", "b.ö"}[:g.IntN(3)]
		unit := ""
		if g.IntN(3) == 0 {
			name, unit = name+"_seconds", "seconds"
		}
		kind := g.IntN(9)
		if kind == 0 || kind == 5 {
			name += "_total"
		}
		native := prometheus.HistogramOpts{Name: name, Help: help, Unit: unit}
		if g.IntN(2) == 0 {
			native.Buckets = []float64{-1, 0.5, 10}
		} else {
			native.Name = nativeOnly + name
		}
		if native.Buckets == nil || g.IntN(2) == 0 {
			native.NativeHistogramBucketFactor = 1 + g.Float64()
			if g.IntN(2) == 0 {
				native.NativeHistogramZeroThreshold = prometheus.NativeHistogramZeroThresholdZero
			}
			if native.Buckets != nil { // quipu keeps an exemplar for each classic bucket then
				native.NativeHistogramMaxExemplars = -1
			}
		}
		desc := prometheus.V2.NewDesc(name, help, prometheus.UnconstrainedLabels(names), nil,
			prometheus.WithUnit(unit))
		counters := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help, Unit: unit}, names)
		gauges := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help, Unit: unit}, names)
		histograms := prometheus.NewHistogramVec(native, names)
		summaries := prometheus.NewSummaryVec(prometheus.SummaryOpts{Name: name, Help: help, Unit: unit,
			Objectives: map[float64]float64{0.5: 0.05, 0.99: 0.001}}, names)
		switch kind {
		case 0:
			reg.MustRegister(counters)
		case 1:
			reg.MustRegister(gauges)
		case 2, 3:
			reg.MustRegister(histograms)
		case 4:
			reg.MustRegister(summaries)
		}
		for n := range 1 + g.IntN(4) {
			var values []string
			for range names {
				values = append(values, fmt.Sprint(n, text()))
			}
			if n > 0 && len(names) == 0 {
				break
			}
			var m prometheus.Metric
			switch kind {
			case 0:
				counters.WithLabelValues(values...).Add(float64(g.IntN(1 << 60)))
				if g.IntN(2) == 0 {
					c := counters.WithLabelValues(values...).(prometheus.ExemplarAdder)
					c.AddWithExemplar(g.Float64(), traces())
				}
			case 1:
				gauges.WithLabelValues(values...).Set(g.float())
			case 2, 3:
				h := histograms.WithLabelValues(values...)
				for range g.IntN(40) {
					v := g.NormFloat64() * 10
					if g.IntN(2) == 0 {
						h.(prometheus.ExemplarObserver).ObserveWithExemplar(v, traces())
					} else {
						h.Observe(v)
					}
				}
			case 4:
				for range g.IntN(9) {
					summaries.WithLabelValues(values...).Observe(g.NormFloat64())
				}
			case 5:
				m = prometheus.MustNewConstMetricWithCreatedTimestamp(desc, prometheus.CounterValue,
					math.Abs(g.NormFloat64()), at(), values...)
			case 6:
				m = prometheus.MustNewConstMetric(desc, prometheus.UntypedValue, g.float(), values...)
			case 7:
				m = prometheus.MustNewConstHistogramWithCreatedTimestamp(desc, uint64(9+n), g.float(),
					map[float64]uint64{1: 1, 2: uint64(1 + n), 3: 9}, at(), values...)
			case 8:
				m = prometheus.MustNewConstSummaryWithCreatedTimestamp(desc, uint64(n), g.float(),
					map[float64]float64{0.1: g.float(), 0.9: g.float()}, at(), values...)
			}
			if m != nil {
				if g.IntN(3) == 0 {
					m = prometheus.NewMetricWithTimestamp(at(), m)
				}
				constants = append(constants, m)
			}
		}
	}
	reg.MustRegister(constants)
	return reg
}

// scraped returns the samples of a handler's page.
func scraped(t *testing.T, h http.Handler, accept string) map[string]Sample {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	r.Header.Set("Accept", accept)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	page := bytes.Clone(w.Body.Bytes())
	samples, err := parsePrometheus(page, w.Header().Get("Content-Type"))
	require.NoError(t, err, "%s\n%s", w.Header(), page)
	all := map[string]Sample{}
	for _, s := range samples {
		for name, value := range s.Labels {
			if value == "" { // an empty label is an absent one
				delete(s.Labels, name)
			}
		}
		require.NotContains(t, all, s.Key())
		all[s.Key()] = s
	}
	return all
}

// align checks times of creation and of exemplars and makes them equal: quipu shows microseconds,
// promhttp more, and the parser cuts both to milliseconds. In text promhttp writes 0 for -0.
func align(t *testing.T, w, h *Sample) {
	if w.Value == 0 && h.Value == 0 {
		w.Value, h.Value = 0, 0
	}
	if strings.HasSuffix(w.Name, "_created") {
		require.InDelta(t, w.Value, h.Value, 2e-6, w.Key())
		h.Value, h.Time = w.Value, w.Time // promhttp never shows the time of that one
	}
	require.InDelta(t, w.Created, h.Created, 1, w.Key())
	h.Created = w.Created
	require.Len(t, h.Exemplars, len(w.Exemplars), w.Key())
	for i := range w.Exemplars {
		require.InDelta(t, w.Exemplars[i].Timestamp, h.Exemplars[i].Timestamp, 1, w.Key())
		h.Exemplars[i].Timestamp = w.Exemplars[i].Timestamp
	}
}

// The oracle is promhttp: both pages are parsed as Prometheus does.
func TestPagesOfAnAttachedGathererAreThoseOfPromhttp(t *testing.T) {
	count := map[string]int{}
	for seed := range uint64(150) {
		there := randomTheirs(t, seed)
		reg := engine.NewRegistry(engine.WithUTF8Names(), engine.WithMaxLabelValue(1<<24))
		require.NoError(t, bridge.Attach(reg, there))
		mine := export.Handler(reg, export.WithoutSelfMetrics(), export.WithCreatedTimes())
		foreign := promhttp.HandlerFor(there, promhttp.HandlerOpts{
			EnableOpenMetrics: true, EnableOpenMetricsTextCreatedSamples: true})
		const utf8 = ";escaping=allow-utf-8"
		for format, accept := range map[string]string{
			"text":        "text/plain;version=1.0.0" + utf8,
			"escaped":     "text/plain;version=0.0.4;escaping=underscores",
			"openmetrics": "application/openmetrics-text;version=1.0.0" + utf8,
			"protobuf":    encode.Protobuf.ContentType() + utf8,
		} {
			want, have := scraped(t, foreign, accept), scraped(t, mine, accept)
			for key, w := range want {
				h, ok := have[key]
				if strings.HasPrefix(w.Name, nativeOnly) && w.Native == nil {
					if format == "protobuf" {
						continue
					}
					w.Exemplars = nil
				}
				require.True(t, ok, "seed %d, %s: promhttp's page has %s", seed, format, key)
				w.Unit, h.Unit = "", "" // promhttp shows units in protobuf only
				align(t, &w, &h)
				requireSame(t, w, h)
				count[format]++
				count[w.Type]++
				if w.Native != nil {
					count["native"]++
				}
				if len(w.Exemplars) > 0 {
					count[format+" exemplars"]++
				}
				if w.Time != 0 {
					count["time"]++
				}
				delete(have, key)
			}
			require.Empty(t, have, "seed %d, %s: promhttp's page does not have it", seed, format)
		}
	}
	for _, what := range []string{
		"text", "escaped", "openmetrics", "protobuf", "counter", "gauge", "histogram", "summary", "native",
		"openmetrics exemplars", "protobuf exemplars", "time",
	} {
		require.Greater(t, count[what], 100, what)
	}
}

// The other direction: promhttp shows a registry of quipu's as quipu's own page does.
func TestPromhttpShowsAGathererAsThePageDoes(t *testing.T) {
	for seed := range uint64(150) {
		reg := randomRegistry(t, seed)
		mine := export.Handler(reg, export.WithoutSelfMetrics())
		there := prometheus.NewRegistry()
		there.MustRegister(bridge.Collector(reg, bridge.WithoutSelf()))
		for _, g := range []prometheus.Gatherer{bridge.Gatherer(reg, bridge.WithoutSelf()), there} {
			foreign := promhttp.HandlerFor(g, promhttp.HandlerOpts{EnableOpenMetrics: true})
			for _, accept := range []string{"text/plain;version=0.0.4", encode.Protobuf.ContentType()} {
				want, have := scraped(t, mine, accept), scraped(t, foreign, accept)
				for key, w := range want {
					h, ok := have[key]
					require.True(t, ok, "seed %d: promhttp's page lacks %s", seed, key)
					w.Unit, h.Unit = "", ""
					if w.Value == 0 && h.Value == 0 { // that of a counter may be -0 on the page
						w.Value, h.Value = 0, 0
					}
					requireSame(t, w, h)
					delete(have, key)
				}
				require.Empty(t, have, "seed %d", seed)
			}
		}
	}
}
