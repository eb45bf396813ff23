// SPDX-License-Identifier: Apache-2.0

// Package testkit is what tests of this project share: programs that are started and stopped with a test, a client for
// the API of Prometheus, exposition pages that are read back, and checks that nothing is left running.
//
// Functions that take a testing.TB end the test when they fail, so they are for the test's own goroutine.
package testkit
