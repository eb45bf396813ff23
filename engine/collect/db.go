// SPDX-License-Identifier: Apache-2.0

package collect

import (
	"database/sql"
	"fmt"
	"time"

	"github.com/quipu-metrics/quipu/engine"
)

// DB registers metrics of the connections of a database (go_sql_*), with the names and the label
// db_name of client_golang's collector. name is the value of that label. Each scrape calls db.Stats
// once, which takes the lock of the pool for a moment and opens no connection.
//
// Several databases may be registered under different names. A second call with the same name
// returns an error that matches [engine.ErrTaken] and changes nothing. [Stats] says how to take off
// a database that the program closes.
func DB(reg *engine.Registry, name string, db *sql.DB) error {
	if db == nil {
		return fmt.Errorf("quipu: collect.DB(%q): %w: the database is nil", name, engine.ErrOption)
	}
	if err := Stats(reg, db.Stats, engine.Labels{"db_name": name}, dbStats()...); err != nil {
		return fmt.Errorf("quipu: collect.DB(%q): %w", name, err)
	}
	return nil
}

// dbStats returns the metrics of DB. The help texts are client_golang's, so that a page of both
// libraries has one family of each name.
func dbStats() []Stat[sql.DBStats] {
	return []Stat[sql.DBStats]{
		Gauge("go_sql_max_open_connections", "Maximum number of open connections to the database.",
			func(s sql.DBStats) int { return s.MaxOpenConnections }),
		Gauge("go_sql_open_connections", "The number of established connections both in use and idle.",
			func(s sql.DBStats) int { return s.OpenConnections }),
		Gauge("go_sql_in_use_connections", "The number of connections currently in use.",
			func(s sql.DBStats) int { return s.InUse }),
		Gauge("go_sql_idle_connections", "The number of idle connections.",
			func(s sql.DBStats) int { return s.Idle }),
		Counter("go_sql_wait_count_total", "The total number of connections waited for.",
			func(s sql.DBStats) int64 { return s.WaitCount }),
		Counter("go_sql_wait_duration_seconds_total", "The total time blocked waiting for a new connection.",
			func(s sql.DBStats) time.Duration { return s.WaitDuration }),
		Counter("go_sql_max_idle_closed_total", "The total number of connections closed due to SetMaxIdleConns.",
			func(s sql.DBStats) int64 { return s.MaxIdleClosed }),
		Counter("go_sql_max_idle_time_closed_total",
			"The total number of connections closed due to SetConnMaxIdleTime.",
			func(s sql.DBStats) int64 { return s.MaxIdleTimeClosed }),
		Counter("go_sql_max_lifetime_closed_total",
			"The total number of connections closed due to SetConnMaxLifetime.",
			func(s sql.DBStats) int64 { return s.MaxLifetimeClosed }),
	}
}
