// SPDX-License-Identifier: Apache-2.0

// Package oracle has tests only. They run the same programs on OpenTelemetry's SDK with its
// exporter for Prometheus, and on quipu, and compare the pages; and they compare the speed of both.
// It is a module of its own, because few users need the SDK's dependencies.
package oracle
