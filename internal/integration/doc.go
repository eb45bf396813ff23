// SPDX-License-Identifier: Apache-2.0

// Package integration holds the tests that need other people's programs: a real Prometheus scrapes a real service under
// real load, and what it says afterwards is compared with the ledger that the load kept.
package integration
