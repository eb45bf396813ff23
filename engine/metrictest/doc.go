// SPDX-License-Identifier: Apache-2.0

// Package metrictest helps to test programs that have metrics. It reads values as a scrape shows
// them, waits for values, compares families with expected text, and checks names against the
// conventions.
//
//	reg := metrictest.NewRegistry(t) // one for each test; misuse fails it
//	server := NewServer(reg)
//	...
//	metrictest.WaitFor(t, reg, "jobs_total", engine.Labels{"queue": "mail"}, 3, time.Second)
//	metrictest.Compare(t, reg, `
//		# TYPE jobs_total counter
//		jobs_total{queue="mail"} 3
//	`)
//	metrictest.Lint(t, reg)
//
// Each function but NewRegistry reads a whole page of the registry, so they are not for benchmarks.
// All may be called concurrently. Get, Value, WaitFor and WaitUntil end the test when they fail, so
// they must be called from the goroutine that runs the test; so must Compare and Lint, which end
// the test if the expected text or the page cannot be parsed.
package metrictest
