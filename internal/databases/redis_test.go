// SPDX-License-Identifier: Apache-2.0

package databases

import (
	"context"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

func newRedis(t testing.TB, options redis.Options) *redis.Client {
	t.Helper()
	options.Addr = miniredis.RunT(t).Addr()
	client := redis.NewClient(&options)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	return client
}

func TestTheMetricsOfARedisPoolAreItsStatistics(t *testing.T) {
	ctx := context.Background()
	reg := engine.NewRegistry()
	cache := newRedis(t, redis.Options{PoolSize: 1, PoolTimeout: time.Millisecond})
	require.NoError(t, Redis(reg, "cache", cache))
	require.NoError(t, Redis(reg, "sessions", newRedis(t, redis.Options{})))
	require.ErrorIs(t, Redis(reg, "cache", cache), engine.ErrTaken)

	require.NoError(t, cache.Set(ctx, "key", "value", 0).Err())
	for range 3 {
		require.Equal(t, "value", cache.Get(ctx, "key").Val())
	}
	connection := cache.Conn() // takes the only connection
	require.NoError(t, connection.Ping(ctx).Err())
	require.ErrorIs(t, cache.Get(ctx, "key").Err(), redis.ErrPoolTimeout)
	require.NoError(t, connection.Close())

	page := pageOf(t, reg)
	value := func(name string) float64 { return page.Value(t, "redis_pool_"+name, "client", "cache") }
	require.EqualValues(t, 1, value("miss_total"))
	require.EqualValues(t, 4, value("hit_total"), "three reads and the connection that was taken")
	require.Positive(t, value("timeout_total"))
	require.EqualValues(t, 1, value("conn_total_current"))
	require.EqualValues(t, 1, value("conn_idle_current"))
	stats := cache.PoolStats()
	require.EqualValues(t, stats.StaleConns, value("conn_stale_total"))
	require.EqualValues(t, stats.WaitCount, value("wait_total"))
	require.Equal(t, time.Duration(stats.WaitDurationNs).Seconds(), value("wait_seconds_total"))
	require.EqualValues(t, 0, page.Value(t, "redis_pool_hit_total", "client", "sessions"))
}
