// SPDX-License-Identifier: Apache-2.0

package parsers

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	remoteapi "github.com/prometheus/client_golang/exp/api/remote"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	storageremote "github.com/prometheus/prometheus/storage/remote"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export/remote"
	"github.com/quipu-metrics/quipu/histogram"
)

// server is Prometheus 3 in the process of the test: a handler that receives, its storage, and its
// queries.
type server struct {
	url    string
	db     *tsdb.DB
	engine *promql.Engine
}

// startServer starts a server with the handler that is made for its storage.
func startServer(t *testing.T, handler func(db *tsdb.DB) http.Handler) *server {
	options := tsdb.DefaultOptions()
	options.EnableExemplarStorage, options.MaxExemplars = true, 1000
	db, err := tsdb.Open(t.TempDir(), slog.New(slog.DiscardHandler), nil, options, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	s := httptest.NewServer(handler(db))
	t.Cleanup(s.Close)
	return &server{s.URL, db, promql.NewEngine(promql.EngineOpts{MaxSamples: 1e7, Timeout: time.Minute})}
}

// remoteWrite makes a handler that reads these versions of remote write.
func remoteWrite(versions ...remoteapi.WriteMessageType) func(db *tsdb.DB) http.Handler {
	return func(db *tsdb.DB) http.Handler {
		return storageremote.NewWriteHandler(slog.New(slog.DiscardHandler), nil, db, versions, false, false, true)
	}
}

// ask returns the answer to a query at this moment, each series by its labels.
func (s *server) ask(t *testing.T, query string) map[string]promql.Sample {
	q, err := s.engine.NewInstantQuery(context.Background(), s.db, nil, query, time.Now().Add(time.Second))
	require.NoError(t, err)
	defer q.Close()
	answer := q.Exec(context.Background())
	require.NoError(t, answer.Err)
	vector, err := answer.Vector()
	require.NoError(t, err)
	all := map[string]promql.Sample{}
	for _, v := range vector {
		all[v.Metric.String()] = v
	}
	return all
}

func key(name string, pairs ...string) string {
	return labels.FromStrings(append([]string{"__name__", name}, pairs...)...).String()
}

// remoteRegistry has every kind of metric.
func remoteRegistry() (reg *engine.Registry, requests *engine.CounterVec) {
	reg = engine.NewRegistry(engine.WithUTF8Names())
	requests = engine.Must(reg.NewCounterVec("requests_total", "Requests.", []string{"path"}))
	requests.With("/a\"\\\n").Add(1.5)
	requests.With("/b").AddWithExemplar(3, engine.Labels{"trace_id": "7f"})
	engine.Must(reg.NewGauge("temperature.inside", "UTF-8.")).Set(math.Inf(-1))
	h := engine.Must(reg.NewHistogram("latency_seconds", "Latency.", engine.WithBuckets(0.5, 1)))
	h.Observe(0.7)
	h.ObserveWithExemplar(9, engine.Labels{"trace_id": "80"})
	n := engine.Must(reg.NewHistogram("size_bytes", "Sizes.", engine.WithNative(histogram.NativeDefaults())))
	for _, v := range []float64{-4, 0, 1, 1000} {
		n.Observe(v)
	}
	s := engine.Must(reg.NewSummary("wait_seconds", "", engine.WithObjectives(map[float64]float64{0.5: 0.05})))
	s.Observe(2)
	return reg, requests
}

func TestPrometheusStoresWhatIsSentInEitherVersion(t *testing.T) {
	v1, v2 := remoteapi.WriteV1MessageType, remoteapi.WriteV2MessageType
	for name, versions := range map[string][]remoteapi.WriteMessageType{
		"both": {v1, v2}, "1.0": {v1}, "2.0": {v2},
	} {
		t.Run(name, func(t *testing.T) {
			s := startServer(t, remoteWrite(versions...))
			reg, requests := remoteRegistry()
			w, err := remote.New(s.url, remote.WithRegistry(reg), remote.WithLabels(engine.Labels{"job": "j"}))
			require.NoError(t, err)
			require.NoError(t, w.Send(t.Context()))

			all := s.ask(t, `{job="j",__name__!~"quipu_.*"}`)
			want := map[string]float64{
				key("requests_total", "path", "/a\"\\\n", "job", "j"):   1.5,
				key("requests_total", "path", "/b", "job", "j"):         3,
				key("temperature.inside", "job", "j"):                   math.Inf(-1),
				key("latency_seconds_bucket", "le", "0.5", "job", "j"):  0,
				key("latency_seconds_bucket", "le", "1.0", "job", "j"):  1,
				key("latency_seconds_bucket", "le", "+Inf", "job", "j"): 2,
				key("latency_seconds_sum", "job", "j"):                  9.7,
				key("latency_seconds_count", "job", "j"):                2,
				key("wait_seconds", "quantile", "0.5", "job", "j"):      2,
				key("wait_seconds_sum", "job", "j"):                     2,
				key("wait_seconds_count", "job", "j"):                   1,
			}
			native := all[key("size_bytes", "job", "j")]
			require.NotNil(t, native.H, "%v", all)
			require.Equal(t, 4.0, native.H.Count)
			require.Equal(t, 997.0, native.H.Sum)
			require.Equal(t, 1.0, native.H.ZeroCount)
			delete(all, key("size_bytes", "job", "j"))
			got := map[string]float64{}
			for k, v := range all {
				got[k] = v.F
			}
			require.Equal(t, want, got)
			require.ElementsMatch(t, []string{"{trace_id=\"7f\"} 3", "{trace_id=\"80\"} 9"}, s.exemplars(t))

			// A series that is deleted ends at once, and the others go on.
			require.True(t, requests.Delete("/b"))
			requests.With("/a\"\\\n").Add(1)
			require.NoError(t, w.Send(t.Context()))
			after := s.ask(t, `requests_total`)
			require.Len(t, after, 1)
			require.Equal(t, 2.5, after[key("requests_total", "path", "/a\"\\\n", "job", "j")].F)
		})
	}
}

// exemplars returns the exemplars that the server has stored.
func (s *server) exemplars(t *testing.T) (all []string) {
	q, err := s.db.ExemplarQuerier(context.Background())
	require.NoError(t, err)
	any := labels.MustNewMatcher(labels.MatchRegexp, "__name__", ".+")
	series, err := q.Select(0, math.MaxInt64, []*labels.Matcher{any})
	require.NoError(t, err)
	for _, one := range series {
		for _, e := range one.Exemplars {
			all = append(all, fmt.Sprint(e.Labels, " ", e.Value))
		}
	}
	return all
}
