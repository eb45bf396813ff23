// SPDX-License-Identifier: Apache-2.0

package producer_test

import (
	"context"
	"errors"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/quipu-metrics/quipu/contrib/otel/producer"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

// collect reads a registry through a reader of the SDK, and returns the metrics by name.
func collect(t testing.TB, reg *engine.Registry) map[string]metricdata.Metrics {
	t.Helper()
	reader := metric.NewManualReader(metric.WithProducer(producer.New(reg)))
	provider := metric.NewMeterProvider(metric.WithReader(reader))
	defer func() { require.NoError(t, provider.Shutdown(context.Background())) }()
	var all metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(t.Context(), &all))
	require.Len(t, all.ScopeMetrics, 1)
	require.Equal(t, "github.com/quipu-metrics/quipu", all.ScopeMetrics[0].Scope.Name)
	byName := map[string]metricdata.Metrics{}
	for _, m := range all.ScopeMetrics[0].Metrics {
		byName[m.Name] = m
	}
	return byName
}

func label(name, value string) attribute.KeyValue { return attribute.String(name, value) }

// requireData compares data but for their times and start times.
func requireData(t testing.TB, want metricdata.Aggregation, got metricdata.Metrics) {
	t.Helper()
	metricdatatest.AssertAggregationsEqual(t, want, got.Data, metricdatatest.IgnoreTimestamp())
}

func TestAReaderGetsEveryKindOfMetric(t *testing.T) {
	reg := engine.NewRegistry(engine.WithUTF8Names(), engine.WithConstLabels(engine.Labels{"zone": "z"}))
	zone := label("zone", "z")
	before := time.Now()
	requests := engine.Must(reg.NewCounterVec("requests_total", "Requests.", []string{"path", "code"}))
	requests.With("/a", "200").Add(2.5)
	requests.With("/b", "").Add(1)
	engine.Must(reg.NewGauge("temperature.inside", "UTF-8.", engine.WithUnit(""))).Set(math.Inf(-1))
	h := engine.Must(reg.NewHistogram("latency_seconds", "Latency.", engine.WithBuckets(0.5, 1),
		engine.WithUnit("seconds")))
	h.Observe(0.7)
	h.Observe(9)
	n := engine.Must(reg.NewHistogram("size_bytes", "", engine.WithNative(histogram.NativeDefaults())))
	for _, v := range []float64{-4, 0, 1, 1} {
		n.Observe(v)
	}
	s := engine.Must(reg.NewSummary("wait_seconds", "", engine.WithObjectives(map[float64]float64{0.5: 0.05})))
	s.Observe(2)

	got := collect(t, reg)
	requireData(t, metricdata.Sum[float64]{
		Temporality: metricdata.CumulativeTemporality, IsMonotonic: true,
		DataPoints: []metricdata.DataPoint[float64]{
			{Attributes: attribute.NewSet(zone, label("path", "/a"), label("code", "200")), Value: 2.5},
			{Attributes: attribute.NewSet(zone, label("path", "/b")), Value: 1},
		},
	}, got["requests_total"])
	require.Equal(t, "Requests.", got["requests_total"].Description)
	requireData(t, metricdata.Gauge[float64]{DataPoints: []metricdata.DataPoint[float64]{
		{Attributes: attribute.NewSet(zone), Value: math.Inf(-1)},
	}}, got["temperature.inside"])
	requireData(t, metricdata.Histogram[float64]{
		Temporality: metricdata.CumulativeTemporality,
		DataPoints: []metricdata.HistogramDataPoint[float64]{{
			Attributes: attribute.NewSet(zone), Count: 2, Sum: 9.7,
			Bounds: []float64{0.5, 1}, BucketCounts: []uint64{0, 1, 1},
		}},
	}, got["latency_seconds"])
	require.Equal(t, "s", got["latency_seconds"].Unit)
	requireData(t, metricdata.ExponentialHistogram[float64]{
		Temporality: metricdata.CumulativeTemporality,
		DataPoints: []metricdata.ExponentialHistogramDataPoint[float64]{{
			Attributes: attribute.NewSet(zone), Count: 4, Sum: -2, Scale: 3, ZeroCount: 1, ZeroThreshold: 0x1p-128,
			// 1 is the upper bound of the bucket of index -1, and 4 that of index 15.
			PositiveBucket: metricdata.ExponentialBucket{Offset: -1, Counts: []uint64{2}},
			NegativeBucket: metricdata.ExponentialBucket{Offset: 15, Counts: []uint64{1}},
		}},
	}, got["size_bytes"])
	requireData(t, metricdata.Summary{DataPoints: []metricdata.SummaryDataPoint{{
		Attributes: attribute.NewSet(zone), Count: 1, Sum: 2,
		QuantileValues: []metricdata.QuantileValue{{Quantile: 0.5, Value: 2}},
	}}}, got["wait_seconds"])
	require.Contains(t, got, "quipu_series", "the registry's own metrics")

	point := got["requests_total"].Data.(metricdata.Sum[float64]).DataPoints[0]
	require.WithinRange(t, point.StartTime, before.Add(-200*time.Millisecond), time.Now())
	require.WithinRange(t, point.Time, point.StartTime, time.Now())
	require.Zero(t, got["temperature.inside"].Data.(metricdata.Gauge[float64]).DataPoints[0].StartTime)
}

// An exporter passes values on as they are, and a receiver may take one for a stale marker.
func TestNoValueOfAProgramEndsASeries(t *testing.T) {
	const stale = 0x7ff0000000000002
	reg := engine.NewRegistry()
	engine.Must(reg.NewGauge("g", "")).Set(math.Float64frombits(stale))
	data := collect(t, reg)["g"].Data.(metricdata.Gauge[float64])
	require.True(t, math.IsNaN(data.DataPoints[0].Value))
	require.NotEqual(t, uint64(stale), math.Float64bits(data.DataPoints[0].Value))
}

func TestExemplarsHaveTheIDsOfTheirTraces(t *testing.T) {
	reg := engine.NewRegistry()
	c := engine.Must(reg.NewCounter("c_total", ""))
	c.AddWithExemplar(3, engine.Labels{
		"trace_id": "0102030405060708090a0b0c0d0e0f10", "span_id": "0102030405060708", "user": "u",
	})
	odd := engine.Must(reg.NewCounter("odd_total", ""))
	odd.AddWithExemplar(1, engine.Labels{"trace_id": "no id"})
	got := collect(t, reg)
	x := got["c_total"].Data.(metricdata.Sum[float64]).DataPoints[0].Exemplars[0]
	require.Equal(t, []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, x.TraceID)
	require.Equal(t, []byte{1, 2, 3, 4, 5, 6, 7, 8}, x.SpanID)
	require.Equal(t, []attribute.KeyValue{label("user", "u")}, x.FilteredAttributes)
	require.Equal(t, 3.0, x.Value)
	x = got["odd_total"].Data.(metricdata.Sum[float64]).DataPoints[0].Exemplars[0]
	require.Empty(t, x.TraceID)
	require.Equal(t, []attribute.KeyValue{label("trace_id", "no id")}, x.FilteredAttributes)
}

// source writes families of each kind, in memory that its registry uses again.
type source struct{ n float64 }

func (s *source) Emit(_ context.Context, w *engine.Writer) error {
	w.Info("build", "", engine.Label{Name: "version", Value: "1"})
	w.StateSet("state", "", map[string]bool{"on": true, "off": false})
	w.Untyped("value", "", s.n)
	w.Histogram("h", "", engine.HistogramSnapshot{Bounds: []float64{s.n}, Counts: []uint64{1, 2}, Count: 3, Sum: 4})
	return errors.New("and no more")
}

func TestWhatASourceHasWrittenBeforeItsErrorIsThere(t *testing.T) {
	reg := engine.NewRegistry()
	s := &source{n: 1}
	require.NoError(t, reg.Attach(s))
	first := collect(t, reg)
	s.n = 2
	second := collect(t, reg)
	for want, got := range map[float64]map[string]metricdata.Metrics{1: first, 2: second} {
		value := metricdata.Gauge[float64]{DataPoints: []metricdata.DataPoint[float64]{{Value: want}}}
		requireData(t, value, got["value"])
		requireData(t, metricdata.Sum[float64]{
			Temporality: metricdata.CumulativeTemporality,
			DataPoints: []metricdata.DataPoint[float64]{
				{Attributes: attribute.NewSet(label("version", "1")), Value: 1},
			},
		}, got["build_info"])
		require.Len(t, got["state"].Data.(metricdata.Sum[float64]).DataPoints, 2)
		require.Equal(t, []float64{want}, got["h"].Data.(metricdata.Histogram[float64]).DataPoints[0].Bounds)
	}
}

func TestMountedRegistriesAreThereToo(t *testing.T) {
	inner, reg := engine.NewRegistry(), engine.NewRegistry()
	engine.Must(inner.NewCounter("c_total", "")).Inc()
	require.NoError(t, reg.Mount(inner, engine.WithPrefix("lib_"), engine.WithConstLabels(engine.Labels{"a": "b"})))
	requireData(t, metricdata.Sum[float64]{
		Temporality: metricdata.CumulativeTemporality, IsMonotonic: true,
		DataPoints: []metricdata.DataPoint[float64]{{Attributes: attribute.NewSet(label("a", "b")), Value: 1}},
	}, collect(t, reg)["lib_c_total"])
}

func TestAContextThatIsDoneIsAnError(t *testing.T) {
	cause := errors.New("told to stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	_, err := producer.New(engine.NewRegistry()).Produce(ctx)
	require.ErrorIs(t, err, cause)
	require.PanicsWithValue(t, "quipu: producer.New needs a registry: pass engine.Default() or one of your own",
		func() { producer.New(nil) })
	require.PanicsWithValue(t, "quipu: producer.New: option 1 of 1 is nil",
		func() { producer.New(engine.NewRegistry(), nil) })
}

func TestFunctionsLeaveTimeToExport(t *testing.T) {
	reg := engine.NewRegistry()
	release := make(chan struct{})
	defer close(release)
	engine.Must(reg.NewGaugeFunc("slow", "", func() float64 { <-release; return 1 }, engine.WithTimeout(time.Hour)))
	engine.Must(reg.NewGauge("fast", "")).Set(1)
	ctx, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond)
	defer cancel()
	scopes, err := producer.New(reg).Produce(ctx)
	require.NoError(t, err)
	require.NoError(t, ctx.Err())
	require.Equal(t, "fast", scopes[0].Metrics[0].Name)
}

// The data must not change under a reader that keeps them, whatever the registry does.
func TestDataStayAsTheyAreWhileTheRegistryGoesOn(t *testing.T) {
	reg := engine.NewRegistry()
	c := engine.Must(reg.NewCounterVec("c_total", "", []string{"l"}))
	h := engine.Must(reg.NewHistogramVec("h", "", []string{"l"}))
	p := producer.New(reg)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 200 {
				label := string(rune('a' + i%26))
				c.With(label).Inc()
				h.With(label).Observe(float64(i))
				if i%7 == 0 {
					c.Delete(label)
				}
				scopes, err := p.Produce(t.Context())
				require.NoError(t, err)
				for _, m := range scopes[0].Metrics {
					if data, ok := m.Data.(metricdata.Histogram[float64]); ok && m.Name == "h" {
						for _, point := range data.DataPoints {
							total := uint64(0)
							for _, n := range point.BucketCounts {
								total += n
							}
							require.Equal(t, point.Count, total)
						}
					}
				}
			}
		})
	}
	wg.Wait()
}
