// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

// selfLines reads all that a registry has about itself, counting nothing.
func selfLines(r *engine.Registry) map[string]float64 {
	values := map[string]float64{}
	for f := range r.Read(engine.ReadOptions{}) {
		for s := range f.Samples() {
			if !strings.HasPrefix(f.Name(), "quipu_") {
				continue
			}
			value := s.Value()
			if h := s.Histogram(); h != nil {
				value = float64(h.Count)
				values[f.Name()+" sum"] = h.Sum
			}
			values[fmt.Sprint(f.Name(), s.Labels())] = value
		}
	}
	return values
}

// misused returns a registry that has counted something of every sort, n times.
func misused(t *testing.T, n int) *engine.Registry {
	clock := new(mortalClock)
	r, _ := logged()
	r = engine.NewRegistry(engine.WithLogger(r.Logger()), engine.WithClock(clock.now))
	c := must(r.NewCounter("c_total", ""))
	v := must(r.NewGaugeVec("v", "", []string{"a"}, engine.WithExpiry(time.Minute)))
	full := must(r.NewGaugeVec("full", "", []string{"a"}, engine.WithMaxSeries(1)))
	full.With("x")
	require.NoError(t, r.Attach(writing(func(w *engine.Writer) { w.Gauge("c_total", "", 1) })))
	must(r.NewCounterFunc("f_total", "", func() float64 { return -1 }))
	for i := range n {
		c.Add(-1)
		full.With("y", "z")
		full.With("y")
		v.With("a\xff").Set(1)
		exposed(t, r, engine.Exposition{})
		clock.add(2 * time.Minute)
		exposed(t, r, engine.Exposition{})
		exposed(t, r, engine.Exposition{Names: []string{fmt.Sprint(i)}})
	}
	return r
}

func TestOnlyTheOutermostRegistryShowsItselfAndCountsForAll(t *testing.T) {
	one, two, root := misused(t, 2), misused(t, 3), engine.NewRegistry()
	middle := engine.NewRegistry()
	require.NoError(t, middle.Mount(two, engine.WithPrefix("b_")))
	a, b, alone := selfLines(one), selfLines(two), selfLines(root)
	require.NoError(t, root.Mount(one, engine.WithPrefix("x_")))
	require.NoError(t, root.Mount(one, engine.WithPrefix("y_"))) // counted once
	require.NoError(t, root.Mount(middle))
	got := selfLines(root)
	for name, n := range a {
		switch {
		case strings.Contains(name, "failures"), strings.Contains(name, "source_drops"):
			// Reading them calls the function and the source again.
		case strings.Contains(name, "{metric "):
			require.Equal(t, n, got[strings.Replace(name, "{metric ", "{metric x_", 1)], name)
			require.Equal(t, b[name], got[strings.Replace(name, "{metric ", "{metric b_", 1)], name)
		case name == "quipu_series[]":
			require.Equal(t, n-float64(len(a)-1)+b[name]-float64(len(b)-1)+float64(len(got)-1), got[name],
				"one line is a sum and no series")
		default:
			require.Equal(t, n+b[name]+alone[name], got[name], name)
		}
	}
	for _, name := range []string{"{metric x_c_total} {reason clash}", "{metric b_c_total} {reason clash}"} {
		require.Positive(t, got["quipu_source_drops_total["+name+"]"], name)
	}
	require.Greater(t, got["quipu_callback_failures_total[{reason negative}]"], 10.0)
	page := string(expose(t, root, engine.Exposition{}))
	require.Equal(t, 1, strings.Count(page, "# TYPE quipu_scrapes_total "))
	require.Equal(t, 1, strings.Count(page, "\nquipu_scrapes_total"))
}

func TestCountersDoNotGoDownWhenARegistryIsUnmounted(t *testing.T) {
	root, between := engine.NewRegistry(), engine.NewRegistry()
	require.NoError(t, root.Mount(between))
	lasting := func() map[string]float64 {
		values := selfLines(root)
		for name := range values {
			if strings.HasPrefix(name, "quipu_series") || strings.HasPrefix(name, "quipu_waiting") {
				delete(values, name)
			}
		}
		return values
	}
	last := lasting()
	notLess := func(step string) map[string]float64 {
		now := lasting()
		for name, n := range last {
			require.GreaterOrEqual(t, now[name], n, "%s: %s", step, name)
		}
		last = now
		return now
	}
	dropped := "quipu_dropped_updates_total[{reason negative}]"
	lib := misused(t, 2)
	require.NoError(t, between.Mount(lib, engine.WithPrefix("x_")))
	require.EqualValues(t, 2, notLess("mounted")[dropped])
	require.True(t, between.Unmount(lib))
	require.EqualValues(t, 2, notLess("unmounted")[dropped])
	must(lib.NewCounter("c_total", "")).Add(-1)
	require.EqualValues(t, 2, notLess("counted elsewhere")[dropped])
	require.NoError(t, root.Mount(lib, engine.WithPrefix("x_")))
	require.EqualValues(t, 3, notLess("back in another place")[dropped], "nothing is counted twice")
	require.True(t, root.Unmount(between))
	require.EqualValues(t, 3, notLess("the one between is gone")[dropped])
	for i := range 20 { // registries that are gone for good
		short := misused(t, 1)
		require.NoError(t, root.Mount(short, engine.WithPrefix("y_")))
		require.EqualValues(t, 4+i, notLess("a short one")[dropped])
		require.True(t, root.Unmount(short))
		notLess("a short one has left")
		runtime.GC()
	}
	require.True(t, root.Unmount(lib))
	require.EqualValues(t, 23, notLess("all have left")[dropped])
	last = map[string]float64{}
	require.EqualValues(t, 23, notLess("and stay away")[dropped])
}

// Registries that come and go leave nothing behind.
func TestARegistryThatIsUnmountedIsCollected(t *testing.T) {
	root := engine.NewRegistry()
	collected := make(chan struct{})
	func() {
		lib := misused(t, 1)
		runtime.AddCleanup(lib, func(struct{}) { close(collected) }, struct{}{})
		require.NoError(t, root.Mount(lib))
		exposed(t, root, engine.Exposition{})
		require.True(t, root.Unmount(lib))
		exposed(t, root, engine.Exposition{})
	}()
	for range 50 {
		runtime.GC()
		select {
		case <-collected:
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
	t.Error("it is still in memory")
}
