// SPDX-License-Identifier: Apache-2.0

//go:build !race

package engine_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

func TestBytesOfAnIdleSeries(t *testing.T) {
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	labels := []string{"method", "path"}
	for _, test := range []struct {
		name   string
		series int
		limit  uint64
		make   func(r *engine.Registry) (use func(values ...string), err error)
	}{
		{"two-label counter", 100_000, 160, func(r *engine.Registry) (func(...string), error) {
			v, err := r.NewCounterVec("x_total", "", labels)
			return func(values ...string) { v.With(values...).Inc() }, err
		}},
		{"gauge", 100_000, 160, func(r *engine.Registry) (func(...string), error) {
			v, err := r.NewGaugeVec("x", "", labels)
			return func(values ...string) { v.With(values...).Set(1) }, err
		}},
		{"histogram of 11 buckets", 100_000, 420, func(r *engine.Registry) (func(...string), error) {
			v, err := r.NewHistogramVec("x", "", labels)
			return func(values ...string) { v.With(values...).Observe(1) }, err
		}},
		{"summary with 100 observations", 10_000, 3 << 10, func(r *engine.Registry) (func(...string), error) {
			v, err := r.NewSummaryVec("x", "", labels)
			return func(values ...string) {
				s := v.With(values...)
				for i := range 100 {
					s.Observe(float64(i * 37 % 100))
				}
			}, err
		}},
	} {
		r := engine.NewRegistry(engine.WithMaxSeries(test.series))
		use, err := test.make(r)
		require.NoError(t, err)
		use("GET", "/warm")
		expose(t, r, engine.Exposition{NoSelf: true})
		before := heap()
		for i := range test.series - 1 {
			use("GET", fmt.Sprintf("/path/%d", i))
		}
		_, err = r.Expose(discard{}, engine.Exposition{})
		require.NoError(t, err)
		bytes := (heap() - before) / uint64(test.series)
		t.Logf("%s: %d bytes", test.name, bytes)
		require.LessOrEqual(t, bytes, test.limit, test.name)
		runtime.KeepAlive(r)
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
