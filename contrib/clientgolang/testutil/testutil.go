// SPDX-License-Identifier: Apache-2.0

// Package testutil has the names of client_golang's package testutil. All of them are
// client_golang's, and take metrics and registries of both libraries.
package testutil

import (
	"io"

	client "github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/prometheus/common/expfmt"

	"github.com/quipu-metrics/quipu/contrib/clientgolang/prometheus"
)

// CollectAndCompare is client_golang's CollectAndCompare.
func CollectAndCompare(c prometheus.Collector, expected io.Reader, metricNames ...string) error {
	return client.CollectAndCompare(c, expected, metricNames...)
}

// CollectAndCount is client_golang's CollectAndCount.
func CollectAndCount(c prometheus.Collector, metricNames ...string) int {
	return client.CollectAndCount(c, metricNames...)
}

// CollectAndFormat is client_golang's CollectAndFormat.
func CollectAndFormat(c prometheus.Collector, format expfmt.FormatType, metricNames ...string) ([]byte, error) {
	return client.CollectAndFormat(c, format, metricNames...)
}

// CollectAndLint is client_golang's CollectAndLint.
func CollectAndLint(c prometheus.Collector, metricNames ...string) ([]promlint.Problem, error) {
	return client.CollectAndLint(c, metricNames...)
}

// GatherAndCompare is client_golang's GatherAndCompare.
func GatherAndCompare(g prometheus.Gatherer, expected io.Reader, metricNames ...string) error {
	return client.GatherAndCompare(g, expected, metricNames...)
}

// GatherAndCount is client_golang's GatherAndCount.
func GatherAndCount(g prometheus.Gatherer, metricNames ...string) (int, error) {
	return client.GatherAndCount(g, metricNames...)
}

// GatherAndFormat is client_golang's GatherAndFormat.
func GatherAndFormat(g prometheus.Gatherer, format expfmt.FormatType, metricNames ...string) ([]byte, error) {
	return client.GatherAndFormat(g, format, metricNames...)
}

// GatherAndLint is client_golang's GatherAndLint.
func GatherAndLint(g prometheus.Gatherer, metricNames ...string) ([]promlint.Problem, error) {
	return client.GatherAndLint(g, metricNames...)
}

// ScrapeAndCompare is client_golang's ScrapeAndCompare.
func ScrapeAndCompare(url string, expected io.Reader, metricNames ...string) error {
	return client.ScrapeAndCompare(url, expected, metricNames...)
}

// ToFloat64 is client_golang's ToFloat64.
func ToFloat64(c prometheus.Collector) float64 {
	return client.ToFloat64(c)
}

// TransactionalGatherAndCompare is client_golang's TransactionalGatherAndCompare.
func TransactionalGatherAndCompare(
	g prometheus.TransactionalGatherer, expected io.Reader, metricNames ...string,
) error {
	return client.TransactionalGatherAndCompare(g, expected, metricNames...)
}
