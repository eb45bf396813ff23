// SPDX-License-Identifier: Apache-2.0

package parsers

import (
	"log/slog"
	"maps"
	"math"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/otlptranslator"
	"github.com/prometheus/prometheus/config"
	promhistogram "github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser/posrange"
	storageremote "github.com/prometheus/prometheus/storage/remote"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v2"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export/otlp"
	"github.com/quipu-metrics/quipu/histogram"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// otlpHandler makes Prometheus' handler of OTLP.
func otlpHandler(c config.OTLPConfig, options storageremote.OTLPOptions) func(db *tsdb.DB) http.Handler {
	options.LookbackDelta = 5 * time.Minute
	configured := func() config.Config { return config.Config{OTLPConfig: c} }
	return func(db *tsdb.DB) http.Handler {
		logger := slog.New(slog.DiscardHandler)
		return storageremote.NewOTLPWriteHandler(logger, prometheus.NewRegistry(), db, configured, options)
	}
}

// strategies are all in which Prometheus translates names.
var strategies = []config.OTLPConfig{
	{TranslationStrategy: otlptranslator.UnderscoreEscapingWithSuffixes},
	{TranslationStrategy: otlptranslator.UnderscoreEscapingWithoutSuffixes},
	{TranslationStrategy: otlptranslator.NoUTF8EscapingWithSuffixes},
	{TranslationStrategy: otlptranslator.NoTranslation},
}

const traceID, spanID = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"

// otlpRegistry has every kind of metric, with units that Prometheus might add to names.
func otlpRegistry() (reg *engine.Registry, native *engine.Histogram) {
	reg = engine.NewRegistry()
	requests := engine.Must(reg.NewCounterVec("requests_total", "Requests.", []string{"path"}))
	requests.With("/a\"\\\n").Add(1.5)
	requests.With("/b").AddWithExemplar(3, engine.Labels{"trace_id": traceID, "span_id": spanID, "user": "u"})
	engine.Must(reg.NewCounter("cpu_seconds_total", "CPU.", engine.WithUnit("seconds"))).Add(4)
	engine.Must(reg.NewGauge("temperature", "Temperature.")).Set(math.Inf(-1))
	engine.Must(reg.NewGauge("full_ratio", "Full.", engine.WithUnit("ratio"))).Set(0.5)
	engine.Must(reg.NewGauge("sent_bytes_per_second", "Sent.", engine.WithUnit("bytes_per_second"))).Set(6)
	engine.Must(reg.NewGauge("height_m", "Height.", engine.WithUnit("m"))).Set(7)
	h := engine.Must(reg.NewHistogram("latency_seconds", "Latency.", engine.WithBuckets(0.5, 1),
		engine.WithUnit("seconds")))
	h.Observe(0.7)
	h.ObserveWithExemplar(9, engine.Labels{"trace_id": "80"})
	native = engine.Must(reg.NewHistogram("size_bytes", "Sizes.", engine.WithNative(histogram.NativeDefaults()),
		engine.WithUnit("bytes")))
	for _, v := range []float64{-4, 0, 1, 5, 7, 1000} {
		native.Observe(v)
	}
	s := engine.Must(reg.NewSummary("wait_seconds", "", engine.WithObjectives(map[float64]float64{0.5: 0.05})))
	s.Observe(2)
	return reg, native
}

// otlpSeries are the series of such a registry but for the native histogram, at a receiver whose
// metrics have the label job.
func otlpSeries() map[string]float64 {
	k := func(name string, pairs ...string) string { return key(name, append(pairs, "job", "shop")...) }
	return map[string]float64{
		k("requests_total", "path", "/a\"\\\n"):   1.5,
		k("requests_total", "path", "/b"):         3,
		k("cpu_seconds_total"):                    4,
		k("temperature"):                          math.Inf(-1),
		k("full_ratio"):                           0.5,
		k("sent_bytes_per_second"):                6,
		k("height_m"):                             7,
		k("latency_seconds_bucket", "le", "0.5"):  0,
		k("latency_seconds_bucket", "le", "1"):    1,
		k("latency_seconds_bucket", "le", "+Inf"): 2,
		k("latency_seconds_sum"):                  9.7,
		k("latency_seconds_count"):                2,
		k("wait_seconds", "quantile", "0.5"):      2,
		k("wait_seconds_sum"):                     2,
		k("wait_seconds_count"):                   1,
		k("target_info", "zone", "eu"):            1,
	}
}

var shop = otlp.WithResource(engine.Labels{"service.name": "shop", "zone": "eu"})

func TestPrometheusStoresWhatIsSentByOTLP(t *testing.T) {
	for _, strategy := range strategies {
		t.Run(string(strategy.TranslationStrategy), func(t *testing.T) {
			s := startServer(t, otlpHandler(strategy, storageremote.OTLPOptions{}))
			reg, native := otlpRegistry()
			e, err := otlp.New(s.url+"/api/v1/otlp/v1/metrics", otlp.WithRegistry(reg), shop)
			require.NoError(t, err)
			require.NoError(t, e.Send(t.Context()))
			s.checkOTLP(t, native)
			require.ElementsMatch(t, []string{
				`{span_id="` + spanID + `", trace_id="` + traceID + `", user="u"} 3`, `{trace_id="80"} 9`,
			}, s.exemplars(t))
			require.NoError(t, e.Send(t.Context()))
			s.checkOTLP(t, native)
		})
	}
}

// checkOTLP wants what the registry has.
func (s *server) checkOTLP(t *testing.T, native *engine.Histogram) {
	all := s.ask(t, `{__name__!~"quipu_.*",__name__!=""}`)
	size := all[key("size_bytes", "job", "shop")]
	require.NotNil(t, size.H, "%v", all)
	require.Equal(t, 6.0, size.H.Count)
	require.Equal(t, 1009.0, size.H.Sum)
	require.Equal(t, 1.0, size.H.ZeroCount)
	delete(all, key("size_bytes", "job", "shop"))
	got := map[string]float64{}
	for k, v := range all {
		got[k] = v.F
	}
	require.Equal(t, otlpSeries(), got)
	want := floatHistogram(native.Snapshot().Native)
	require.Equal(t, want.String(), size.H.String())
	for q, text := range map[float64]string{0.1: "0.1", 0.5: "0.5", 0.9: "0.9", 0.99: "0.99"} {
		answer := s.ask(t, "histogram_quantile("+text+", size_bytes)")
		require.Len(t, answer, 1)
		exact, _ := promql.HistogramQuantile(q, want, "", posrange.PositionRange{})
		for _, v := range answer {
			require.Equal(t, exact, v.F)
		}
	}
}

// floatHistogram returns a native histogram in Prometheus' form. Its receiver of OTLP has one
// width for all zero buckets.
func floatHistogram(n *histogram.NativeSnapshot) *promhistogram.FloatHistogram {
	h := &promhistogram.Histogram{
		Schema: int32(n.Schema), ZeroThreshold: 1e-128, ZeroCount: n.ZeroCount, Count: n.Count, Sum: n.Sum,
		PositiveBuckets: n.Positive.Deltas, NegativeBuckets: n.Negative.Deltas,
	}
	for _, s := range n.Positive.Spans {
		h.PositiveSpans = append(h.PositiveSpans, promhistogram.Span{Offset: s.Offset, Length: s.Length})
	}
	for _, s := range n.Negative.Spans {
		h.NegativeSpans = append(h.NegativeSpans, promhistogram.Span{Offset: s.Offset, Length: s.Length})
	}
	return h.ToFloat(nil)
}

func TestPrometheusMakesCumulativeSumsOfDeltas(t *testing.T) {
	s := startServer(t, otlpHandler(strategies[0], storageremote.OTLPOptions{ConvertDelta: true}))
	reg := engine.NewRegistry()
	c := engine.Must(reg.NewCounter("a_total", ""))
	h := engine.Must(reg.NewHistogram("b", "", engine.WithBuckets(1)))
	n := engine.Must(reg.NewHistogram("c", "", engine.WithNative(histogram.NativeDefaults())))
	g := engine.Must(reg.NewGauge("d", ""))
	e, err := otlp.New(s.url, otlp.WithRegistry(reg), otlp.WithDelta(), shop)
	require.NoError(t, err)
	for i := range 5 {
		c.Add(3)
		h.Observe(float64(i))
		n.Observe(math.Exp(float64(10 * i))) // which lowers the resolution in the end
		g.Set(float64(i))
		require.NoError(t, e.Send(t.Context()))
	}
	all := s.ask(t, `{__name__!~"quipu_.*|target_info",__name__!=""}`)
	require.Equal(t, 15.0, all[key("a_total", "job", "shop")].F)
	require.Equal(t, 2.0, all[key("b_bucket", "job", "shop", "le", "1")].F)
	require.Equal(t, 5.0, all[key("b_bucket", "job", "shop", "le", "+Inf")].F)
	require.Equal(t, 10.0, all[key("b_sum", "job", "shop")].F)
	require.Equal(t, 4.0, all[key("d", "job", "shop")].F)
	require.Equal(t, 5.0, all[key("c", "job", "shop")].H.Count)
	require.Len(t, all, 7)
	// The conversion keeps 160 buckets, at a resolution that has them.
	sum := all[key("c", "job", "shop")].H
	require.GreaterOrEqual(t, sum.Schema, int32(1))
	require.Equal(t, floatHistogram(n.Snapshot().Native).CopyToSchema(sum.Schema).String(), sum.String())
}

// A server that is not told to convert deltas refuses them, and nothing is called sent.
func TestPrometheusRefusesDeltasUnlessItConvertsThem(t *testing.T) {
	s := startServer(t, otlpHandler(strategies[0], storageremote.OTLPOptions{}))
	reg := engine.NewRegistry()
	engine.Must(reg.NewCounter("a_total", "")).Inc()
	e, err := otlp.New(s.url, otlp.WithRegistry(reg), otlp.WithDelta(), shop, otlp.WithTimeout(time.Second))
	require.NoError(t, err)
	require.ErrorContains(t, e.Send(t.Context()), "invalid temporality")
	require.Empty(t, s.ask(t, "a_total"))
}

// Prometheus refuses a whole request for one series that it cannot store.
func TestPrometheusRefusesNothingThatASourceWrites(t *testing.T) {
	for seed := range uint64(100) {
		s := startServer(t, otlpHandler(strategies[3], storageremote.OTLPOptions{}))
		reg := engine.NewRegistry(engine.WithUTF8Names())
		require.NoError(t, reg.Attach(newGenerator(seed).source()))
		e, err := otlp.New(s.url, otlp.WithRegistry(reg), shop)
		require.NoError(t, err)
		require.NoError(t, e.Send(t.Context()), "seed %d", seed)
	}
}

// The example of OTLP does what its README says, with the configuration beside it.
func TestTheExampleOfOTLPIsStoredAsItsREADMESays(t *testing.T) {
	const dir = "../../examples/otlp/"
	c, err := config.LoadFile(dir+"prometheus.yml", false, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	s := startServer(t, otlpHandler(c.OTLPConfig, storageremote.OTLPOptions{}))
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
	p := testkit.Start(t, testkit.Build(t, dir), "-url", s.url+"/api/v1/otlp/v1/metrics", "-every", "0")
	require.Zero(t, p.Wait(time.Minute), p.Output())
	require.Equal(t, "sent\n", p.Output())
	readme, err := os.ReadFile(dir + "README.md")
	require.NoError(t, err)
	blocks := strings.Split(string(readme), "```promql\n")
	require.Len(t, blocks, 3)
	query := func(block int) map[string]promql.Sample {
		text, _, _ := strings.Cut(blocks[block], "```")
		return s.ask(t, text)
	}
	orders := query(1)
	require.Equal(t, 1.0, orders[labels.FromStrings("job", "shop", "instance", "shop-1", "product", "tea").String()].F)
	require.Len(t, query(2), 1)
	require.Len(t, s.ask(t, `orders_total{deployment_environment_name="test"}`), 1)
	require.Len(t, s.exemplars(t), 1)
}

// Nobody runs a collector here: its configuration must at least name what it has.
func TestTheCollectorOfTheExampleUsesWhatItHas(t *testing.T) {
	text, err := os.ReadFile("../../examples/otlp/collector.yaml")
	require.NoError(t, err)
	var c struct {
		Receivers, Processors, Exporters map[string]any
		Service                          struct {
			Pipelines map[string]struct{ Receivers, Processors, Exporters []string }
		}
	}
	require.NoError(t, yaml.UnmarshalStrict(text, &c))
	pipeline := c.Service.Pipelines["metrics"]
	for _, part := range []struct {
		has  map[string]any
		uses []string
	}{{c.Receivers, pipeline.Receivers}, {c.Processors, pipeline.Processors}, {c.Exporters, pipeline.Exporters}} {
		require.ElementsMatch(t, slices.Collect(maps.Keys(part.has)), part.uses)
	}
	require.Contains(t, string(text), "endpoint: 127.0.0.1:4318\n", "the default of the example")
}
