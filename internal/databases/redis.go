// SPDX-License-Identifier: Apache-2.0

package databases

import (
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/engine/collect"
)

// Redis registers metrics of the pool of a client of go-redis, which may be of any type that has
// such statistics. name is the value of their label client. The names of the first six are those of
// go-redis's own collector in the namespace redis. Counters of go-redis have 32 bits: they begin
// again at 0, which Prometheus takes for a restart.
func Redis(reg *engine.Registry, name string, client interface{ PoolStats() *redis.PoolStats }) error {
	return collect.Stats(reg, client.PoolStats, engine.Labels{"client": name},
		collect.Counter("redis_pool_hit_total", "Times that a connection was idle.",
			func(s *redis.PoolStats) uint32 { return s.Hits }),
		collect.Counter("redis_pool_miss_total", "Times that no connection was idle.",
			func(s *redis.PoolStats) uint32 { return s.Misses }),
		collect.Counter("redis_pool_timeout_total", "Times that the wait for a connection took too long.",
			func(s *redis.PoolStats) uint32 { return s.Timeouts }),
		collect.Gauge("redis_pool_conn_total_current", "Connections of the pool.",
			func(s *redis.PoolStats) uint32 { return s.TotalConns }),
		collect.Gauge("redis_pool_conn_idle_current", "Connections that wait for use.",
			func(s *redis.PoolStats) uint32 { return s.IdleConns }),
		collect.Counter("redis_pool_conn_stale_total", "Connections that were removed from the pool.",
			func(s *redis.PoolStats) uint32 { return s.StaleConns }),
		collect.Counter("redis_pool_wait_total", "Times that a connection was waited for.",
			func(s *redis.PoolStats) uint32 { return s.WaitCount }),
		collect.Counter("redis_pool_wait_seconds_total", "Time that these waits took.",
			func(s *redis.PoolStats) time.Duration { return time.Duration(s.WaitDurationNs) }),
	)
}
