// SPDX-License-Identifier: Apache-2.0

// Package collect has ready-made metrics of the Go runtime, of the process and of its build, under the names that
// existing dashboards ask for. Nothing is registered unless it is called for:
//
//	err := errors.Join(collect.Go(reg), collect.Process(reg), collect.Build(reg))
//
// The values are read when a scrape asks for them and cost nothing in between. All functions may be called concurrently. A
// second call of [Go] or [Process] for the same registry is an error that matches [engine.ErrTaken], and changes nothing.
package collect
