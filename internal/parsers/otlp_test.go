// SPDX-License-Identifier: Apache-2.0

package parsers

import (
	"bytes"
	"compress/gzip"
	"io"
	"log/slog"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/otlptranslator"
	"github.com/prometheus/prometheus/config"
	promhistogram "github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser/posrange"
	storageremote "github.com/prometheus/prometheus/storage/remote"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/stretchr/testify/require"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	metrics "go.opentelemetry.io/proto/otlp/metrics/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export/otlp"
	"github.com/quipu-metrics/quipu/histogram"
)

// otlpHandler makes Prometheus' handler of OTLP.
func otlpHandler(
	strategy otlptranslator.TranslationStrategyOption, options storageremote.OTLPOptions,
) func(db *tsdb.DB) http.Handler {
	options.LookbackDelta = 5 * time.Minute
	configured := func() config.Config {
		return config.Config{OTLPConfig: config.OTLPConfig{TranslationStrategy: strategy}}
	}
	return func(db *tsdb.DB) http.Handler {
		logger := slog.New(slog.DiscardHandler)
		return storageremote.NewOTLPWriteHandler(logger, prometheus.NewRegistry(), db, configured, options)
	}
}

// strategies are all in which Prometheus translates names.
var strategies = []otlptranslator.TranslationStrategyOption{
	otlptranslator.UnderscoreEscapingWithSuffixes, otlptranslator.UnderscoreEscapingWithoutSuffixes,
	otlptranslator.NoUTF8EscapingWithSuffixes, otlptranslator.NoTranslation,
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
		t.Run(string(strategy), func(t *testing.T) {
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

// capture answers all requests, and decodes them with the official messages.
type capture struct {
	t        *testing.T
	requests []*metrics.MetricsData
}

func (c *capture) RoundTrip(r *http.Request) (*http.Response, error) {
	z, err := gzip.NewReader(r.Body)
	require.NoError(c.t, err)
	body, err := io.ReadAll(z)
	require.NoError(c.t, err)
	message := new(metrics.MetricsData) // has the field of an ExportMetricsServiceRequest
	require.NoError(c.t, proto.Unmarshal(body, message))
	requireKnown(c.t, message.ProtoReflect())
	c.requests = append(c.requests, message)
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(nil)), Request: r}, nil
}

// requireKnown wants no field that the messages do not have.
func requireKnown(t *testing.T, m protoreflect.Message) {
	require.Empty(t, m.GetUnknown(), "%s", m.Descriptor().FullName())
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.Message() == nil:
		case f.IsList():
			for i := range v.List().Len() {
				requireKnown(t, v.List().Get(i).Message())
			}
		default:
			requireKnown(t, v.Message())
		}
		return true
	})
}

// official is a data point with its metric.
type official struct {
	metric *metrics.Metric
	point  proto.Message
}

// officialPoints adds the points of a metric to all, by their series.
func officialPoints(t *testing.T, m *metrics.Metric, all map[string]official) {
	add := func(labels []*common.KeyValue, p proto.Message) {
		var list []engine.Label
		for _, l := range labels {
			list = append(list, engine.Label{Name: l.Key, Value: l.Value.GetStringValue()})
		}
		name := pointName(m.Name, list)
		require.NotContains(t, all, name)
		all[name] = official{m, p}
	}
	for _, p := range append(m.GetGauge().GetDataPoints(), m.GetSum().GetDataPoints()...) {
		add(p.Attributes, p)
	}
	for _, p := range m.GetHistogram().GetDataPoints() {
		add(p.Attributes, p)
	}
	for _, p := range m.GetExponentialHistogram().GetDataPoints() {
		add(p.Attributes, p)
	}
	for _, p := range m.GetSummary().GetDataPoints() {
		add(p.Attributes, p)
	}
}

// pointName names a series. An empty label is the same as none.
func pointName(metric string, all []engine.Label) string {
	text := []byte(metric + "{")
	for _, l := range all {
		if l.Value != "" {
			text = encode.AppendLabel(text, l.Name, l.Value)
		}
	}
	return string(text)
}

// requireSamePoint wants a point to be a sample.
func requireSamePoint(t *testing.T, f *engine.Family, s *engine.Sample, o official) {
	require.NotNil(t, o.point, "%s %v", f.Name(), s.Labels())
	require.Equal(t, f.Help(), o.metric.Description)
	require.Len(t, o.metric.Metadata, 1)
	created := uint64(0)
	if at := s.Created(); !at.IsZero() {
		created = uint64(at.Round(time.Millisecond).UnixNano())
	}
	same := func(a, b float64) { require.True(t, a == b || a != a && b != b, "%v, %v", a, b) }
	switch p := o.point.(type) {
	case *metrics.NumberDataPoint:
		same(s.Value(), p.GetAsDouble())
		require.Len(t, p.Exemplars, len(s.Exemplars()))
		if f.Type() == encode.Counter {
			require.True(t, o.metric.GetSum().IsMonotonic)
			require.Equal(t, created, p.StartTimeUnixNano)
		} else {
			require.Zero(t, p.StartTimeUnixNano)
		}
	case *metrics.HistogramDataPoint:
		h := s.Histogram()
		require.Nil(t, h.Native)
		require.Equal(t, h.Count, p.Count)
		require.Equal(t, h.Counts, p.BucketCounts)
		require.Equal(t, append([]float64{}, h.Bounds...), append([]float64{}, p.ExplicitBounds...))
		require.Len(t, p.Exemplars, len(s.Exemplars()))
		require.Equal(t, created, p.StartTimeUnixNano)
		same(h.Sum, p.GetSum())
	case *metrics.ExponentialHistogramDataPoint:
		n := s.Native()
		require.Equal(t, n.Count, p.Count)
		require.Equal(t, n.ZeroCount, p.ZeroCount)
		require.Equal(t, n.ZeroThreshold, p.ZeroThreshold)
		require.Equal(t, created, p.StartTimeUnixNano)
		same(n.Sum, p.GetSum())
		requireSameBuckets(t, n.Positive, n.Schema, p.Positive, int(p.Scale))
		requireSameBuckets(t, n.Negative, n.Schema, p.Negative, int(p.Scale))
	case *metrics.SummaryDataPoint:
		require.Equal(t, s.Summary().Count, p.Count)
		require.Len(t, p.QuantileValues, len(s.Summary().Estimates))
		require.Equal(t, created, p.StartTimeUnixNano)
		same(s.Summary().Sum, p.Sum)
		for i, e := range s.Summary().Estimates {
			same(e.Quantile, p.QuantileValues[i].Quantile)
			same(e.Value, p.QuantileValues[i].Value)
		}
	}
}

// requireSameBuckets wants dense buckets to hold what sparse ones do.
func requireSameBuckets(
	t *testing.T, sparse histogram.NativeBuckets, schema int,
	dense *metrics.ExponentialHistogramDataPoint_Buckets, scale int,
) {
	require.LessOrEqual(t, scale, schema)
	want, got := map[int]uint64{}, map[int]uint64{}
	index, count, at := 0, int64(0), 0
	for _, span := range sparse.Spans {
		index += int(span.Offset)
		for range span.Length {
			count += sparse.Deltas[at]
			if count != 0 {
				// Indexes that no number has are those of the greatest and the smallest one.
				first, last := int(math.Floor(math.Ldexp(-1080, schema))), int(math.Ldexp(1024, schema))
				want[min(max(index-1, first), last)>>(schema-scale)] += uint64(count)
			}
			at, index = at+1, index+1
		}
	}
	for i, n := range dense.GetBucketCounts() {
		if n != 0 {
			got[int(dense.Offset)+i] += n
		}
	}
	require.Equal(t, want, got)
}

// Whatever a source writes, a request has it as the registry reads it.
func TestOfficialMessagesHaveWhatTheRegistryReads(t *testing.T) {
	for seed := range uint64(300) {
		g := newGenerator(seed)
		reg := engine.NewRegistry(engine.WithUTF8Names())
		require.NoError(t, reg.Attach(g.source()))
		c := &capture{t: t}
		e, err := otlp.New("http://r.example", otlp.WithRegistry(reg), otlp.WithClient(&http.Client{Transport: c}))
		require.NoError(t, err)
		require.NoError(t, e.Send(t.Context()))
		points := map[string]official{}
		for _, r := range c.requests {
			require.Len(t, r.ResourceMetrics, 1)
			require.Len(t, r.ResourceMetrics[0].ScopeMetrics, 1)
			for _, m := range r.ResourceMetrics[0].ScopeMetrics[0].Metrics {
				officialPoints(t, m, points)
			}
		}
		read := 0
		for f := range reg.Read(engine.ReadOptions{NoSelf: true}) {
			for s := range f.Samples() {
				read++
				requireSamePoint(t, f, s, points[pointName(f.Name(), s.Labels())])
			}
		}
		require.Greater(t, read, 5)
		for f := range reg.Read(engine.ReadOptions{}) {
			if strings.HasPrefix(f.Name(), "quipu_") {
				for range f.Samples() {
					read++
				}
			}
		}
		require.Len(t, points, read)
	}
}

// Prometheus refuses a whole request for one series that it cannot store.
func TestPrometheusRefusesNothingThatASourceWrites(t *testing.T) {
	for seed := range uint64(100) {
		s := startServer(t, otlpHandler(otlptranslator.NoTranslation, storageremote.OTLPOptions{}))
		reg := engine.NewRegistry(engine.WithUTF8Names())
		require.NoError(t, reg.Attach(newGenerator(seed).source()))
		e, err := otlp.New(s.url, otlp.WithRegistry(reg), shop)
		require.NoError(t, err)
		require.NoError(t, e.Send(t.Context()), "seed %d", seed)
	}
}
