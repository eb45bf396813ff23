// SPDX-License-Identifier: Apache-2.0

// Package collect provides ready-made metrics of the Go runtime, of the process and of its build,
// of databases and other pools, and of log records, under the names that existing dashboards use. A
// program registers the groups that it wants:
//
//	err := errors.Join(collect.Go(reg), collect.Process(reg), collect.Build(reg),
//		collect.DB(reg, "orders", db))
//
// Each scrape reads the values; between scrapes they cost nothing. BenchmarkScrape measures each
// group. Only [Logs] counts by itself. [Stats] is for the pools of other packages.
//
// All functions may be called concurrently. A second call of [Go] or [Process] for the same
// registry returns an error that matches [engine.ErrTaken] and changes nothing; so does one of [DB]
// with the same name, or of [Stats] with the same names and labels.
package collect
