// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

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
	err := r.Register(&definer{func(d *Definitions) {
		d.Gauge("first", "", nil)
		d.Gauge("twice", "", nil)
		d.Gauge("twice", "", nil)
	}})
	require.ErrorIs(t, err, ErrTaken)
	require.ErrorContains(t, err, "gauge twice of a collector")
	require.Empty(t, pageOf(t, r))
	_, err = r.NewGauge("first", "")
	require.NoError(t, err, "its name was given back")
}

func TestACollectorWithANativeHistogramIsRefused(t *testing.T) {
	err := NewRegistry().Register(&definer{func(d *Definitions) {
		d.Histogram("h", "", nil, WithNative(histogram.NativeDefaults()))
	}})
	require.ErrorIs(t, err, ErrOption)
}

// definer is a collector that only defines.
type definer struct{ define func(*Definitions) }

func (f *definer) Define(d *Definitions) { f.define(d) }
func (*definer) Collect(*Emission)       {}

func TestACollectorThatDefinesNothingIsCalledAtEveryPage(t *testing.T) {
	r := NewRegistry()
	last := must(r.NewGauge("a_calls", ""))
	calls := 0
	c := &bare{collect: func(e *Emission) { calls++; last.Set(float64(calls)); e.Emit(Collected{}, 1) }}
	require.NoError(t, r.Register(c))
	for i := 1; i <= 3; i++ {
		require.Equal(t, fmt.Sprintf("# TYPE a_calls gauge\na_calls %d\n", i), pageOf(t, r), "what it sets is on the page")
	}
	require.EqualValues(t, 3, r.self.dropped[faultLabels].Value(), "it has no metric to emit for")

	_, err := r.Expose(io.Discard, Exposition{Names: []string{"a_calls"}})
	require.NoError(t, err)
	require.Equal(t, 3, calls, "a page of some metrics calls only what these need")

	require.ErrorIs(t, r.Register(c), ErrTaken)
	require.NoError(t, r.Register(&bare{collect: func(*Emission) { panic("x") }}), "another one")
	pageOf(t, r)
	require.EqualValues(t, 1, r.self.failed[faultPanic].Value())
	r.Clear()
	require.Empty(t, pageOf(t, r))
	require.Equal(t, 4, calls)
}

// bare is a collector without metrics.
type bare struct{ collect func(*Emission) }

func (*bare) Define(*Definitions)   {}
func (b *bare) Collect(e *Emission) { b.collect(e) }

// logged returns a registry and its log.
func logged() (*Registry, *bytes.Buffer) {
	log := new(bytes.Buffer)
	return NewRegistry(WithLogger(slog.New(slog.NewTextHandler(log, nil)))), log
}

// A collector's own Collect may be at work for another registry: each registry has its own call.
func TestACollectorInTwoRegistriesIsCalledByBothAtOnce(t *testing.T) {
	var inside atomic.Int32
	both := make(chan struct{})
	c := &pool{collect: func(p *pool, e *Emission) {
		if inside.Add(1) == 2 {
			close(both)
		}
		<-both // or the page is not complete
		collectPool(p, e)
	}}
	registries := []*Registry{NewRegistry(), NewRegistry(WithConstLabels(Labels{"app": "x"}))}
	for _, r := range registries {
		require.NoError(t, r.Register(c))
	}
	var pages [2]string
	var scrapes sync.WaitGroup
	for i, r := range registries {
		scrapes.Go(func() {
			var b strings.Builder
			_, err := r.Expose(&b, Exposition{NoSelf: true, Deadline: time.Now().Add(time.Minute)})
			require.NoError(t, err)
			pages[i] = b.String()
		})
	}
	scrapes.Wait()
	require.Equal(t, poolPage, pages[0])
	require.Contains(t, pages[1], `pool_size{pool="a",app="x"} 3`)
	require.NotEqual(t, pages[0], pages[1])
}

func TestARegistrationThatCannotWorkSaysWhy(t *testing.T) {
	r := NewRegistry()
	c := &pool{collect: collectPool}
	require.NoError(t, r.Register(c))
	for _, test := range []struct {
		c    Collector
		is   error
		says string
	}{
		{c, ErrTaken, "quipu: collector *engine.pool: name is taken: this very collector is registered already"},
		{&pool{collect: collectPool}, ErrTaken, "pool_size"},
		{nil, ErrOption, "quipu: Register: invalid option: the collector is nil"},
		{(*pool)(nil), ErrOption, "quipu: Register: invalid option: the collector is a nil *engine.pool"},
		{incomparable{}, ErrOption, "quipu: collector engine.incomparable: invalid option: it is not comparable: register a pointer to it"},
	} {
		err := r.Register(test.c)
		require.ErrorIs(t, err, test.is)
		require.ErrorContains(t, err, test.says)
		if test.c != Collector(c) {
			require.NotContains(t, err.Error(), "this very collector")
		}
	}
	require.ErrorContains(t, (*Registry)(nil).Register(c), "quipu: collector *engine.pool: invalid option: the registry is nil")
}

type incomparable struct{ _ []int }

func (incomparable) Define(*Definitions) {}
func (incomparable) Collect(*Emission)   {}
