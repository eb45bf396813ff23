// SPDX-License-Identifier: Apache-2.0

// Package metrictest helps to test programs that have metrics: it reads values as a scrape shows them, waits for them,
// compares families with expected text, and checks names against the conventions.
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
// Every function reads a whole page of the registry, so none is for benchmarks. They may be called concurrently, and
// those that end the test (all but Compare, Lint and NewRegistry) only from the goroutine that runs it.
package metrictest
