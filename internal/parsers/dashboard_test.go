// SPDX-License-Identifier: Apache-2.0

package parsers

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
	"github.com/quipu-metrics/quipu/metricdoc"
)

// scraper is Prometheus in the process of the test, which scrapes registries at times of its own.
type scraper struct {
	db     *tsdb.DB
	engine *promql.Engine
	now    time.Time
}

const scrapeInterval = 15 * time.Second

func newScraper(t *testing.T) *scraper {
	db, err := tsdb.Open(t.TempDir(), slog.New(slog.DiscardHandler), nil, tsdb.DefaultOptions(), nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	prometheus := promql.NewEngine(promql.EngineOpts{MaxSamples: 1e7, Timeout: time.Minute})
	return &scraper{db, prometheus, time.Now().Add(-time.Hour).Truncate(time.Minute)}
}

// scrape stores what a scrape of a registry in this format stores, and goes on by an interval.
func (s *scraper) scrape(t *testing.T, reg *engine.Registry, format encode.Format) {
	var page bytes.Buffer
	_, err := reg.Expose(&page, engine.Exposition{Format: format, Escaping: encode.NoEscaping})
	require.NoError(t, err)
	samples, err := Parse(page.Bytes(), format.EscapedContentType(encode.NoEscaping))
	require.NoError(t, err)
	app := s.db.AppenderV2(t.Context())
	for i := range samples {
		b := labels.NewBuilder(labels.FromMap(samples[i].Labels))
		for _, name := range []string{"job", "instance"} {
			if value, ok := samples[i].Labels[name]; ok {
				b.Set("exported_"+name, value)
			}
		}
		b.Set("__name__", samples[i].Name).Set("job", "shop").Set("instance", "shop-1:80")
		_, err := app.Append(0, b.Labels(), 0, s.now.UnixMilli(), samples[i].Value, samples[i].Native, nil,
			storage.AOptions{})
		require.NoError(t, err)
	}
	require.NoError(t, app.Commit())
	s.now = s.now.Add(scrapeInterval)
}

// values returns the values of a range query over the last minutes that are numbers, or histograms
// with observations, by series.
func (s *scraper) values(t *testing.T, query string) map[string][]float64 {
	begin := s.now.Add(-5 * time.Minute)
	q, err := s.engine.NewRangeQuery(context.Background(), s.db, nil, query, begin, s.now, scrapeInterval)
	require.NoError(t, err, query)
	defer q.Close()
	answer := q.Exec(context.Background())
	require.NoError(t, answer.Err, query)
	require.Empty(t, answer.Warnings, query)
	matrix, err := answer.Matrix()
	require.NoError(t, err)
	all := map[string][]float64{}
	for _, series := range matrix {
		name := series.Metric.String()
		for _, p := range series.Floats {
			if !math.IsNaN(p.F) {
				all[name] = append(all[name], p.F)
			}
		}
		for _, p := range series.Histograms {
			all[name] = append(all[name], p.H.Count)
		}
	}
	return all
}

// everyKind is a registry with a metric of every kind, as a program updates it between two scrapes.
func everyKind() (reg *engine.Registry, update func(i int)) {
	reg = engine.NewRegistry(engine.WithUTF8Names())
	requests := engine.Must(reg.NewCounterVec("http_requests_total", "Requests.", []string{"route", "code"}))
	jobs := engine.Must(reg.NewCounterVec("jobs_total", "Jobs.", []string{"job", "instance"}))
	dotted := engine.Must(reg.NewCounterVec("http.server.calls_total", "Calls.", []string{"http.method"}))
	busy := engine.Must(reg.NewCounter("cpu_seconds_total", "CPU.", engine.WithUnit("seconds")))
	level := engine.Must(reg.NewGaugeVec("queue_bytes", "Queue.", []string{"queue"}))
	start := engine.Must(reg.NewGauge("process_start_time_seconds", "Start."))
	start.Set(float64(time.Now().Unix()))
	engine.Must(reg.NewGaugeVec("build_info", "Version.", []string{"version"})).With("1.2").Set(1)
	bounds, native := engine.WithBuckets(0.1, 0.3, 1), engine.WithNative(histogram.NativeDefaults())
	classic := engine.Must(reg.NewHistogramVec("http_request_duration_seconds", "Time.", []string{"route"}, bounds))
	alone := engine.Must(reg.NewHistogramVec("native_seconds", "Native.", []string{"route"}, native))
	both := engine.Must(reg.NewHistogram("both_seconds", "Both.", bounds, native))
	sizes := engine.Must(reg.NewSummaryVec("size_bytes", "Sizes.", []string{"dir"}))
	bare := engine.Must(reg.NewSummary("bare_bytes", "No quantiles.", engine.WithObjectives(nil)))
	many := engine.Must(reg.NewCounterVec("many_total", "Many values.", []string{"id", "kind"}))
	return reg, func(i int) {
		for j := range 300 {
			many.WithLabels(engine.Labels{"id": string(rune('a' + j)), "kind": "x"}).Inc()
		}
		for _, route := range []string{"/a", "/b"} {
			requests.With(route, "200").Add(10)
			classic.With(route).Observe(0.2)
			alone.With(route).Observe(float64(i))
		}
		jobs.With("inner", "7").Inc()
		dotted.With("GET").Inc()
		busy.Add(0.5)
		level.With("mail").Set(float64(i))
		both.Observe(0.5)
		sizes.With("in").Observe(float64(i))
		bare.Observe(1)
	}
}

// shownPanel is what a test needs of a panel.
type shownPanel struct {
	ID      int
	Type    string
	Title   string
	Targets []struct{ Expr string }
}

func panelsOf(t *testing.T, text []byte) []shownPanel {
	var d struct{ Panels []shownPanel }
	require.NoError(t, json.Unmarshal(text, &d))
	require.NotEmpty(t, d.Panels)
	return d.Panels
}

// faults returns what the SDK finds. Without any its error is an empty list, and not nil.
func faults(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestGrafanaTakesTheDashboards(t *testing.T) {
	plugins.RegisterDefaultPlugins()
	reg, update := everyKind()
	update(1)
	ids := map[int]bool{}
	for _, p := range panelsOf(t, metricdoc.FromRegistry(reg).Dashboard("Shop")) {
		require.False(t, ids[p.ID], p.Title)
		ids[p.ID] = true
	}
	for _, metrics := range []*metricdoc.Metrics{metricdoc.FromRegistry(reg), new(metricdoc.Metrics)} {
		text := metrics.Dashboard("Shop")
		//lint:ignore SA1019 Grafana 10 and 11 read this schema only, and Grafana 12 reads it too.
		var d dashboard.Dashboard
		require.Empty(t, faults(d.UnmarshalJSONStrict(text)))
		require.Empty(t, faults(d.Validate()))
		wrong := bytes.Replace(text, []byte(`"schemaVersion"`), []byte(`"schemaVersions"`), 1)
		require.Contains(t, faults(d.UnmarshalJSONStrict(wrong)), "schemaVersions")
		wrong = bytes.Replace(text, []byte(`"legendFormat"`), []byte(`"legendFormats"`), 1)
		if bytes.Equal(wrong, text) {
			continue // there is no panel
		}
		require.Contains(t, faults(d.UnmarshalJSONStrict(wrong)), "legendFormats", "queries are looked at too")
	}
}

// Every query of every panel has values, with all targets chosen and with one, whichever form of
// histograms Prometheus stores.
func TestNoPanelIsEmpty(t *testing.T) {
	for _, format := range []encode.Format{encode.Protobuf, encode.OpenMetrics} {
		reg, update := everyKind()
		s := newScraper(t)
		for i := range 30 {
			update(i)
			s.scrape(t, reg, format)
		}
		s.now = s.now.Add(-scrapeInterval)
		metrics := metricdoc.FromRegistry(reg)
		queries := 0
		for _, p := range panelsOf(t, metrics.Dashboard("Shop")) {
			if format != encode.Protobuf && strings.HasPrefix(p.Title, "native_") {
				continue // only protobuf has native buckets
			}
			for _, target := range p.Targets {
				for _, chosen := range [][2]string{{".*", ".*"}, {"shop", "shop-1:80"}} {
					query := strings.NewReplacer("$__rate_interval", "1m", "$job", chosen[0], "$instance", chosen[1]).
						Replace(target.Expr)
					require.NotContains(t, query, "$")
					values := s.values(t, query)
					require.NotEmpty(t, values, "%s: %s", p.Title, query)
					queries++
				}
			}
			if p.Type == "row" {
				require.Empty(t, p.Targets)
			} else {
				require.NotEmpty(t, p.Targets, p.Title)
			}
		}
		require.Greater(t, queries, 60)
	}
}

// The numbers of panels are those of the updates, and not only some numbers.
func TestPanelsShowTheRightNumbers(t *testing.T) {
	reg, update := everyKind()
	s := newScraper(t)
	for i := range 30 {
		update(i)
		s.scrape(t, reg, encode.Protobuf)
	}
	s.now = s.now.Add(-scrapeInterval)
	wants := map[string]struct {
		series string
		value  float64
	}{
		"http_requests_total, rate":                    {`{code="200", route="/a"}`, 10.0 / 15},
		"jobs_total, rate":                             {`{exported_instance="7", exported_job="inner"}`, 1.0 / 15},
		"http.server.calls_total, rate":                {`{"http.method"="GET"}`, 1.0 / 15},
		"many_total, rate":                             {`{kind="x"}`, 300.0 / 15},
		"http_request_duration_seconds, p99 by labels": {`{route="/b"}`, 0.298},
		"http_request_duration_seconds, observations":  {`{route="/b"}`, 1.0 / 15},
		"both_seconds, observations":                   {`{}`, 1.0 / 15},
		"size_bytes, observations":                     {`{dir="in"}`, 1.0 / 15},
		"bare_bytes, mean":                             {`{}`, 1},
		"native_seconds, observations":                 {`{route="/a"}`, 1.0 / 15},
		"http_request_duration_seconds, heat map":      {`{le="0.3"}`, 8},
	}
	for _, p := range panelsOf(t, metricdoc.FromRegistry(reg).Dashboard("Shop")) {
		want, ok := wants[p.Title]
		if !ok {
			continue
		}
		delete(wants, p.Title)
		query := strings.NewReplacer("$__rate_interval", "1m", "$job", ".*", "$instance", ".*").
			Replace(p.Targets[0].Expr)
		values := s.values(t, query)
		require.Contains(t, values, want.series, p.Title)
		last := values[want.series]
		require.InDelta(t, want.value, last[len(last)-1], 1e-6, p.Title)
	}
	require.Empty(t, wants)
}
