// SPDX-License-Identifier: Apache-2.0

// Package databases has metrics of connection pools that package collect does not know: of pgx and
// of go-redis. A program copies the function that it needs. The tests run them, and collect.DB,
// with databases that answer. It is a module of its own, so that no user of quipu depends on those.
package databases
