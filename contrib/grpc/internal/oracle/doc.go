// SPDX-License-Identifier: Apache-2.0

// Package oracle has tests only. They run the same calls of gRPC under the metrics of
// go-grpc-middleware and under quipu's at once, and compare the pages; and they compare what a call
// costs under each. It is a module of its own, because no user needs these dependencies.
package oracle
