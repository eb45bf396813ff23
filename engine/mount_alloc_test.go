// SPDX-License-Identifier: Apache-2.0

//go:build !race

package engine_test

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
)

// leastAllocs returns how many objects a call of f allocates: the least of a few counts, because
// goroutines of earlier tests allocate too.
func leastAllocs(f func()) float64 {
	f()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	least := testing.AllocsPerRun(1, f)
	for i := 0; i < 5 && least > 0; i++ {
		least = min(least, testing.AllocsPerRun(1, f))
	}
	return least
}

func TestPagesAndReadsOfMountedRegistriesAllocateNothing(t *testing.T) {
	root, _ := logged()
	for i := range 10 {
		lib := crowd(t, 10_000, 1000, 100)
		open := must(lib.NewGaugeVec("open", "", nil))
		open.WithLabels(engine.Labels{"a": "1"}).Set(1)
		open.WithLabels(engine.Labels{"pool": "own"}).Set(1) // is left out
		must(lib.NewGauge("clash", "")).Set(1)
		require.NoError(t, root.Mount(lib, engine.WithPrefix("lib_"), one("pool", fmt.Sprint(i))))
		must(lib.NewCounter("c_total", "Counters.", one("never", "shown"))).Add(-1)
	}
	must(root.NewGauge("lib_clash", "Another help text.")).Set(1)
	for _, format := range []encode.Format{encode.Text, openMetrics, protobuf} {
		for _, e := range []engine.Exposition{{Format: format}, {Format: format, Names: []string{"lib_c_total"}}} {
			n := leastAllocs(func() {
				if _, err := root.Expose(io.Discard, e); err != nil {
					panic(err)
				}
			})
			require.Zero(t, n, "%s %v", format, e)
		}
	}
	series := 0
	n := leastAllocs(func() {
		series = 0
		for f := range root.Read(engine.ReadOptions{}) {
			for s := range f.Samples() {
				series += len(s.Labels()) / 2
			}
		}
	})
	require.Greater(t, series, 100_000)
	require.Zero(t, n)
}

// The contract in one: 100 000 series of 1 and of 1 000 families, which all may expire, in mounted
// registries.
func TestUpdatesPagesAndReadsOfMountedSeriesThatMayExpireAllocateNothing(t *testing.T) {
	series := 100_000
	if testing.Short() {
		series /= 10
	}
	for _, families := range []int{1, 1000} {
		libs := min(families, 10)
		root, clock := mortalRegistry()
		vecs := make([]*engine.CounterVec, families)
		var lib *engine.Registry
		for i := range vecs {
			if i%(families/libs) == 0 {
				lib, _ = mortalRegistry(engine.WithMaxSeries(engine.NoLimit), engine.WithClock(clock.now))
				require.NoError(t, root.Mount(lib, engine.WithPrefix("lib_"), one("pool", fmt.Sprint(i))))
			}
			vecs[i] = must(lib.NewCounterVec(fmt.Sprintf("c%d_total", i), "", []string{"a"}))
			for k := range series / families {
				vecs[i].With(fmt.Sprint(k)).Inc()
			}
		}
		page := func(e engine.Exposition) func() {
			return func() {
				if _, err := root.Expose(io.Discard, e); err != nil {
					panic(err)
				}
			}
		}
		shown := 0
		for name, f := range map[string]func(){
			"an update":      func() { vecs[0].With("1").Inc() },
			"a curried one":  vecs[0].Curry(engine.Labels{"a": "1"}).With().Inc,
			"text":           page(engine.Exposition{}),
			"OpenMetrics":    page(engine.Exposition{Format: openMetrics}),
			"protobuf":       page(engine.Exposition{Format: protobuf}),
			"a family of it": page(engine.Exposition{Names: []string{"lib_c0_total"}}),
			"a read":         func() { shown = countSeries(root) },
		} {
			require.Zero(t, leastAllocs(f), "%d families: %s", families, name)
		}
		require.Equal(t, series, shown)
		clock.add(time.Minute / 2)
		vecs[0].With("1").Inc()
		page(engine.Exposition{})()
		clock.add(time.Minute / 2)
		require.Equal(t, 1, countSeries(root), "they do expire")
	}
}

// countSeries returns how many series a read shows.
func countSeries(r *engine.Registry) (n int) {
	for f := range r.Read(engine.ReadOptions{NoSelf: true}) {
		for s := range f.Samples() {
			n += len(s.Labels()) / 2
		}
	}
	return n
}

func TestAThousandMountedRegistriesAreSmall(t *testing.T) {
	const n = 1000
	root := engine.NewRegistry()
	keep := make([]*engine.Registry, n)
	before := heap()
	for i := range keep {
		keep[i] = engine.NewRegistry()
		require.NoError(t, root.Mount(keep[i], one("pool", fmt.Sprint(i))))
	}
	exposed(t, root, engine.Exposition{})
	empty := int(heap()-before) / n
	t.Logf("an empty registry that is mounted takes %d bytes", empty)
	require.Less(t, empty, 2048)
	for _, lib := range keep {
		for j := range 10 {
			must(lib.NewCounterVec(fmt.Sprint("requests_", j, "_total"), "Requests.", []string{"path"})).With("/").Inc()
		}
	}
	defined := heap()
	require.Equal(t, 10*n, strings.Count(exposed(t, root, engine.Exposition{}), `{path="/",pool="`))
	shown := int(heap()-defined) / n
	t.Logf("its ten metrics take %d bytes more, and %d on the page of another one", int(defined-before)/n-empty, shown)
	require.Less(t, shown, 10<<10)
	runtime.KeepAlive(keep)
}
