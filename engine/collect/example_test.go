// SPDX-License-Identifier: Apache-2.0

package collect_test

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/engine/collect"
)

// A program registers the groups that it wants. Each can be registered once.
func Example() {
	reg := engine.NewRegistry()
	err := errors.Join(collect.Go(reg), collect.Process(reg), collect.Build(reg))
	fmt.Println(err)
	fmt.Println(errors.Is(collect.Go(reg), engine.ErrTaken))
	// Output:
	// <nil>
	// true
}

func ExampleBuild() {
	reg := engine.NewRegistry()
	if err := collect.Build(reg); err != nil {
		fmt.Println(err)
	}
	info, _ := reg.Lookup("go_build_info")
	fmt.Println(info.Type, info.Labels)
	// Output: gauge [path version checksum]
}

// A service logs through the handler as before.
func ExampleLogs() {
	reg := engine.NewRegistry()
	withoutTime := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}
	handler := slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: withoutTime})
	counted, err := collect.Logs(reg, handler)
	if err != nil {
		fmt.Println(err)
		return
	}
	logger := slog.New(counted) // slog.SetDefault(logger) makes it that of the program
	logger.Info("listening", "port", 8080)
	logger.Error("no answer", "from", "users")
	show(reg)
	// Output:
	// level=INFO msg=listening port=8080
	// level=ERROR msg="no answer" from=users
	// # HELP log_messages_failed_total Log messages for which the handler returned an error.
	// # TYPE log_messages_failed_total counter
	// log_messages_failed_total 0
	// # HELP log_messages_total Log messages by level.
	// # TYPE log_messages_total counter
	// log_messages_total{level="debug"} 0
	// log_messages_total{level="info"} 1
	// log_messages_total{level="warn"} 0
	// log_messages_total{level="error"} 1
}

// worker is a pool of another package, which has a method for its statistics.
type worker struct{}

type workerStats struct {
	Busy    int
	Jobs    uint32
	Waiting time.Duration
}

func (worker) Stats() *workerStats {
	return &workerStats{Busy: 2, Jobs: 17, Waiting: 250 * time.Millisecond}
}

// One call of the pool's method supplies all metrics of a page.
func ExampleStats() {
	reg := engine.NewRegistry()
	var pool worker
	err := collect.Stats(reg, pool.Stats, engine.Labels{"pool": "mail"},
		collect.Gauge("worker_busy", "Workers that have a job.", func(s *workerStats) int { return s.Busy }),
		collect.Counter("worker_jobs_total", "Jobs that are done.", func(s *workerStats) uint32 { return s.Jobs }),
		collect.Counter("worker_wait_seconds_total", "Time that jobs waited for a worker.",
			func(s *workerStats) time.Duration { return s.Waiting }))
	if err != nil {
		fmt.Println(err)
	}
	show(reg)
	// Output:
	// # HELP worker_busy Workers that have a job.
	// # TYPE worker_busy gauge
	// worker_busy{pool="mail"} 2
	// # HELP worker_jobs_total Jobs that are done.
	// # TYPE worker_jobs_total counter
	// worker_jobs_total{pool="mail"} 17
	// # HELP worker_wait_seconds_total Time that jobs waited for a worker.
	// # TYPE worker_wait_seconds_total counter
	// worker_wait_seconds_total{pool="mail"} 0.25
}

// A database that the program closes again has a registry of its own. Its metrics are on the pages
// of reg as long as it is mounted there.
func ExampleDB() {
	reg := engine.NewRegistry()
	db := sql.OpenDB(noConnector{}) // or sql.Open("pgx", url)
	db.SetMaxOpenConns(8)

	tenant := engine.NewRegistry()
	if err := errors.Join(collect.DB(tenant, "acme", db), reg.Mount(tenant)); err != nil {
		fmt.Println(err)
	}
	for f := range reg.Read(engine.ReadOptions{NoSelf: true}) {
		for s := range f.Samples() {
			fmt.Println(f.Name(), s.Labels(), s.Value())
		}
	}

	reg.Unmount(tenant)
	_ = db.Close()
	// Output:
	// go_sql_idle_connections [{db_name acme}] 0
	// go_sql_in_use_connections [{db_name acme}] 0
	// go_sql_max_idle_closed_total [{db_name acme}] 0
	// go_sql_max_idle_time_closed_total [{db_name acme}] 0
	// go_sql_max_lifetime_closed_total [{db_name acme}] 0
	// go_sql_max_open_connections [{db_name acme}] 8
	// go_sql_open_connections [{db_name acme}] 0
	// go_sql_wait_count_total [{db_name acme}] 0
	// go_sql_wait_duration_seconds_total [{db_name acme}] 0
}

// noConnector stands for a driver: the example connects to no database.
type noConnector struct{ driver.Connector }

// show prints the page without the registry's own metrics.
func show(reg *engine.Registry) {
	if _, err := reg.Expose(os.Stdout, engine.Exposition{NoSelf: true}); err != nil {
		fmt.Println(err)
	}
}
