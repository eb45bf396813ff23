// SPDX-License-Identifier: Apache-2.0

package collect

import (
	"log/slog"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

// pool is a source of statistics: each reading has another number.
type pool struct{ reads int }

type poolStats struct {
	number int32
	waited time.Duration
}

func (p *pool) stats() poolStats {
	p.reads++
	return poolStats{int32(p.reads), time.Duration(p.reads) * 1500 * time.Millisecond}
}

func (s poolStats) Number() int32 { return s.number }

func numbers() []Stat[poolStats] {
	return []Stat[poolStats]{
		Gauge("pool_number", "Number of the reading.", poolStats.Number),
		Counter("pool_readings_total", "Readings.", poolStats.Number),
		Counter("pool_wait_seconds_total", "Time waited.", func(s poolStats) time.Duration { return s.waited }),
	}
}

func TestAllValuesOfAPageAreOfOneReading(t *testing.T) {
	reg, p := engine.NewRegistry(), &pool{}
	require.NoError(t, Stats(reg, p.stats, nil, numbers()...))
	require.Zero(t, p.reads)
	for n := 1; n <= 3; n++ {
		page := pageOf(t, reg)
		require.Equal(t, n, p.reads)
		require.Equal(t, map[string]float64{"pool_number{}": float64(n), "pool_readings_total{}": float64(n),
			"pool_wait_seconds_total{}": 1.5 * float64(n)}, page.Samples)
		require.Equal(t, map[string]string{"pool_number": "gauge", "pool_readings_total": "counter",
			"pool_wait_seconds_total": "counter"}, page.Types)
	}
}

func TestNumbersOfEveryTypeAreShown(t *testing.T) {
	type level uint8
	reg := engine.NewRegistry()
	require.NoError(t, Stats(reg, func() int { return 7 }, nil,
		Gauge("a", "A.", func(n int) level { return level(n) }),
		Gauge("b", "B.", func(n int) float64 { return float64(n) / 2 }),
		Gauge("c", "C.", func(n int) int64 { return int64(-n) }),
		Gauge("d", "D.", func(int) uint64 { return math.MaxUint64 }),
		Gauge("e", "E.", func(int) time.Duration { return time.Millisecond }),
		Gauge("f", "F.", func(int) float32 { return float32(math.Inf(-1)) }),
	))
	require.Equal(t, map[string]float64{"a{}": 7, "b{}": 3.5, "c{}": -7, "d{}": 1 << 64, "e{}": 0.001,
		"f{}": math.Inf(-1)}, pageOf(t, reg).Samples)
}

func TestPoolsOfOneKindAreToldApartByTheirLabels(t *testing.T) {
	reg, small, large := engine.NewRegistry(), &pool{}, &pool{reads: 100}
	labels := engine.Labels{"pool": "small"}
	require.NoError(t, Stats(reg, small.stats, labels, numbers()...))
	labels["pool"] = "large"
	require.NoError(t, Stats(reg, large.stats, labels, numbers()...))

	err := Stats(reg, new(pool).stats, engine.Labels{"pool": "small"}, numbers()...)
	require.ErrorIs(t, err, engine.ErrTaken)
	require.ErrorContains(t, err, "pool_number")
	require.Equal(t, map[string]float64{`{pool="large"}`: 101, `{pool="small"}`: 1},
		pageOf(t, reg).Named("pool_number"))
}

func TestStatisticsKeepNothingOfTheCallers(t *testing.T) {
	reg, stats, labels := engine.NewRegistry(), numbers()[:1], engine.Labels{"pool": "mine"}
	require.NoError(t, Stats(reg, new(pool).stats, labels, stats...))
	stats[0] = Gauge("other", "Another one.", func(poolStats) int { return -1 })
	labels["pool"] = "other"
	require.Equal(t, map[string]float64{`pool_number{pool="mine"}`: 1}, pageOf(t, reg).Samples)
}

func TestStatisticsWithATakenNameAreNotRegistered(t *testing.T) {
	reg := engine.NewRegistry()
	_, err := reg.NewGauge("pool_readings_total", "Another one.")
	require.NoError(t, err)
	require.ErrorIs(t, Stats(reg, new(pool).stats, nil, numbers()...), engine.ErrTaken)
	require.Equal(t, map[string]float64{"pool_readings_total{}": 0}, pageOf(t, reg).Samples)
}

func TestStatisticsThatCannotWorkAreErrors(t *testing.T) {
	reg, read := engine.NewRegistry(), new(pool).stats
	for name, err := range map[string]error{
		"no function":     Stats(reg, nil, nil, numbers()...),
		"no metrics":      Stats(reg, read, nil),
		"zero metric":     Stats(reg, read, nil, append(numbers(), Stat[poolStats]{})...),
		"no value":        Stats(reg, read, nil, Gauge[poolStats, int]("a", "A.", nil)),
		"nil registry":    Stats(nil, read, nil, numbers()...),
		"name of a label": Stats(reg, read, engine.Labels{"a-b": "c"}, numbers()...),
		"name":            Stats(reg, read, nil, Gauge("a-b", "A.", poolStats.Number)),
		"twice":           Stats(reg, read, nil, append(numbers(), numbers()...)...),
	} {
		require.Error(t, err, name)
		require.Regexp(t, "^quipu: ", err.Error(), name)
	}
	require.ErrorContains(t, Stats(reg, read, nil, append(numbers(), Stat[poolStats]{})...), "metric 4 has no function")
	require.Empty(t, pageOf(t, reg).Samples)
}

func TestAReadingThatPanicsCostsItsOwnMetrics(t *testing.T) {
	reg := engine.NewRegistry(engine.WithLogger(slog.New(slog.DiscardHandler)))
	require.NoError(t, Stats(reg, func() *poolStats { return nil }, nil, Gauge("lost", "Lost.", (*poolStats).Number)))
	require.NoError(t, Stats(reg, new(pool).stats, nil, numbers()...))
	require.Equal(t, map[string]float64{"{}": 1}, pageOf(t, reg).Named("pool_number"))
	require.Empty(t, pageOf(t, reg).Named("lost"))
	require.EqualValues(t, 3, selfPage(t, reg).Value(t, "quipu_callback_failures_total", "reason", "panic"))
}

func TestStatisticsLeaveWithTheirOwnRegistry(t *testing.T) {
	reg, own := engine.NewRegistry(), engine.NewRegistry()
	require.NoError(t, Stats(reg, new(pool).stats, engine.Labels{"pool": "stays"}, numbers()...))
	require.NoError(t, Stats(own, new(pool).stats, engine.Labels{"pool": "goes"}, numbers()...))
	require.NoError(t, reg.Mount(own))
	require.Len(t, pageOf(t, reg).Named("pool_number"), 2)
	require.True(t, reg.Unmount(own))
	require.Equal(t, map[string]float64{`{pool="stays"}`: 2}, pageOf(t, reg).Named("pool_number"))
}
