// SPDX-License-Identifier: Apache-2.0

package databases

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

func newPgx(t testing.TB, change func(*pgxpool.Config)) *pgxpool.Pool {
	t.Helper()
	config, err := pgxpool.ParseConfig(startPostgres(t))
	require.NoError(t, err)
	change(config)
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

func TestTheMetricsOfAPgxPoolAreItsStatistics(t *testing.T) {
	ctx := context.Background()
	reg := engine.NewRegistry()
	orders := newPgx(t, func(c *pgxpool.Config) { c.MaxConns = 1 })
	require.NoError(t, Pgx(reg, "orders", orders))
	require.NoError(t, Pgx(reg, "users", newPgx(t, func(*pgxpool.Config) {})))
	require.ErrorIs(t, Pgx(reg, "orders", orders), engine.ErrTaken)

	for range 3 {
		_, err := orders.Exec(ctx, "select")
		require.NoError(t, err)
	}
	connection, err := orders.Acquire(ctx)
	require.NoError(t, err)
	short, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
	defer cancel()
	_, err = orders.Acquire(short)
	require.ErrorIs(t, err, context.DeadlineExceeded)

	page := pageOf(t, reg)
	value := func(name string) float64 { return page.Value(t, "pgxpool_"+name, "db_name", "orders") }
	require.EqualValues(t, 1, value("max_conns"))
	require.EqualValues(t, 1, value("total_conns"))
	require.EqualValues(t, 1, value("acquired_conns"))
	require.EqualValues(t, 0, value("idle_conns"))
	require.EqualValues(t, 0, value("constructing_conns"))
	require.EqualValues(t, 4, value("acquires_total"))
	require.EqualValues(t, 1, value("canceled_acquires_total"))
	require.EqualValues(t, 1, value("new_conns_total"))
	stats := orders.Stat()
	require.Positive(t, stats.AcquireDuration())
	require.Equal(t, stats.AcquireDuration().Seconds(), value("acquire_seconds_total"))
	require.EqualValues(t, stats.EmptyAcquireCount(), value("empty_acquires_total"))
	require.Equal(t, stats.EmptyAcquireWaitTime().Seconds(), value("empty_acquire_wait_seconds_total"))
	require.EqualValues(t, 0, page.Value(t, "pgxpool_acquires_total", "db_name", "users"))

	connection.Release()
	require.Eventually(t, func() bool { // pgx returns it on another goroutine
		return pageOf(t, reg).Value(t, "pgxpool_idle_conns", "db_name", "orders") == 1
	}, 30*time.Second, time.Millisecond)
}

func TestConnectionsThatPgxClosesForTheirAgeAreCounted(t *testing.T) {
	reg := engine.NewRegistry()
	const soon = time.Millisecond
	old := newPgx(t, func(c *pgxpool.Config) { c.MaxConnLifetime, c.HealthCheckPeriod = soon, soon })
	idle := newPgx(t, func(c *pgxpool.Config) { c.MaxConnIdleTime, c.HealthCheckPeriod = soon, soon })
	require.NoError(t, Pgx(reg, "old", old))
	require.NoError(t, Pgx(reg, "idle", idle))
	for _, pool := range []*pgxpool.Pool{old, idle} {
		require.NoError(t, pool.Ping(context.Background()))
	}
	require.Eventually(t, func() bool {
		page := pageOf(t, reg)
		return page.Value(t, "pgxpool_max_lifetime_closed_total", "db_name", "old") > 0 &&
			page.Value(t, "pgxpool_max_idle_closed_total", "db_name", "idle") > 0
	}, 30*time.Second, time.Millisecond)
}
