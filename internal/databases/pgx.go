// SPDX-License-Identifier: Apache-2.0

package databases

import (
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/engine/collect"
)

// Pgx registers metrics of a pool of pgx. name is the value of their label db_name.
func Pgx(reg *engine.Registry, name string, pool *pgxpool.Pool) error {
	return collect.Stats(reg, pool.Stat, engine.Labels{"db_name": name},
		collect.Gauge("pgxpool_max_conns", "Connections that the pool may have.", (*pgxpool.Stat).MaxConns),
		collect.Gauge("pgxpool_total_conns", "Connections of the pool, those that are being opened included.",
			(*pgxpool.Stat).TotalConns),
		collect.Gauge("pgxpool_acquired_conns", "Connections in use.", (*pgxpool.Stat).AcquiredConns),
		collect.Gauge("pgxpool_idle_conns", "Connections that wait for use.", (*pgxpool.Stat).IdleConns),
		collect.Gauge("pgxpool_constructing_conns", "Connections that are being opened.",
			(*pgxpool.Stat).ConstructingConns),
		collect.Counter("pgxpool_acquires_total", "Connections taken from the pool.", (*pgxpool.Stat).AcquireCount),
		collect.Counter("pgxpool_acquire_seconds_total", "Time that it took to take them.",
			(*pgxpool.Stat).AcquireDuration),
		collect.Counter("pgxpool_empty_acquires_total", "Those that waited because no connection was idle.",
			(*pgxpool.Stat).EmptyAcquireCount),
		collect.Counter("pgxpool_empty_acquire_wait_seconds_total", "Time that these waited.",
			(*pgxpool.Stat).EmptyAcquireWaitTime),
		collect.Counter("pgxpool_canceled_acquires_total", "Attempts that a context has ended.",
			(*pgxpool.Stat).CanceledAcquireCount),
		collect.Counter("pgxpool_new_conns_total", "Connections opened.", (*pgxpool.Stat).NewConnsCount),
		collect.Counter("pgxpool_max_lifetime_closed_total", "Connections closed because of MaxConnLifetime.",
			(*pgxpool.Stat).MaxLifetimeDestroyCount),
		collect.Counter("pgxpool_max_idle_closed_total", "Connections closed because of MaxConnIdleTime.",
			(*pgxpool.Stat).MaxIdleDestroyCount),
	)
}
