// SPDX-License-Identifier: Apache-2.0

package collect

import (
	"errors"
	"flag"
	"log/slog"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func pageOf(t *testing.T, reg *engine.Registry) *testkit.Page {
	t.Helper()
	var b strings.Builder
	_, err := reg.Expose(&b, engine.Exposition{NoSelf: true})
	require.NoError(t, err)
	page, err := testkit.ParsePage(b.String())
	require.NoError(t, err)
	return page
}

// everything registers all collectors.
func everything(t testing.TB) *engine.Registry {
	t.Helper()
	reg := engine.NewRegistry()
	require.NoError(t, Go(reg))
	require.NoError(t, Process(reg))
	require.NoError(t, Build(reg))
	return reg
}

// TestNamesAndTypesAreThoseOfDashboards compares names, types and help with a list that was checked against dashboards.
func TestNamesAndTypesAreThoseOfDashboards(t *testing.T) {
	var b strings.Builder
	for info := range everything(t).All() {
		if runtime.GOOS == "linux" || !strings.HasPrefix(info.Name, "process_") {
			b.WriteString(info.Name + " " + info.Type + " {" + strings.Join(info.Labels, ",") + "} " + info.Help + "\n")
		}
	}
	golden := filepath.Join("testdata", "families.txt")
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(b.String()), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	if runtime.GOOS == "linux" {
		require.Equal(t, string(want), b.String())
	}
}

func TestEveryFamilyHasASample(t *testing.T) {
	if runtime.GOOS != "linux" {
		return // without /proc there is nothing of the process
	}
	reg := everything(t)
	page := pageOf(t, reg)
	for info := range reg.All() {
		require.NotEmpty(t, page.Types[info.Name], info.Name)
	}
	for series, value := range page.Samples {
		require.False(t, math.IsNaN(value) || math.IsInf(value, 0) || value < 0, "%s %v", series, value)
	}
}

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

	for name, want := range map[string][2]uint64{ // totals lie between the readings before and after
		"go_memstats_alloc_bytes_total": {before.TotalAlloc, after.TotalAlloc},
		"go_memstats_mallocs_total":     {before.Mallocs, after.Mallocs},
		"go_memstats_frees_total":       {before.Frees, after.Frees},
		"go_gc_duration_seconds_count":  {uint64(before.NumGC), uint64(after.NumGC)},
	} {
		require.GreaterOrEqual(t, page.Value(t, name), float64(want[0]), name)
		require.LessOrEqual(t, page.Value(t, name), float64(want[1]), name)
	}
	const slack = 1 << 20 // what may have happened since
	for name, want := range map[string]uint64{
		"go_memstats_alloc_bytes":         after.Alloc,
		"go_memstats_sys_bytes":           after.Sys,
		"go_memstats_heap_alloc_bytes":    after.HeapAlloc,
		"go_memstats_heap_sys_bytes":      after.HeapSys,
		"go_memstats_heap_idle_bytes":     after.HeapIdle,
		"go_memstats_heap_inuse_bytes":    after.HeapInuse,
		"go_memstats_heap_released_bytes": after.HeapReleased,
		"go_memstats_stack_inuse_bytes":   after.StackInuse,
		"go_memstats_stack_sys_bytes":     after.StackSys,
		"go_memstats_mspan_inuse_bytes":   after.MSpanInuse,
		"go_memstats_mspan_sys_bytes":     after.MSpanSys,
		"go_memstats_mcache_inuse_bytes":  after.MCacheInuse,
		"go_memstats_mcache_sys_bytes":    after.MCacheSys,
		"go_memstats_buck_hash_sys_bytes": after.BuckHashSys,
		"go_memstats_gc_sys_bytes":        after.GCSys,
		"go_memstats_other_sys_bytes":     after.OtherSys,
		"go_memstats_next_gc_bytes":       after.NextGC,
	} {
		require.InDelta(t, want, page.Value(t, name), slack, name)
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

func TestLatencyLayoutLosesNoBucket(t *testing.T) {
	inf := math.Inf(1)
	l := newLatencyLayout([]float64{-inf, 0, 5e-7, 1e-6, 2e-6, 4e-6, 1, 2, inf})
	require.Equal(t, []float64{1e-6, 4e-6, 1}, l.bounds)
	require.Equal(t, []int{0, 0, 0, 1, 1, 2, 3, 3}, l.into)
	require.InDeltaSlice(t, []float64{0, 2.5e-7, 7.5e-7, 1.5e-6, 3e-6, 0.500002, 1.5, 2}, l.middle, 1e-9)

	counts := make([]uint64, 4)
	for range 2 { // the second time must not add to the first
		sum := l.merge(counts, []uint64{1, 2, 4, 8, 16, 32, 64, 128})
		require.Equal(t, []uint64{1 + 2 + 4, 8 + 16, 32, 64 + 128}, counts)
		require.InDelta(t, 32*0.500002+64*1.5+128*2, sum, 0.001)
	}
}

func TestSchedulingLatenciesAreObserved(t *testing.T) {
	reg := engine.NewRegistry()
	require.NoError(t, Go(reg))
	before := pageOf(t, reg)
	done := make(chan struct{})
	for range 1000 {
		go func() { done <- struct{}{} }()
	}
	for range 1000 {
		<-done
	}
	after := pageOf(t, reg)
	const name = "go_sched_latencies_seconds"
	// The runtime looks at one event in eight.
	require.Greater(t, after.Value(t, name+"_count"), before.Value(t, name+"_count"))
	require.Greater(t, after.Value(t, name+"_sum"), before.Value(t, name+"_sum"))
	bounds := 0
	for series := range after.Samples {
		if strings.HasPrefix(series, name+"_bucket{") {
			bounds++
		}
	}
	require.GreaterOrEqual(t, bounds, 8)
	require.LessOrEqual(t, bounds, 14)
}

func TestBuildInfoSaysWhatWasBuilt(t *testing.T) {
	reg := engine.NewRegistry()
	require.NoError(t, Build(reg))
	require.NoError(t, Build(reg), "once more is the same")
	build, ok := debug.ReadBuildInfo()
	require.True(t, ok)
	require.EqualValues(t, 1, pageOf(t, reg).Value(t, "go_build_info", "path", orUnknown(build.Main.Path),
		"version", orUnknown(build.Main.Version), "checksum", orUnknown(build.Main.Sum)))
}

func TestSecondCallChangesNothing(t *testing.T) {
	reg := everything(t)
	require.ErrorIs(t, Go(reg), engine.ErrTaken)
	if runtime.GOOS == "linux" {
		require.ErrorIs(t, Process(reg), engine.ErrTaken)
	}
	require.Positive(t, pageOf(t, reg).Value(t, "go_goroutines"))
}

// Both have a label version of their own, and failed as a whole.
func TestAConstantLabelVersionOfTheRegistryCostsNothing(t *testing.T) {
	reg := engine.NewRegistry(engine.WithConstLabels(engine.Labels{"version": "7", "zone": "eu"}), engine.WithLogger(slog.New(slog.DiscardHandler)))
	require.NoError(t, errors.Join(Go(reg), Process(reg), Build(reg)))
	page := pageOf(t, reg)
	require.Equal(t, 1.0, page.Value(t, "go_info", "version", runtime.Version(), "zone", "eu"))
	require.Positive(t, page.Value(t, "go_goroutines", "version", "7", "zone", "eu"))
	require.Contains(t, page.Types, "go_build_info")
}

func TestPromtoolAcceptsThePage(t *testing.T) {
	promtool := testkit.Require(t, "promtool")
	lint := exec.Command(promtool, "check", "metrics")
	lint.Stdin = strings.NewReader(pageOf(t, everything(t)).Text)
	out, err := lint.CombinedOutput()
	require.NoError(t, err)
	require.Empty(t, string(out))
}

func TestEveryFormatHasThePage(t *testing.T) {
	reg := everything(t)
	for _, format := range []encode.Format{encode.Text, encode.OpenMetrics, encode.Protobuf} {
		var b strings.Builder
		_, err := reg.Expose(&b, engine.Exposition{Format: format, NoSelf: true})
		require.NoError(t, err)
		require.Contains(t, b.String(), "go_goroutines")
	}
}
