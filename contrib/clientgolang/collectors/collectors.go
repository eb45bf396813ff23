// SPDX-License-Identifier: Apache-2.0

// Package collectors has the names of client_golang's package collectors. All of them are
// client_golang's, and register with registries of both libraries.
package collectors

import (
	"database/sql"

	client "github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/quipu-metrics/quipu/contrib/clientgolang/prometheus"
)

// These types are client_golang's: see there.
type (
	GoCollectionOption   = client.GoCollectionOption
	GoRuntimeMetricsRule = client.GoRuntimeMetricsRule
	ProcessCollectorOpts = client.ProcessCollectorOpts
)

// These constants are client_golang's.
//
// Deprecated: Use WithGoCollectorRuntimeMetrics and WithGoCollectorMemStatsMetricsDisabled.
const (
	//lint:ignore SA1019 The name is here because it is there.
	GoRuntimeMemStatsCollection = client.GoRuntimeMemStatsCollection
	//lint:ignore SA1019 The name is here because it is there.
	GoRuntimeMetricsCollection = client.GoRuntimeMetricsCollection
)

// These variables have the values of client_golang's.
var (
	MetricsAll       = client.MetricsAll
	MetricsDebug     = client.MetricsDebug
	MetricsGC        = client.MetricsGC
	MetricsMemory    = client.MetricsMemory
	MetricsScheduler = client.MetricsScheduler
)

// These functions are variables because the type of their options has no name outside
// client_golang.
var (
	NewGoCollector                         = client.NewGoCollector
	WithGoCollectorMemStatsMetricsDisabled = client.WithGoCollectorMemStatsMetricsDisabled
	WithGoCollectorRuntimeMetrics          = client.WithGoCollectorRuntimeMetrics
	WithoutGoCollectorRuntimeMetrics       = client.WithoutGoCollectorRuntimeMetrics
)

// WithGoCollections is client_golang's WithGoCollections.
//
// Deprecated: Use WithGoCollectorRuntimeMetrics and WithGoCollectorMemStatsMetricsDisabled.
//
//lint:ignore SA1019 The name is here because it is there.
var WithGoCollections = client.WithGoCollections

// NewBuildInfoCollector is client_golang's NewBuildInfoCollector.
func NewBuildInfoCollector() prometheus.Collector {
	return client.NewBuildInfoCollector()
}

// NewDBStatsCollector is client_golang's NewDBStatsCollector.
func NewDBStatsCollector(db *sql.DB, dbName string) prometheus.Collector {
	return client.NewDBStatsCollector(db, dbName)
}

// NewExpvarCollector is client_golang's NewExpvarCollector.
func NewExpvarCollector(exports map[string]*prometheus.Desc) prometheus.Collector {
	return client.NewExpvarCollector(exports)
}

// NewProcessCollector is client_golang's NewProcessCollector.
func NewProcessCollector(opts ProcessCollectorOpts) prometheus.Collector {
	return client.NewProcessCollector(opts)
}
