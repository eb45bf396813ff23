// SPDX-License-Identifier: Apache-2.0

// Package integration holds the tests that need programs of other projects. A real Prometheus
// scrapes a real service under real load, and its answers are compared with the ledger that the
// load kept. Pushes go to a real Pushgateway and to VictoriaMetrics.
package integration
