// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

func TestCollectorsEmitAtScrapeTime(t *testing.T) {
	r := engine.NewRegistry()
	require.NoError(t, r.Register(&watchedPool{collect: collectPool}))
	for range 3 {
		require.Equal(t, poolPage, pageOf(t, r))
	}
}

func TestCollectorsGetConstantLabels(t *testing.T) {
	r := engine.NewRegistry(engine.WithConstLabels(engine.Labels{"app": "x"}))
	require.NoError(t, r.Register(&watchedPool{collect: collectPool}))
	page := pageOf(t, r)
	require.Contains(t, page, `pool_size{pool="a",app="x"} 3`)
	require.Contains(t, page, `pool_waits_total{app="x"} 7`)
}

func TestCollectorThatMisbehavesLosesOnlyItsMetrics(t *testing.T) {
	for name, collect := range map[string]func(*watchedPool, *engine.Emission){
		"panic": func(p *watchedPool, e *engine.Emission) { e.Emit(p.size, 1, "a"); panic("x") },
		"exit":  func(*watchedPool, *engine.Emission) { runtime.Goexit() },
	} {
		t.Run(name, func(t *testing.T) {
			r := engine.NewRegistry()
			must(r.NewCounter("other_total", "")).Inc()
			require.NoError(t, r.Register(&watchedPool{collect: collect}))
			require.Equal(t, "# TYPE other_total counter\nother_total 1\n", pageOf(t, r))
			require.Positive(t, failed(t, r, "panic")+failed(t, r, "exit"))
		})
	}
}

func TestCollectorIsRegisteredWholeOrNotAtAll(t *testing.T) {
	r := engine.NewRegistry()
	must(r.NewGauge("pool_waits_total", "In the way."))
	require.ErrorIs(t, r.Register(&watchedPool{collect: collectPool}), engine.ErrTaken)
	_, ok := r.Lookup("pool_size")
	require.False(t, ok)
	require.True(t, r.Unregister("pool_waits_total"))
	require.NoError(t, r.Register(&watchedPool{collect: collectPool}))
	require.ErrorIs(t, r.Register(&watchedPool{collect: collectPool}), engine.ErrTaken,
		"a second collector is a different one")
	require.Equal(t, poolPage, pageOf(t, r))
}

func TestACollectorIsUnregisteredByItself(t *testing.T) {
	r := engine.NewRegistry()
	calls := 0
	pool, withoutMetrics := &watchedPool{collect: collectPool}, &definer{func(*engine.Definitions) { calls++ }}
	must(r.NewGauge("other", "")).Set(1)
	require.False(t, r.UnregisterCollector(pool))
	for range 2 {
		require.NoError(t, r.Register(pool))
		require.NoError(t, r.Register(withoutMetrics))
		require.False(t, r.UnregisterCollector(&watchedPool{}), "another one of its type")
		require.True(t, r.UnregisterCollector(pool))
		require.False(t, r.UnregisterCollector(pool))
		require.True(t, r.UnregisterCollector(withoutMetrics))
		require.False(t, r.UnregisterCollector(withoutMetrics))
		require.Equal(t, "# TYPE other gauge\nother 1\n", pageOf(t, r))
	}
	require.Equal(t, 2, calls)
	for _, none := range []engine.Collector{nil, (*watchedPool)(nil), incomparable{}} {
		require.False(t, r.UnregisterCollector(none))
	}
}

// definer is a collector that defines metrics and emits nothing.
type definer struct{ define func(*engine.Definitions) }

func (f *definer) Define(d *engine.Definitions) { f.define(d) }
func (*definer) Collect(*engine.Emission)       {}

// Parsers refuse a whole page if it has a family twice.
func TestACollectorThatDefinesAMetricTwiceIsRefused(t *testing.T) {
	r := engine.NewRegistry()
	err := r.Register(&definer{func(d *engine.Definitions) {
		d.Gauge("first", "", nil)
		d.Gauge("twice", "", nil)
		d.Gauge("twice", "", nil)
	}})
	require.ErrorIs(t, err, engine.ErrTaken)
	require.ErrorContains(t, err, "gauge twice of a collector")
	require.Empty(t, pageOf(t, r))
	_, err = r.NewGauge("first", "")
	require.NoError(t, err, "its name was given back")
}

func TestACollectorWithANativeHistogramIsRefused(t *testing.T) {
	err := engine.NewRegistry().Register(&definer{func(d *engine.Definitions) {
		d.Histogram("h", "", nil, engine.WithNative(histogram.NativeDefaults()))
	}})
	require.ErrorIs(t, err, engine.ErrOption)
}

// withoutMetrics is a collector that defines no metrics.
type withoutMetrics struct{ collect func(*engine.Emission) }

func (*withoutMetrics) Define(*engine.Definitions)   {}
func (b *withoutMetrics) Collect(e *engine.Emission) { b.collect(e) }

func TestACollectorThatDefinesNothingIsCalledAtEveryPage(t *testing.T) {
	r := engine.NewRegistry()
	last := must(r.NewGauge("a_calls", ""))
	calls := 0
	c := &withoutMetrics{collect: func(e *engine.Emission) {
		calls++
		last.Set(float64(calls))
		e.Emit(engine.Collected{}, 1)
	}}
	require.NoError(t, r.Register(c))
	for i := 1; i <= 3; i++ {
		require.Equal(t, fmt.Sprintf("# TYPE a_calls gauge\na_calls %d\n", i), pageOf(t, r),
			"the value that it sets is on the page")
	}
	require.EqualValues(t, 3, dropped(t, r, "labels"), "it has no metric to emit for")

	_, err := r.Expose(io.Discard, engine.Exposition{Names: []string{"a_calls"}})
	require.NoError(t, err)
	require.Equal(t, 3, calls, "a page of some metrics calls only what these need")

	require.ErrorIs(t, r.Register(c), engine.ErrTaken)
	require.NoError(t, r.Register(&withoutMetrics{collect: func(*engine.Emission) { panic("x") }}), "another one")
	pageOf(t, r)
	require.EqualValues(t, 1, failed(t, r, "panic"))
	r.Clear()
	require.Empty(t, pageOf(t, r))
	require.Equal(t, 4, calls)
}

// Each registry makes its own call of Collect, also while a call for another registry is running.
func TestACollectorInTwoRegistriesIsCalledByBothAtOnce(t *testing.T) {
	var inside atomic.Int32
	both := make(chan struct{})
	c := &watchedPool{collect: func(p *watchedPool, e *engine.Emission) {
		if inside.Add(1) == 2 {
			close(both)
		}
		<-both // a page that waited for the other registry would be incomplete
		collectPool(p, e)
	}}
	registries := []*engine.Registry{engine.NewRegistry(),
		engine.NewRegistry(engine.WithConstLabels(engine.Labels{"app": "x"}))}
	for _, r := range registries {
		require.NoError(t, r.Register(c))
	}
	var pages [2]string
	var scrapes sync.WaitGroup
	for i, r := range registries {
		scrapes.Go(func() {
			var b strings.Builder
			_, err := r.Expose(&b, engine.Exposition{NoSelf: true, Deadline: time.Now().Add(time.Minute)})
			require.NoError(t, err)
			pages[i] = b.String()
		})
	}
	scrapes.Wait()
	require.Equal(t, poolPage, pages[0])
	require.Contains(t, pages[1], `pool_size{pool="a",app="x"} 3`)
	require.NotEqual(t, pages[0], pages[1])
}

type incomparable struct{ _ []int }

func (incomparable) Define(*engine.Definitions) {}
func (incomparable) Collect(*engine.Emission)   {}

func TestARegistrationThatCannotWorkSaysWhy(t *testing.T) {
	r := engine.NewRegistry()
	c := &watchedPool{collect: collectPool}
	require.NoError(t, r.Register(c))
	for _, test := range []struct {
		c    engine.Collector
		is   error
		says string
	}{
		{c, engine.ErrTaken,
			"quipu: collector *engine_test.watchedPool: name is taken: this very collector is registered already"},
		{&watchedPool{collect: collectPool}, engine.ErrTaken, "pool_size"},
		{nil, engine.ErrOption, "quipu: Register: invalid option: the collector is nil"},
		{(*watchedPool)(nil), engine.ErrOption,
			"quipu: Register: invalid option: the collector is a nil *engine_test.watchedPool"},
		{incomparable{}, engine.ErrOption,
			"quipu: collector engine_test.incomparable: invalid option: " +
				"it is not comparable: register a pointer to it"},
	} {
		err := r.Register(test.c)
		require.ErrorIs(t, err, test.is)
		require.ErrorContains(t, err, test.says)
		if test.c != engine.Collector(c) {
			require.NotContains(t, err.Error(), "this very collector")
		}
	}
	require.ErrorContains(t, (*engine.Registry)(nil).Register(c),
		"quipu: collector *engine_test.watchedPool: invalid option: the registry is nil")
}

type pooled struct {
	pool string
	size engine.Collected
}

func (p *pooled) Define(d *engine.Definitions) {
	p.size = d.Gauge("size", "", nil, engine.WithConstLabels(engine.Labels{"pool": p.pool}))
}

func (p *pooled) Collect(e *engine.Emission) { e.Emit(p.size, 1) }

func TestCollectorsWithOtherConstantLabelsStandSideBySide(t *testing.T) {
	r := engine.NewRegistry()
	require.NoError(t, r.Register(&pooled{pool: "a"}))
	require.NoError(t, r.Register(&pooled{pool: "b"}))
	err := r.Register(&pooled{pool: "b"})
	require.ErrorIs(t, err, engine.ErrTaken)
	require.Contains(t, err.Error(), "origin differs: a collector, but another collector in the first definition, at ")
	require.Equal(t, "# TYPE size gauge\nsize{pool=\"a\"} 1\nsize{pool=\"b\"} 1\n", exposed(t, r, engine.Exposition{}))
}
