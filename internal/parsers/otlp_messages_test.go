// SPDX-License-Identifier: Apache-2.0

package parsers

import (
	"bytes"
	"compress/gzip"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

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
