// SPDX-License-Identifier: Apache-2.0

// Package oracle has only tests: random programs that do the same with package prometheus of this
// module and with client_golang's, and compare results, errors, panics, messages and pages.
package oracle
