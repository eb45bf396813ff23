// SPDX-License-Identifier: Apache-2.0

package databases

import (
	"context"
	"database/sql"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/engine/collect"
)

// openSQLite opens a database in a file of the test, with a table that has some rows.
func openSQLite(t testing.TB) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "test.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	_, err = db.Exec("create table orders (id integer primary key, product text); " +
		"insert into orders (product) values ('tea'), ('milk')")
	require.NoError(t, err)
	return db
}

// TestDatabaseMetricsAreThoseOfClientGolang lets both libraries watch databases in use, and wants
// equal pages: names, types, help texts, labels and values.
func TestDatabaseMetricsAreThoseOfClientGolang(t *testing.T) {
	reg, theirs := engine.NewRegistry(), prometheus.NewRegistry()
	dbs := map[string]*sql.DB{"orders": openSQLite(t), "users": openSQLite(t), `o"d\d` + "\n": openSQLite(t)}
	for name, db := range dbs {
		require.NoError(t, collect.DB(reg, name, db))
		require.NoError(t, theirs.Register(collectors.NewDBStatsCollector(db, name)))
	}
	equal := func() {
		t.Helper()
		response := httptest.NewRecorder()
		promhttp.HandlerFor(theirs, promhttp.HandlerOpts{}).ServeHTTP(response, httptest.NewRequest("GET", "/", nil))
		require.Equal(t, response.Body.String(), textOf(t, reg))
	}
	equal()

	orders := dbs["orders"]
	orders.SetMaxOpenConns(2)
	orders.SetMaxIdleConns(1)
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			rows, err := orders.Query("select product from orders")
			if err != nil {
				t.Error(err)
				return
			}
			time.Sleep(time.Millisecond) // the connection is in use, so that others wait
			if err := rows.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	clients.Wait()
	connection, err := dbs["users"].Conn(context.Background())
	require.NoError(t, err)
	defer connection.Close()
	equal()
	page := pageOf(t, reg)
	require.EqualValues(t, 2, page.Value(t, "go_sql_max_open_connections", "db_name", "orders"))
	require.Positive(t, page.Value(t, "go_sql_wait_count_total", "db_name", "orders"))
	require.Positive(t, page.Value(t, "go_sql_wait_duration_seconds_total", "db_name", "orders"))
	require.Positive(t, page.Value(t, "go_sql_max_idle_closed_total", "db_name", "orders"))
	require.EqualValues(t, 1, page.Value(t, "go_sql_in_use_connections", "db_name", "users"))
}

func TestConnectionsThatAreClosedForTheirAgeAreCounted(t *testing.T) {
	reg, idle, old := engine.NewRegistry(), openSQLite(t), openSQLite(t)
	require.NoError(t, collect.DB(reg, "idle", idle))
	require.NoError(t, collect.DB(reg, "old", old))
	idle.SetConnMaxIdleTime(time.Nanosecond)
	old.SetConnMaxLifetime(time.Nanosecond)
	require.Eventually(t, func() bool { // a connection that is too old is closed when it is wanted
		for _, db := range []*sql.DB{idle, old} {
			if err := db.Ping(); err != nil {
				t.Error(err)
			}
		}
		page := pageOf(t, reg)
		return page.Value(t, "go_sql_max_idle_time_closed_total", "db_name", "idle") > 0 &&
			page.Value(t, "go_sql_max_lifetime_closed_total", "db_name", "old") > 0
	}, 30*time.Second, time.Millisecond)
}

// TestValuesOfAPageBelongTogether reads pages while connections come and go. The connections in use
// and those that are idle add up only within one reading.
func TestValuesOfAPageBelongTogether(t *testing.T) {
	reg, db := engine.NewRegistry(), openSQLite(t)
	require.NoError(t, collect.DB(reg, "orders", db))
	stop := make(chan struct{})
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				var n int
				if err := db.QueryRow("select count(*) from orders").Scan(&n); err != nil || n != 2 {
					t.Error(n, err)
					return
				}
			}
		})
	}
	for range 200 {
		page := pageOf(t, reg)
		require.Equal(t, page.Value(t, "go_sql_open_connections", "db_name", "orders"),
			page.Value(t, "go_sql_in_use_connections", "db_name", "orders")+
				page.Value(t, "go_sql_idle_connections", "db_name", "orders"))
	}
	close(stop)
	clients.Wait()
}
