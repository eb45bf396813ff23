// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/histogram"
)

// pool is what a collector might watch.
type pool struct {
	size, waits, latency, age Collected
	collect                   func(p *pool, e *Emission)
}

func (p *pool) Define(d *Definitions) {
	p.size = d.Gauge("pool_size", "Connections.", []string{"pool"})
	p.waits = d.Counter("pool_waits_total", "Waits.", nil)
	p.latency = d.Histogram("pool_latency_seconds", "Latency.", []string{"pool"}, WithBuckets(1, 2))
	p.age = d.Summary("pool_age_seconds", "Age.", nil, WithObjectives(map[float64]float64{0.5: 0.1}))
}

func (p *pool) Collect(e *Emission) { p.collect(p, e) }

func collectPool(p *pool, e *Emission) {
	e.Emit(p.size, 3, "a")
	e.Emit(p.size, 4.5, `b"`)
	e.Emit(p.waits, 7)
	e.EmitHistogram(p.latency, []uint64{1, 2, 3}, 12.5, "a")
	e.EmitSummary(p.age, []float64{0.25}, 4, 2)
}

const poolPage = `# HELP pool_age_seconds Age.
# TYPE pool_age_seconds summary
pool_age_seconds{quantile="0.5"} 0.25
pool_age_seconds_sum 2
pool_age_seconds_count 4
# HELP pool_latency_seconds Latency.
# TYPE pool_latency_seconds histogram
pool_latency_seconds_bucket{pool="a",le="1"} 1
pool_latency_seconds_bucket{pool="a",le="2"} 3
pool_latency_seconds_bucket{pool="a",le="+Inf"} 6
pool_latency_seconds_sum{pool="a"} 12.5
pool_latency_seconds_count{pool="a"} 6
# HELP pool_size Connections.
# TYPE pool_size gauge
pool_size{pool="a"} 3
pool_size{pool="b\""} 4.5
# HELP pool_waits_total Waits.
# TYPE pool_waits_total counter
pool_waits_total 7
`

func pageOf(t *testing.T, r *Registry) string {
	var b strings.Builder
	_, err := r.Expose(&b, Exposition{NoSelf: true})
	require.NoError(t, err)
	return b.String()
}

func TestCollectorsEmitAtScrapeTime(t *testing.T) {
	r := NewRegistry()
	require.NoError(t, r.Register(&pool{collect: collectPool}))
	for range 3 {
		require.Equal(t, poolPage, pageOf(t, r))
	}
}

func TestCollectorsGetConstantLabels(t *testing.T) {
	r := NewRegistry(WithConstLabels(Labels{"app": "x"}))
	require.NoError(t, r.Register(&pool{collect: collectPool}))
	page := pageOf(t, r)
	require.Contains(t, page, `pool_size{pool="a",app="x"} 3`)
	require.Contains(t, page, `pool_waits_total{app="x"} 7`)
}

func TestCollectorThatMisbehavesLosesOnlyItsMetrics(t *testing.T) {
	for name, collect := range map[string]func(*pool, *Emission){
		"panic": func(p *pool, e *Emission) { e.Emit(p.size, 1, "a"); panic("x") },
		"exit":  func(*pool, *Emission) { runtime.Goexit() },
	} {
		t.Run(name, func(t *testing.T) {
			r := NewRegistry()
			must(r.NewCounter("other_total", "")).Inc()
			require.NoError(t, r.Register(&pool{collect: collect}))
			require.Equal(t, "# TYPE other_total counter\nother_total 1\n", pageOf(t, r))
			require.Positive(t, r.self.failed[faultPanic].Value()+r.self.failed[faultExit].Value())
		})
	}
}

func TestCollectorMisuseIsDroppedAndCounted(t *testing.T) {
	r := NewRegistry(WithMaxSeries(3))
	require.NoError(t, r.Register(&pool{collect: func(p *pool, e *Emission) {
		collectPool(p, e)
		e.Emit(p.size, 9, "a")             // twice
		e.Emit(p.size, 9)                  // no label value
		e.Emit(p.waits, -1)                // a counter goes up
		e.Emit(p.latency, 1, "b")          // not one value
		e.EmitHistogram(p.latency, nil, 0) // no buckets
		e.EmitSummary(p.age, nil, 0, 0)    // no quantiles
		e.Emit(p.size, 1, "c")
		e.Emit(p.size, 1, "one too many")
	}}))
	page := pageOf(t, r)
	require.Equal(t, strings.Replace(poolPage, "4.5\n", "4.5\npool_size{pool=\"c\"} 1\n", 1), page)
	require.EqualValues(t, 5, r.self.dropped[faultLabels].Value())
	require.EqualValues(t, 1, r.self.dropped[faultNegative].Value())
	require.EqualValues(t, 1, r.self.overflow.Value())
}

func TestCollectorIsRegisteredWholeOrNotAtAll(t *testing.T) {
	r := NewRegistry()
	must(r.NewGauge("pool_waits_total", "In the way."))
	require.ErrorIs(t, r.Register(&pool{collect: collectPool}), ErrTaken)
	_, ok := r.Lookup("pool_size")
	require.False(t, ok)
	require.True(t, r.Unregister("pool_waits_total"))
	require.NoError(t, r.Register(&pool{collect: collectPool}))
	require.ErrorIs(t, r.Register(&pool{collect: collectPool}), ErrTaken, "a second collector is a different one")
	require.Equal(t, poolPage, pageOf(t, r))
}

// A page that has one family twice is refused as a whole.
func TestACollectorThatDefinesAMetricTwiceIsRefused(t *testing.T) {
	r := NewRegistry()
	err := r.Register(definer(func(d *Definitions) {
		d.Gauge("first", "", nil)
		d.Gauge("twice", "", nil)
		d.Gauge("twice", "", nil)
	}))
	require.ErrorIs(t, err, ErrTaken)
	require.ErrorContains(t, err, "gauge twice of a collector")
	require.Empty(t, pageOf(t, r))
	_, err = r.NewGauge("first", "")
	require.NoError(t, err, "its name was given back")
}

func TestACollectorWithANativeHistogramIsRefused(t *testing.T) {
	err := NewRegistry().Register(definer(func(d *Definitions) {
		d.Histogram("h", "", nil, WithNative(histogram.NativeDefaults()))
	}))
	require.ErrorIs(t, err, ErrOption)
}

// definer is a collector that only defines.
type definer func(*Definitions)

func (f definer) Define(d *Definitions) { f(d) }
func (definer) Collect(*Emission)       {}
