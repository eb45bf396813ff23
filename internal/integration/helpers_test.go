// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/examples/hotpath/load"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

var (
	routes = []string{"/analyze", "/digest", "/gzip", "/kv/{key}", "/orders/{id}", load.Unmatched}

	// responseBounds are the bounds of http_response_body_bytes.
	responseBounds = []float64{16, 64, 256, 1024, 4096, 16384, 65536, 262144}

	// objectives are the default objectives of a summary.
	objectives = map[float64]float64{0.5: 0.05, 0.9: 0.01, 0.99: 0.001}
)

// scraped is the view of one job in Prometheus.
type scraped struct {
	*testkit.Prometheus
	job string
}

// of returns a selector for the series of a metric.
func (s scraped) of(name string, matchers ...string) string {
	return name + "{" + strings.Join(append(matchers, `job="`+s.job+`"`), ",") + "}"
}

// compare compares the answers of Prometheus about the service with the ledger.
func compare(t *testing.T, p scraped, ledger *load.Ledger) {
	t.Helper()
	require.Zero(t, ledger.Failed, ledger.FirstFailure)
	require.Zero(t, ledger.Wrong, ledger.FirstWrong)
	require.Greater(t, ledger.Total(), int64(1000), "too little load to tell anything")
	compareCounters(t, p, ledger)
	compareResponseBytes(t, p, ledger)
	compareLatency(t, p, ledger)
	compareRequestBytes(t, p, ledger)

	require.Zero(t, p.Value(p.of("http_requests_in_flight")))
	require.EqualValues(t, ledger.Keys, p.Value(p.of("kv_keys")))
	require.EqualValues(t, ledger.KeyBytes, p.Value(p.of("kv_bytes")))
}

func compareCounters(t *testing.T, p scraped, ledger *load.Ledger) {
	t.Helper()
	want := map[string]float64{}
	for r, n := range ledger.Requests {
		want[testkit.Series("http_requests_total",
			"method", r.Method, "route", r.Route, "code", strconv.Itoa(r.Code))] = float64(n)
	}
	require.Equal(t, want, p.Values(p.of("http_requests_total")))

	get := load.Request{Method: http.MethodGet, Route: "/kv/{key}", Code: http.StatusOK}
	require.EqualValues(t, ledger.Requests[get], p.Value(p.of("kv_hits_total")))
	get.Code = http.StatusNotFound
	require.EqualValues(t, ledger.Requests[get], p.Value(p.of("kv_misses_total")))
}

// compareResponseBytes compares every bucket, and the quantiles that histogram_quantile computes
// from them.
func compareResponseBytes(t *testing.T, p scraped, ledger *load.Ledger) {
	t.Helper()
	const name = "http_response_body_bytes"
	buckets, counts, sums := map[string]float64{}, map[string]float64{}, map[string]float64{}
	for _, route := range routes {
		sizes := ledger.ResponseBytes[route]
		require.NotEmpty(t, sizes, route)
		for _, bound := range append(slices.Clone(responseBounds), math.Inf(1)) {
			le := strconv.FormatFloat(bound, 'g', -1, 64)
			buckets[testkit.Series(name+"_bucket", "route", route, "le", le)] = float64(atMost(sizes, bound))
		}
		counts[testkit.Series(name+"_count", "route", route)] = float64(sizes.Count())
		sums[testkit.Series(name+"_sum", "route", route)] = float64(sizes.Sum())
	}
	require.Equal(t, buckets, p.Values(p.of(name+"_bucket")))
	require.Equal(t, counts, p.Values(p.of(name+"_count")))
	require.Equal(t, sums, p.Values(p.of(name+"_sum")))

	for _, q := range []float64{0.1, 0.5, 0.9, 0.99} {
		quantiles := p.Values("histogram_quantile(" + strconv.FormatFloat(q, 'g', -1, 64) +
			", " + p.of(name+"_bucket") + ")")
		require.Len(t, quantiles, len(routes))
		for _, route := range routes {
			sizes := ledger.ResponseBytes[route]
			got := quantiles[testkit.Series("", "route", route)]
			i := slices.IndexFunc(responseBounds, func(b float64) bool {
				return float64(atMost(sizes, b)) >= q*float64(sizes.Count())
			})
			require.GreaterOrEqual(t, i, 0, "no response of the load is above the last bound")
			low, below := 0.0, 0.0
			if i > 0 {
				low = responseBounds[i-1]
				below = float64(atMost(sizes, low))
			}
			inside := float64(atMost(sizes, responseBounds[i])) - below
			want := low + (responseBounds[i]-low)*(q*float64(sizes.Count())-below)/inside
			require.InEpsilon(t, want, got, 1e-9, "%s %g", route, q)

			// The estimate and the real quantile are in the same bucket.
			exact := float64(quantile(sizes, q))
			require.True(t, low < exact || low == 0, "%s %g", route, q)
			require.LessOrEqual(t, exact, responseBounds[i], "%s %g", route, q)
		}
	}
}

// compareLatency compares the counts, and the times as far as the client of a connection knows
// them.
func compareLatency(t *testing.T, p scraped, ledger *load.Ledger) {
	t.Helper()
	const name = "http_request_duration_seconds"
	counts := p.Values(p.of(name + "_count"))
	infinite := p.Values(p.of(name+"_bucket", `le="+Inf"`))
	sums := p.Values(p.of(name + "_sum"))
	medians := p.Values("histogram_quantile(0.5, " + p.of(name+"_bucket") + ")")
	require.Len(t, counts, len(routes))
	byRoute := map[string]int64{}
	for r, n := range ledger.Requests {
		byRoute[r.Route] += n
	}
	for _, route := range routes {
		require.EqualValues(t, byRoute[route], counts[testkit.Series(name+"_count", "route", route)], route)
		require.EqualValues(t, byRoute[route],
			infinite[testkit.Series(name+"_bucket", "route", route, "le", "+Inf")], route)
		sum := sums[testkit.Series(name+"_sum", "route", route)]
		require.Positive(t, sum, route)
		require.Less(t, sum, ledger.Seconds[route], "serving takes a part of the time that the client waits")
		require.Positive(t, medians[testkit.Series("", "route", route)], route)
		// The buckets' counts do not go down from bound to bound.
		last := map[float64]float64{}
		for _, s := range p.Query(p.of(name+"_bucket", `route="`+route+`"`)) {
			bound, err := strconv.ParseFloat(s.Labels["le"], 64)
			require.NoError(t, err)
			last[bound] = s.Point.Value
		}
		require.Len(t, last, 17)
		previous := 0.0
		for _, bound := range slices.Sorted(maps.Keys(last)) {
			require.GreaterOrEqual(t, last[bound], previous, "%s %g", route, bound)
			previous = last[bound]
		}
	}
}

// compareRequestBytes checks that the rank of every quantile of the summary is within its promised
// error.
func compareRequestBytes(t *testing.T, p scraped, ledger *load.Ledger) {
	t.Helper()
	const name = "http_request_body_bytes"
	n := float64(ledger.RequestBytes.Count())
	require.Equal(t, n, p.Value(p.of(name+"_count")))
	require.EqualValues(t, ledger.RequestBytes.Sum(), p.Value(p.of(name+"_sum")))

	estimates := p.Values(p.of(name))
	require.Len(t, estimates, len(objectives))
	for q, epsilon := range objectives {
		v := estimates[testkit.Series(name, "quantile", strconv.FormatFloat(q, 'g', -1, 64))]
		require.NotZero(t, ledger.RequestBytes[int(v)], "%g is %g, which is no size that was sent", q, v)
		// Equal sizes share the ranks from first to last.
		first, last := float64(atMost(ledger.RequestBytes, v-1)+1), float64(atMost(ledger.RequestBytes, v))
		require.LessOrEqual(t, first, math.Ceil((q+epsilon)*n), "%g is %g, which is too high", q, v)
		require.GreaterOrEqual(t, last, math.Floor((q-epsilon)*n), "%g is %g, which is too low", q, v)
	}
}

// atMost returns the number of sizes that are not above the bound.
func atMost(sizes load.Sizes, bound float64) (n int64) {
	for size, count := range sizes {
		if float64(size) <= bound {
			n += count
		}
	}
	return n
}

// quantile returns the smallest size that has this share of all sizes at or below it.
func quantile(sizes load.Sizes, q float64) int {
	var below int64
	for _, size := range slices.Sorted(maps.Keys(sizes)) {
		if below += sizes[size]; float64(below) >= q*float64(sizes.Count()) {
			return size
		}
	}
	return -1
}

// pushedCounter defines a counter for a push.
func pushedCounter(t *testing.T, reg *engine.Registry, name string, value float64) *engine.Counter {
	t.Helper()
	c, err := reg.NewCounter(name, "As pushed.")
	require.NoError(t, err)
	c.Add(value)
	return c
}
