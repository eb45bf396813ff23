// SPDX-License-Identifier: Apache-2.0

package metrictest

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

func TestValueReadsOneSample(t *testing.T) {
	reg := sample(t)
	app := engine.Labels{"app": "x"}
	require.EqualValues(t, 3, Value(t, reg, "requests_total", engine.Labels{"code": "200", "path": "/", "app": "x"}))
	require.EqualValues(t, 1, Value(t, reg, "requests_total",
		engine.Labels{"code": "404", "path": "/a\"\\\n", "app": "x"}))
	require.True(t, math.IsNaN(Value(t, reg, "level_celsius", app)))
	require.EqualValues(t, 4, Value(t, reg, "work_seconds_count", app))
	require.EqualValues(t, 103.5, Value(t, reg, "work_seconds_sum", app))
	for _, le := range []string{"1", "1.0", "1e0"} {
		require.EqualValues(t, 2, Value(t, reg, "work_seconds_bucket", engine.Labels{"app": "x", "le": le}), le)
	}
	require.EqualValues(t, 4, Value(t, reg, "work_seconds_bucket", engine.Labels{"app": "x", "le": "+Inf"}))
	require.EqualValues(t, 7, Value(t, reg, "size_bytes", engine.Labels{"app": "x", "quantile": "0.50"}))
	require.Zero(t, Value(t, reg, "quipu_inexact_snapshots_total", app))
}

func TestMissingSampleIsSaidWithWhatIsThere(t *testing.T) {
	reg := sample(t)
	fake := try(t, func(tb testing.TB) { Value(tb, reg, "requests_total", engine.Labels{"path": "/"}) })
	require.Equal(t, `the page has no sample requests_total{path="/"}; those of that name are:
  requests_total{app="x",code="200",path="/"} 3
  requests_total{app="x",code="404",path="/a\"\\\n"} 1`, fake.fatal)
	fake = try(t, func(tb testing.TB) { Value(tb, reg, "request_total", nil) })
	require.Equal(t,
		"the page has no sample request_total; it has level_celsius, requests_total, size_bytes, work_seconds",
		fake.fatal)
	fake = try(t, func(tb testing.TB) { Get(tb, reg, "empty") })
	require.Equal(t, "the page has no family empty; empty is registered, no series yet", fake.fatal)
	fake = try(t, func(tb testing.TB) { Value(tb, reg, "empty", engine.Labels{"a": "b"}) })
	require.Equal(t, `the page has no sample empty{a="b"}; empty is registered, no series yet`, fake.fatal)
	fake = try(t, func(tb testing.TB) { Value(tb, reg, "work_seconds", engine.Labels{"app": "x"}) })
	require.Equal(t,
		`the page has no sample work_seconds{app="x"}; work_seconds is a histogram: ask for work_seconds_count or `+
			`work_seconds_sum`, fake.fatal)
	fake = try(t, func(tb testing.TB) { Get(tb, reg, "gone") })
	require.Equal(t, "the page has no family gone; it has level_celsius, requests_total, size_bytes, work_seconds",
		fake.fatal)
	fake = try(t, func(tb testing.TB) { Value(tb, engine.NewRegistry(), "x", nil) })
	require.Equal(t, "the page has no sample x; it is empty", fake.fatal)

	many := engine.NewRegistry()
	vec, err := many.NewCounterVec("a_total", "", []string{"i"})
	require.NoError(t, err)
	for i := range 30 {
		vec.With(fmt.Sprint(i)).Inc()
	}
	fake = try(t, func(tb testing.TB) { Value(tb, many, "a_total", nil) })
	require.Contains(t, fake.fatal, "and 10 more")
}

func TestGetReadsAWholeFamily(t *testing.T) {
	reg := sample(t)
	require.Equal(t, Family{
		Name: "work_seconds", Help: "Work.", Type: "histogram", Samples: []Sample{
			{"work_seconds_bucket", engine.Labels{"app": "x", "le": "1"}, 2},
			{"work_seconds_bucket", engine.Labels{"app": "x", "le": "2.5"}, 3},
			{"work_seconds_bucket", engine.Labels{"app": "x", "le": "10"}, 3},
			{"work_seconds_bucket", engine.Labels{"app": "x", "le": "+Inf"}, 4},
			{"work_seconds_sum", engine.Labels{"app": "x"}, 103.5},
			{"work_seconds_count", engine.Labels{"app": "x"}, 4},
		},
	}, Get(t, reg, "work_seconds"))
	requests := Get(t, reg, "requests_total")
	require.Equal(t, "Requests \\ of\nall kinds.", requests.Help)
	require.Len(t, requests.Samples, 2)
	_, ok := requests.Find("requests_total", engine.Labels{"app": "x"})
	require.False(t, ok)
}

func TestWaitingEndsWithTheValue(t *testing.T) {
	reg := engine.NewRegistry()
	counter, err := reg.NewCounterVec("a_total", "", []string{"b"})
	require.NoError(t, err)
	go func() { // ends when the loop does
		for range 5 {
			time.Sleep(10 * time.Millisecond)
			counter.With("c").Inc()
		}
	}()
	labels := engine.Labels{"b": "c"}
	atLeast := WaitUntil(t, reg, "a_total", labels, 10*time.Second, func(v float64) bool { return v >= 2 })
	require.GreaterOrEqual(t, atLeast, 2.0)
	WaitFor(t, reg, "a_total", labels, 5, 10*time.Second)
	WaitFor(t, reg, "a_total", labels, 5, 0) // the page is read at least once
}

func TestWaitingInVainSaysWhatWasThere(t *testing.T) {
	reg := sample(t)
	fake := try(t, func(tb testing.TB) {
		WaitFor(tb, reg, "work_seconds_count", engine.Labels{"app": "x"}, 5, 20*time.Millisecond)
	})
	require.Equal(t, `after 20ms, work_seconds_count{app="x"} is 4, want 5`, fake.fatal)
	fake = try(t, func(tb testing.TB) {
		WaitUntil(tb, reg, "nothing", nil, 0, func(float64) bool { return true })
	})
	require.Contains(t, fake.fatal, "after 0s, the page has no sample nothing; it has level_celsius")
}
