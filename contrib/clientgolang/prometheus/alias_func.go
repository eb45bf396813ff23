// SPDX-License-Identifier: Apache-2.0

package prometheus

import (
	"time"

	client "github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// BuildFQName is client_golang's BuildFQName.
func BuildFQName(namespace, subsystem, name string) string {
	return client.BuildFQName(namespace, subsystem, name)
}

// DescribeByCollect is client_golang's DescribeByCollect.
func DescribeByCollect(c Collector, descs chan<- *Desc) {
	client.DescribeByCollect(c, descs)
}

// ExponentialBuckets is client_golang's ExponentialBuckets.
func ExponentialBuckets(start, factor float64, count int) []float64 {
	return client.ExponentialBuckets(start, factor, count)
}

// ExponentialBucketsRange is client_golang's ExponentialBucketsRange.
func ExponentialBucketsRange(minBucket, maxBucket float64, count int) []float64 {
	return client.ExponentialBucketsRange(minBucket, maxBucket, count)
}

// LinearBuckets is client_golang's LinearBuckets.
func LinearBuckets(start, width float64, count int) []float64 {
	return client.LinearBuckets(start, width, count)
}

// MakeLabelPairs is client_golang's MakeLabelPairs.
func MakeLabelPairs(desc *Desc, labelValues []string) []*dto.LabelPair {
	return client.MakeLabelPairs(desc, labelValues)
}

// MustNewConstHistogram is client_golang's MustNewConstHistogram.
func MustNewConstHistogram(
	desc *Desc, count uint64, sum float64, buckets map[float64]uint64, labelValues ...string,
) Metric {
	return client.MustNewConstHistogram(desc, count, sum, buckets, labelValues...)
}

// MustNewConstHistogramWithCreatedTimestamp is client_golang's
// MustNewConstHistogramWithCreatedTimestamp.
func MustNewConstHistogramWithCreatedTimestamp(
	desc *Desc, count uint64, sum float64, buckets map[float64]uint64, ct time.Time, labelValues ...string,
) Metric {
	return client.MustNewConstHistogramWithCreatedTimestamp(desc, count, sum, buckets, ct, labelValues...)
}

// MustNewConstMetric is client_golang's MustNewConstMetric.
func MustNewConstMetric(desc *Desc, valueType ValueType, value float64, labelValues ...string) Metric {
	return client.MustNewConstMetric(desc, valueType, value, labelValues...)
}

// MustNewConstMetricWithCreatedTimestamp is client_golang's MustNewConstMetricWithCreatedTimestamp.
func MustNewConstMetricWithCreatedTimestamp(
	desc *Desc, valueType ValueType, value float64, ct time.Time, labelValues ...string,
) Metric {
	return client.MustNewConstMetricWithCreatedTimestamp(desc, valueType, value, ct, labelValues...)
}

// MustNewConstNativeHistogram is client_golang's MustNewConstNativeHistogram.
func MustNewConstNativeHistogram(
	desc *Desc, count uint64, sum float64, positiveBuckets, negativeBuckets map[int]int64,
	zeroBucket uint64, nativeHistogramSchema int32, nativeHistogramZeroThreshold float64,
	createdTimestamp time.Time, labelValues ...string,
) Metric {
	return client.MustNewConstNativeHistogram(
		desc, count, sum, positiveBuckets, negativeBuckets, zeroBucket, nativeHistogramSchema,
		nativeHistogramZeroThreshold, createdTimestamp, labelValues...,
	)
}

// MustNewConstSummary is client_golang's MustNewConstSummary.
func MustNewConstSummary(
	desc *Desc, count uint64, sum float64, quantiles map[float64]float64, labelValues ...string,
) Metric {
	return client.MustNewConstSummary(desc, count, sum, quantiles, labelValues...)
}

// MustNewConstSummaryWithCreatedTimestamp is client_golang's
// MustNewConstSummaryWithCreatedTimestamp.
func MustNewConstSummaryWithCreatedTimestamp(
	desc *Desc, count uint64, sum float64, quantiles map[float64]float64, ct time.Time, labelValues ...string,
) Metric {
	return client.MustNewConstSummaryWithCreatedTimestamp(desc, count, sum, quantiles, ct, labelValues...)
}

// MustNewMetricWithExemplars is client_golang's MustNewMetricWithExemplars.
func MustNewMetricWithExemplars(m Metric, exemplars ...Exemplar) Metric {
	return client.MustNewMetricWithExemplars(m, exemplars...)
}

// NewBuildInfoCollector is client_golang's NewBuildInfoCollector.
//
// Deprecated: Use collectors.NewBuildInfoCollector.
func NewBuildInfoCollector() Collector {
	return client.NewBuildInfoCollector()
}

// NewConstHistogram is client_golang's NewConstHistogram.
func NewConstHistogram(
	desc *Desc, count uint64, sum float64, buckets map[float64]uint64, labelValues ...string,
) (Metric, error) {
	return client.NewConstHistogram(desc, count, sum, buckets, labelValues...)
}

// NewConstHistogramWithCreatedTimestamp is client_golang's NewConstHistogramWithCreatedTimestamp.
func NewConstHistogramWithCreatedTimestamp(
	desc *Desc, count uint64, sum float64, buckets map[float64]uint64, ct time.Time, labelValues ...string,
) (Metric, error) {
	return client.NewConstHistogramWithCreatedTimestamp(desc, count, sum, buckets, ct, labelValues...)
}

// NewConstMetric is client_golang's NewConstMetric.
func NewConstMetric(desc *Desc, valueType ValueType, value float64, labelValues ...string) (Metric, error) {
	return client.NewConstMetric(desc, valueType, value, labelValues...)
}

// NewConstMetricWithCreatedTimestamp is client_golang's NewConstMetricWithCreatedTimestamp.
func NewConstMetricWithCreatedTimestamp(
	desc *Desc, valueType ValueType, value float64, ct time.Time, labelValues ...string,
) (Metric, error) {
	return client.NewConstMetricWithCreatedTimestamp(desc, valueType, value, ct, labelValues...)
}

// NewConstNativeHistogram is client_golang's NewConstNativeHistogram.
func NewConstNativeHistogram(
	desc *Desc, count uint64, sum float64, positiveBuckets, negativeBuckets map[int]int64,
	zeroBucket uint64, schema int32, zeroThreshold float64, createdTimestamp time.Time, labelValues ...string,
) (Metric, error) {
	return client.NewConstNativeHistogram(
		desc, count, sum, positiveBuckets, negativeBuckets, zeroBucket, schema, zeroThreshold,
		createdTimestamp, labelValues...,
	)
}

// NewConstSummary is client_golang's NewConstSummary.
func NewConstSummary(
	desc *Desc, count uint64, sum float64, quantiles map[float64]float64, labelValues ...string,
) (Metric, error) {
	return client.NewConstSummary(desc, count, sum, quantiles, labelValues...)
}

// NewConstSummaryWithCreatedTimestamp is client_golang's NewConstSummaryWithCreatedTimestamp.
func NewConstSummaryWithCreatedTimestamp(
	desc *Desc, count uint64, sum float64, quantiles map[float64]float64, ct time.Time, labelValues ...string,
) (Metric, error) {
	return client.NewConstSummaryWithCreatedTimestamp(desc, count, sum, quantiles, ct, labelValues...)
}

// NewCounterFunc is client_golang's NewCounterFunc.
func NewCounterFunc(opts CounterOpts, function func() float64) CounterFunc {
	return client.NewCounterFunc(opts, function)
}

// NewDesc is client_golang's NewDesc.
func NewDesc(fqName string, help string, variableLabels []string, constLabels Labels) *Desc {
	return client.NewDesc(fqName, help, variableLabels, constLabels)
}

// NewExpvarCollector is client_golang's NewExpvarCollector.
//
// Deprecated: Use collectors.NewExpvarCollector.
func NewExpvarCollector(exports map[string]*Desc) Collector {
	return client.NewExpvarCollector(exports)
}

// NewGaugeFunc is client_golang's NewGaugeFunc.
func NewGaugeFunc(opts GaugeOpts, function func() float64) GaugeFunc {
	return client.NewGaugeFunc(opts, function)
}

// NewGoCollector is client_golang's NewGoCollector. It is a variable because the type of its
// options has no name outside client_golang.
//
//lint:ignore SA1019 every exported name of client_golang is here
var NewGoCollector = client.NewGoCollector

// NewInvalidDesc is client_golang's NewInvalidDesc.
func NewInvalidDesc(err error) *Desc {
	return client.NewInvalidDesc(err)
}

// NewInvalidMetric is client_golang's NewInvalidMetric.
func NewInvalidMetric(desc *Desc, err error) Metric {
	return client.NewInvalidMetric(desc, err)
}

// NewMetricVec is client_golang's NewMetricVec.
func NewMetricVec(desc *Desc, newMetric func(lvs ...string) Metric) *MetricVec {
	return client.NewMetricVec(desc, newMetric)
}

// NewMetricWithExemplars is client_golang's NewMetricWithExemplars.
func NewMetricWithExemplars(m Metric, exemplars ...Exemplar) (Metric, error) {
	return client.NewMetricWithExemplars(m, exemplars...)
}

// NewMetricWithTimestamp is client_golang's NewMetricWithTimestamp.
func NewMetricWithTimestamp(t time.Time, m Metric) Metric {
	return client.NewMetricWithTimestamp(t, m)
}

// NewMultiTRegistry is client_golang's NewMultiTRegistry.
func NewMultiTRegistry(tGatherers ...TransactionalGatherer) *MultiTRegistry {
	return client.NewMultiTRegistry(tGatherers...)
}

// NewPidFileFn is client_golang's NewPidFileFn.
func NewPidFileFn(pidFilePath string) func() (int, error) {
	return client.NewPidFileFn(pidFilePath)
}

// NewProcessCollector is client_golang's NewProcessCollector.
//
// Deprecated: Use collectors.NewProcessCollector.
func NewProcessCollector(opts ProcessCollectorOpts) Collector {
	return client.NewProcessCollector(opts)
}

// NewTimer is client_golang's NewTimer.
func NewTimer(o Observer) *Timer {
	return client.NewTimer(o)
}

// NewUntypedFunc is client_golang's NewUntypedFunc.
func NewUntypedFunc(opts UntypedOpts, function func() float64) UntypedFunc {
	return client.NewUntypedFunc(opts, function)
}

// ToTransactionalGatherer is client_golang's ToTransactionalGatherer.
func ToTransactionalGatherer(g Gatherer) TransactionalGatherer {
	return client.ToTransactionalGatherer(g)
}

// WithUnit is client_golang's WithUnit.
func WithUnit(unit string) DescOpt {
	return client.WithUnit(unit)
}

// WriteToTextfile is client_golang's WriteToTextfile.
func WriteToTextfile(filename string, g Gatherer) error {
	return client.WriteToTextfile(filename, g)
}
