// SPDX-License-Identifier: Apache-2.0

// Package parity tests that the packages of this module have every exported name of client_golang's
// packages, with the same types, and that the README says which of them are quipu's own. It has no
// code.
package parity
