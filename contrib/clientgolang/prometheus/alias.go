// SPDX-License-Identifier: Apache-2.0

package prometheus

import (
	client "github.com/prometheus/client_golang/prometheus"
)

// These types are client_golang's: see there.
type (
	AlreadyRegisteredError = client.AlreadyRegisteredError
	Collector              = client.Collector
	CollectorFunc          = client.CollectorFunc
	ConstrainableLabels    = client.ConstrainableLabels
	ConstrainedLabel       = client.ConstrainedLabel
	ConstrainedLabels      = client.ConstrainedLabels
	Counter                = client.Counter
	CounterFunc            = client.CounterFunc
	CounterOpts            = client.CounterOpts
	CounterVecOpts         = client.CounterVecOpts
	Desc                   = client.Desc
	DescOpt                = client.DescOpt
	Exemplar               = client.Exemplar
	ExemplarAdder          = client.ExemplarAdder
	ExemplarObserver       = client.ExemplarObserver
	Gatherer               = client.Gatherer
	GathererFunc           = client.GathererFunc
	Gatherers              = client.Gatherers
	Gauge                  = client.Gauge
	GaugeFunc              = client.GaugeFunc
	GaugeOpts              = client.GaugeOpts
	GaugeVecOpts           = client.GaugeVecOpts
	Histogram              = client.Histogram
	HistogramOpts          = client.HistogramOpts
	HistogramVecOpts       = client.HistogramVecOpts
	LabelConstraint        = client.LabelConstraint
	Labels                 = client.Labels
	Metric                 = client.Metric
	MetricVec              = client.MetricVec
	MultiError             = client.MultiError
	MultiTRegistry         = client.MultiTRegistry
	Observer               = client.Observer
	ObserverFunc           = client.ObserverFunc
	ObserverVec            = client.ObserverVec
	Opts                   = client.Opts
	ProcessCollectorOpts   = client.ProcessCollectorOpts
	Registerer             = client.Registerer
	SafeMultiError         = client.SafeMultiError
	Summary                = client.Summary
	SummaryOpts            = client.SummaryOpts
	SummaryVecOpts         = client.SummaryVecOpts
	Timer                  = client.Timer
	TransactionalGatherer  = client.TransactionalGatherer
	UnconstrainedLabels    = client.UnconstrainedLabels
	UntypedFunc            = client.UntypedFunc
	UntypedOpts            = client.UntypedOpts
	ValueType              = client.ValueType
)

// These constants are client_golang's.
const (
	CounterValue                     = client.CounterValue
	DefAgeBuckets                    = client.DefAgeBuckets
	DefBufCap                        = client.DefBufCap
	DefMaxAge                        = client.DefMaxAge
	DefNativeHistogramZeroThreshold  = client.DefNativeHistogramZeroThreshold
	ExemplarMaxRunes                 = client.ExemplarMaxRunes
	GaugeValue                       = client.GaugeValue
	NativeHistogramZeroThresholdZero = client.NativeHistogramZeroThresholdZero
	UntypedValue                     = client.UntypedValue
)

// These variables have the values of client_golang's. A program may set DefBuckets: constructors
// use them for histograms without buckets.
var (
	CounterMetricTypePtr = client.CounterMetricTypePtr
	DefBuckets           = client.DefBuckets
	GaugeMetricTypePtr   = client.GaugeMetricTypePtr
	UntypedMetricTypePtr = client.UntypedMetricTypePtr
)
