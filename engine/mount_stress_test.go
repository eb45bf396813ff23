// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

// Everything happens at once in three layers of registries. Pages must be whole, have each series
// once, and show no counter going down that stays.
func TestRegistriesAreMountedDefinedAndReadAtOnce(t *testing.T) {
	root, _ := logged()
	middles, libs := make([]*engine.Registry, 2), make([]*engine.Registry, 4)
	for i := range middles {
		middles[i] = engine.NewRegistry()
		require.NoError(t, root.Mount(middles[i], one("middle", fmt.Sprint(i))))
	}
	for i := range libs {
		libs[i], _ = logged()
		require.NoError(t, libs[i].Attach(writing(func(w *engine.Writer) { w.Gauge("from_source", "", 1) })))
		require.NoError(t, libs[i].Register(&library{value: float64(i)}))
	}
	steady := must(root.NewCounter("steady_total", ""))
	var misuses, pages atomic.Int64
	stop := background(
		func(int) { // mounts
			at, lib := middles[rand.IntN(2)], libs[rand.IntN(4)]
			options := []engine.MountOption{one("lib", fmt.Sprint(rand.IntN(2)))}
			if rand.IntN(2) == 0 {
				options = append(options, engine.WithPrefix("lib_"))
			}
			_ = at.Mount(lib, options...)
			_ = lib.Mount(root)              // always a cycle, or soon
			_ = middles[0].Mount(middles[1]) // not always one
			if rand.IntN(2) == 0 {
				at.Unmount(lib)
				middles[0].Unmount(middles[1])
				lib.Unmount(root)
			}
		},
		func(i int) { // definitions
			lib := libs[rand.IntN(4)]
			name := fmt.Sprintf("x%d_total", i%8)
			if v, err := lib.NewCounterVec(name, fmt.Sprint(i%2), nil); err == nil {
				v.WithLabels(engine.Labels{"a": fmt.Sprint(i % 3)}).Inc()
				v.WithLabels(engine.Labels{"lib": "1"}).Inc()
			}
			if rand.IntN(3) == 0 {
				lib.Unregister(name)
			}
			steady.Inc()
			must(libs[0].NewCounter("bad_total", "")).Add(-1)
			misuses.Add(1)
		},
		func(int) { // pages
			page, err := parseText(expose(t, root, engine.Exposition{}))
			if err != nil {
				t.Error(err)
				return
			}
			seen := map[string]bool{}
			for _, f := range page.families {
				for _, s := range f.samples {
					if seen[s.key()] {
						t.Errorf("%s is there twice", s.key())
					}
					seen[s.key()] = true
				}
			}
			pages.Add(1)
		},
		func(int) {
			last := 0.0
			for f := range root.Read(engine.ReadOptions{Names: []string{"steady_total"}}) {
				for s := range f.Samples() {
					if s.Value() < last {
						t.Error("a counter went down")
					}
					last = s.Value()
				}
			}
		},
		func(int) {
			expose(t, root, engine.Exposition{Format: openMetrics})
			expose(t, middles[0], engine.Exposition{Format: protobuf})
		},
	)
	time.Sleep(span(500*time.Millisecond, 20*time.Second))
	stop()
	require.Positive(t, pages.Load())

	for _, r := range append(append([]*engine.Registry{root}, middles...), libs...) {
		r.Clear()
	}
	for i, lib := range libs {
		require.NoError(t, root.Mount(lib, one("lib", fmt.Sprint(i))), "whatever happened, all can be mounted")
	}
	must(libs[0].NewGauge("last", "")).Set(1)
	require.Equal(t, "# TYPE last gauge\nlast{lib=\"0\"} 1\n", exposed(t, root, engine.Exposition{}))
	require.EqualValues(t, misuses.Load(), selfLines(root)["quipu_dropped_updates_total[{reason negative}]"])
	require.False(t, strings.Contains(exposed(t, libs[1], engine.Exposition{}), "last"))
}

// Two registries that mount each other at the same time never both succeed.
func TestNoTwoGoroutinesMakeACycle(t *testing.T) {
	for range 300 {
		all := []*engine.Registry{engine.NewRegistry(), engine.NewRegistry(), engine.NewRegistry()}
		errs := make(chan error, len(all))
		for i, r := range all {
			go func() { errs <- r.Mount(all[(i+1)%len(all)]) }()
		}
		failed := 0
		for range all {
			if err := <-errs; err != nil {
				require.ErrorIs(t, err, engine.ErrOption)
				failed++
			}
		}
		require.Equal(t, 1, failed)
		for _, r := range all {
			exposed(t, r, engine.Exposition{})
		}
	}
}
