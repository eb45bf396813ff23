// SPDX-License-Identifier: Apache-2.0

package collect

import (
	"math"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

func TestRuntimeMetricsSayWhatTheRuntimeSays(t *testing.T) {
	reg := engine.NewRegistry()
	require.NoError(t, Go(reg))

	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	goroutines := runtime.NumGoroutine()
	page := pageOf(t, reg)
	runtime.ReadMemStats(&after)

	// The collector runs on a goroutine of its own.
	require.InDelta(t, goroutines+1, page.Value(t, "go_goroutines"), 1)
	require.EqualValues(t, runtime.GOMAXPROCS(0), page.Value(t, "go_sched_gomaxprocs_threads"))
	require.Positive(t, page.Value(t, "go_threads"))
	require.EqualValues(t, 1, page.Value(t, "go_info", "version", runtime.Version()))

	for name, want := range map[string][2]uint64{ // each total lies between the readings before and after
		"go_memstats_alloc_bytes_total": {before.TotalAlloc, after.TotalAlloc},
		"go_memstats_mallocs_total":     {before.Mallocs, after.Mallocs},
		"go_memstats_frees_total":       {before.Frees, after.Frees},
		"go_gc_duration_seconds_count":  {uint64(before.NumGC), uint64(after.NumGC)},
	} {
		require.GreaterOrEqual(t, page.Value(t, name), float64(want[0]), name)
		require.LessOrEqual(t, page.Value(t, name), float64(want[1]), name)
	}
	const slack = 1 << 20 // for what changed and changed back between the readings
	for name, want := range map[string][2]uint64{
		"go_memstats_alloc_bytes":         {before.Alloc, after.Alloc},
		"go_memstats_sys_bytes":           {before.Sys, after.Sys},
		"go_memstats_heap_alloc_bytes":    {before.HeapAlloc, after.HeapAlloc},
		"go_memstats_heap_sys_bytes":      {before.HeapSys, after.HeapSys},
		"go_memstats_heap_idle_bytes":     {before.HeapIdle, after.HeapIdle},
		"go_memstats_heap_inuse_bytes":    {before.HeapInuse, after.HeapInuse},
		"go_memstats_heap_released_bytes": {before.HeapReleased, after.HeapReleased},
		"go_memstats_stack_inuse_bytes":   {before.StackInuse, after.StackInuse},
		"go_memstats_stack_sys_bytes":     {before.StackSys, after.StackSys},
		"go_memstats_mspan_inuse_bytes":   {before.MSpanInuse, after.MSpanInuse},
		"go_memstats_mspan_sys_bytes":     {before.MSpanSys, after.MSpanSys},
		"go_memstats_mcache_inuse_bytes":  {before.MCacheInuse, after.MCacheInuse},
		"go_memstats_mcache_sys_bytes":    {before.MCacheSys, after.MCacheSys},
		"go_memstats_buck_hash_sys_bytes": {before.BuckHashSys, after.BuckHashSys},
		"go_memstats_gc_sys_bytes":        {before.GCSys, after.GCSys},
		"go_memstats_other_sys_bytes":     {before.OtherSys, after.OtherSys},
		"go_memstats_next_gc_bytes":       {before.NextGC, after.NextGC},
	} {
		require.GreaterOrEqual(t, page.Value(t, name), float64(min(want[0], want[1]))-slack, name)
		require.LessOrEqual(t, page.Value(t, name), float64(max(want[0], want[1]))+slack, name)
	}
	require.InDelta(t, after.HeapObjects, page.Value(t, "go_memstats_heap_objects"), 10_000)
	require.InDelta(t, float64(after.LastGC)/1e9, page.Value(t, "go_memstats_last_gc_time_seconds"), 5)
	require.InDelta(t, float64(after.PauseTotalNs)/1e9, page.Value(t, "go_gc_duration_seconds_sum"), 0.1)
}

func TestGoroutinesAreCounted(t *testing.T) {
	reg := engine.NewRegistry()
	require.NoError(t, Go(reg))
	before := pageOf(t, reg).Value(t, "go_goroutines")
	stop := make(chan struct{})
	for range 100 {
		go func() { <-stop }()
	}
	require.InDelta(t, before+100, pageOf(t, reg).Value(t, "go_goroutines"), 5)
	close(stop)
}

func TestSettingsOfTheCollectorShow(t *testing.T) {
	reg := engine.NewRegistry()
	require.NoError(t, Go(reg))
	defer debug.SetGCPercent(debug.SetGCPercent(123))
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(1 << 40))
	page := pageOf(t, reg)
	require.EqualValues(t, 123, page.Value(t, "go_gc_gogc_percent"))
	require.EqualValues(t, int64(1<<40), page.Value(t, "go_gc_gomemlimit_bytes"))
	debug.SetGCPercent(-1)
	require.EqualValues(t, float64(math.MaxUint64), pageOf(t, reg).Value(t, "go_gc_gogc_percent"))
}

func TestPausesHaveFiveQuantiles(t *testing.T) {
	reg := engine.NewRegistry()
	require.NoError(t, Go(reg))
	runtime.GC()
	page := pageOf(t, reg)
	last := 0.0
	for _, q := range []string{"0", "0.25", "0.5", "0.75", "1"} {
		value := page.Value(t, "go_gc_duration_seconds", "quantile", q)
		require.GreaterOrEqual(t, value, last)
		last = value
	}
	require.Positive(t, last)
}
