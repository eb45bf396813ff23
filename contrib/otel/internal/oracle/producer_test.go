// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/stretchr/testify/require"
	bridge "go.opentelemetry.io/contrib/bridges/prometheus"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	exporter "go.opentelemetry.io/otel/exporters/prometheus"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	collector "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	metrics "go.opentelemetry.io/proto/otlp/metrics/v1"
	"google.golang.org/protobuf/proto"

	"github.com/quipu-metrics/quipu/contrib/otel/producer"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export"
	"github.com/quipu-metrics/quipu/export/otlp"
	"github.com/quipu-metrics/quipu/histogram"
)

// producedRegistry has every kind of metric that a page can show.
func producedRegistry() *engine.Registry {
	reg := engine.NewRegistry(engine.WithConstLabels(engine.Labels{"zone": "z"}))
	requests := engine.Must(reg.NewCounterVec("requests_total", "Requests.", []string{"path", "code"}))
	requests.With("/a", "200").Add(2.5)
	requests.With("/b\"\\\n", "500").AddWithExemplar(1, engine.Labels{
		"trace_id": "0102030405060708090a0b0c0d0e0f10", "span_id": "0102030405060708", "user": "u",
	})
	engine.Must(reg.NewGauge("queue_depth", "Jobs that wait.")).Set(-3)
	engine.Must(reg.NewGauge("room_bytes", "", engine.WithUnit("bytes"))).Set(5)
	h := engine.Must(reg.NewHistogramVec("latency_seconds", "Latency.", []string{"path"}, engine.WithBuckets(0.5, 1),
		engine.WithUnit("seconds")))
	h.With("/a").Observe(0.7)
	h.With("/a").ObserveWithExemplar(9, engine.Labels{"trace_id": "0102030405060708090a0b0c0d0e0f10"})
	h.With("/b").Observe(0.1)
	s := engine.Must(reg.NewSummary("wait_seconds", "", engine.WithObjectives(map[float64]float64{0.5: 0.05})))
	s.Observe(2)
	engine.Must(reg.NewCounter("io_bytes_total", "", engine.WithUnit("bytes"))).Add(7)
	return reg
}

// withNative adds a native histogram, which pages in text show otherwise than the exporter does.
func withNative(reg *engine.Registry) *engine.Registry {
	n := engine.Must(reg.NewHistogram("size_bytes", "Sizes.", engine.WithNative(histogram.NativeDefaults())))
	for _, v := range []float64{-4, -3, 0, 1, 1, 1000} {
		n.Observe(v)
	}
	return reg
}

// What goes through the SDK and its exporter for Prometheus stands on the page as it does on
// quipu's own.
func TestProducedMetricsHaveTheSamePageWithTheSDKsExporter(t *testing.T) {
	reg := producedRegistry()
	registry := prometheus.NewRegistry()
	e, err := exporter.New(exporter.WithRegisterer(registry), exporter.WithoutScopeInfo(),
		exporter.WithoutTargetInfo(), exporter.WithProducer(producer.New(reg, producer.WithoutSummaries())))
	require.NoError(t, err)
	provider := sdk.NewMeterProvider(sdk.WithReader(e))
	defer func() { require.NoError(t, provider.Shutdown(t.Context())) }()
	theirs := side{handler: promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true})}
	require.True(t, reg.Unregister("wait_seconds"), "the exporter cannot show summaries")
	ours := side{handler: export.Handler(reg)}
	for _, accept := range accepted {
		require.Equal(t, ours.lines(t, accept), theirs.lines(t, accept), accept)
	}
}

// receive returns the address of a receiver of OTLP, and a function that returns the metrics of its
// last request, without what differs from send to send.
func receive(t *testing.T) (url string, received func() []*metrics.Metric) {
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var text io.Reader = r.Body
		if r.Header.Get("Content-Encoding") == "gzip" {
			var err error
			text, err = gzip.NewReader(r.Body)
			require.NoError(t, err)
		}
		body, _ = io.ReadAll(text)
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(server.Close)
	return server.URL + "/v1/metrics", func() []*metrics.Metric {
		var request collector.ExportMetricsServiceRequest
		require.NoError(t, proto.Unmarshal(body, &request))
		require.Len(t, request.ResourceMetrics, 1)
		require.Len(t, request.ResourceMetrics[0].ScopeMetrics, 1)
		list := request.ResourceMetrics[0].ScopeMetrics[0].Metrics
		list = slices.DeleteFunc(list, func(m *metrics.Metric) bool { return strings.HasPrefix(m.Name, "quipu_") })
		for _, m := range list {
			normalise(m)
		}
		return list
	}
}

// normalise removes times, which are those of two sends, and metadata, which the SDK has not, and
// sorts what has no order.
func normalise(m *metrics.Metric) {
	m.Metadata = nil
	for _, p := range m.GetGauge().GetDataPoints() {
		p.TimeUnixNano, p.StartTimeUnixNano = 0, 0
	}
	for _, p := range m.GetSum().GetDataPoints() {
		p.TimeUnixNano, p.StartTimeUnixNano = 0, p.StartTimeUnixNano/1e6
		normaliseExemplars(p.Exemplars)
	}
	for _, p := range m.GetHistogram().GetDataPoints() {
		p.TimeUnixNano, p.StartTimeUnixNano = 0, p.StartTimeUnixNano/1e6
		normaliseExemplars(p.Exemplars)
	}
	for _, p := range m.GetExponentialHistogram().GetDataPoints() {
		p.TimeUnixNano, p.StartTimeUnixNano = 0, p.StartTimeUnixNano/1e6
	}
	for _, p := range m.GetSummary().GetDataPoints() {
		p.TimeUnixNano, p.StartTimeUnixNano = 0, p.StartTimeUnixNano/1e6
	}
}

func normaliseExemplars(list []*metrics.Exemplar) {
	for _, e := range list {
		e.TimeUnixNano /= 1e6
	}
}

// Both roads to a receiver of OTLP, export/otlp and the SDK with a Producer, say the same.
func TestProducedMetricsAreThoseThatQuipuSendsItself(t *testing.T) {
	reg := withNative(producedRegistry())
	url, received := receive(t)
	own, err := otlp.New(url, otlp.WithRegistry(reg))
	require.NoError(t, err)
	require.NoError(t, own.Send(t.Context()))
	want := received()
	require.Len(t, want, 7)

	sender, err := otlpmetrichttp.New(t.Context(), otlpmetrichttp.WithEndpointURL(url))
	require.NoError(t, err)
	reader := sdk.NewPeriodicReader(sender, sdk.WithInterval(time.Hour), sdk.WithProducer(producer.New(reg)))
	provider := sdk.NewMeterProvider(sdk.WithReader(reader))
	defer func() { require.NoError(t, provider.Shutdown(t.Context())) }()
	require.NoError(t, provider.ForceFlush(t.Context()))
	got := received()
	require.Len(t, got, len(want))
	for i := range want {
		require.Truef(t, proto.Equal(want[i], got[i]), "by quipu: %v\nby the SDK: %v", want[i], got[i])
	}
}

// labelsOf returns the label values of series i.
func labelsOf(i int) []string {
	return []string{fmt.Sprint(i % 10), fmt.Sprint(i % 1000), fmt.Sprint(i)}
}

func quipuSeries(series int) *engine.Registry {
	reg := engine.NewRegistry()
	v := engine.Must(reg.NewCounterVec("c_total", "", []string{"a", "b", "c"}, engine.WithMaxSeries(series)))
	for i := range series {
		v.With(labelsOf(i)...).Inc()
	}
	return reg
}

func clientGolangSeries(series int) prometheus.Gatherer {
	reg := prometheus.NewRegistry()
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "c_total"}, []string{"a", "b", "c"})
	reg.MustRegister(v)
	for i := range series {
		v.WithLabelValues(labelsOf(i)...).Inc()
	}
	return reg
}

// BenchmarkProduce compares the two roads from a foreign registry into the SDK.
func BenchmarkProduce(b *testing.B) {
	series := 100_000
	if testing.Short() {
		series = 100
	}
	for name, p := range map[string]sdk.Producer{
		"quipu":         producer.New(quipuSeries(series)),
		"client_golang": bridge.NewMetricProducer(bridge.WithGatherer(clientGolangSeries(series))),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var scopes []metricdata.ScopeMetrics
			for b.Loop() {
				var err error
				scopes, err = p.Produce(b.Context())
				require.NoError(b, err)
			}
			require.NotEmpty(b, scopes)
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(series), "ns/series")
		})
	}
}
