// SPDX-License-Identifier: Apache-2.0

// Package testkit is shared by the tests of this project. It starts and stops programs with a test,
// is a client of Prometheus, of a Pushgateway and of VictoriaMetrics, reads exposition pages back,
// and checks that a test leaves nothing running.
//
// Functions that take a testing.TB end the test if they fail, so they must be called on the test's
// own goroutine.
package testkit
