// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	client "github.com/prometheus/client_golang/prometheus"

	"github.com/quipu-metrics/quipu/contrib/clientgolang/prometheus"
)

// registry has the methods that the registries of both packages have.
type registry interface {
	client.Registerer
	client.Gatherer
	client.Collector
}

// api is the part of a package that programs use. Options are the same types in both.
type api struct {
	newCounter   func(client.CounterOpts) client.Counter
	newGauge     func(client.GaugeOpts) client.Gauge
	newHistogram func(client.HistogramOpts) client.Histogram
	newSummary   func(client.SummaryOpts) client.Summary

	newCounterVec   func(client.CounterVecOpts) vec
	newGaugeVec     func(client.GaugeVecOpts) vec
	newHistogramVec func(client.HistogramVecOpts) vec
	newSummaryVec   func(client.SummaryVecOpts) vec

	newGaugeFunc   func(client.GaugeOpts, func() float64) client.GaugeFunc
	newCounterFunc func(client.CounterOpts, func() float64) client.CounterFunc

	newRegistry         func() registry
	newPedanticRegistry func() registry

	wrapRegistererWith   func(client.Labels, client.Registerer) client.Registerer
	wrapRegistererPrefix func(string, client.Registerer) client.Registerer
	wrapCollectorWith    func(client.Labels, client.Collector) client.Collector
	wrapCollectorPrefix  func(string, client.Collector) client.Collector
}

var ours = api{
	newCounter: prometheus.NewCounter, newGauge: prometheus.NewGauge,
	newHistogram: prometheus.NewHistogram, newSummary: prometheus.NewSummary,
	newCounterVec: func(o client.CounterVecOpts) vec {
		if l, ok := plain(o.VariableLabels); ok {
			return vecOf[client.Counter](prometheus.NewCounterVec(o.CounterOpts, l))
		}
		return vecOf[client.Counter](prometheus.V2.NewCounterVec(o))
	},
	newGaugeVec: func(o client.GaugeVecOpts) vec {
		if l, ok := plain(o.VariableLabels); ok {
			return vecOf[client.Gauge](prometheus.NewGaugeVec(o.GaugeOpts, l))
		}
		return vecOf[client.Gauge](prometheus.V2.NewGaugeVec(o))
	},
	newHistogramVec: func(o client.HistogramVecOpts) vec {
		if l, ok := plain(o.VariableLabels); ok {
			return observerVec(prometheus.NewHistogramVec(o.HistogramOpts, l))
		}
		return observerVec(prometheus.V2.NewHistogramVec(o))
	},
	newSummaryVec: func(o client.SummaryVecOpts) vec {
		if l, ok := plain(o.VariableLabels); ok {
			return observerVec(prometheus.NewSummaryVec(o.SummaryOpts, l))
		}
		return observerVec(prometheus.V2.NewSummaryVec(o))
	},
	newGaugeFunc: prometheus.NewGaugeFunc, newCounterFunc: prometheus.NewCounterFunc,
	newRegistry:          func() registry { return prometheus.NewRegistry() },
	newPedanticRegistry:  func() registry { return prometheus.NewPedanticRegistry() },
	wrapRegistererWith:   prometheus.WrapRegistererWith,
	wrapRegistererPrefix: prometheus.WrapRegistererWithPrefix,
	wrapCollectorWith:    prometheus.WrapCollectorWith,
	wrapCollectorPrefix:  prometheus.WrapCollectorWithPrefix,
}

var theirs = api{
	newCounter: client.NewCounter, newGauge: client.NewGauge,
	newHistogram: client.NewHistogram, newSummary: client.NewSummary,
	newCounterVec:   func(o client.CounterVecOpts) vec { return vecOf[client.Counter](client.V2.NewCounterVec(o)) },
	newGaugeVec:     func(o client.GaugeVecOpts) vec { return vecOf[client.Gauge](client.V2.NewGaugeVec(o)) },
	newHistogramVec: func(o client.HistogramVecOpts) vec { return observerVec(client.V2.NewHistogramVec(o)) },
	newSummaryVec:   func(o client.SummaryVecOpts) vec { return observerVec(client.V2.NewSummaryVec(o)) },
	newGaugeFunc:    client.NewGaugeFunc, newCounterFunc: client.NewCounterFunc,
	newRegistry:          func() registry { return client.NewRegistry() },
	newPedanticRegistry:  func() registry { return client.NewPedanticRegistry() },
	wrapRegistererWith:   client.WrapRegistererWith,
	wrapRegistererPrefix: client.WrapRegistererWithPrefix,
	wrapCollectorWith:    client.WrapCollectorWith,
	wrapCollectorPrefix:  client.WrapCollectorWithPrefix,
}

// plain returns the names of labels without constraints.
func plain(l client.ConstrainableLabels) (names []string, ok bool) {
	names, ok = l.(client.UnconstrainedLabels)
	return names, ok
}

// vec is a Vec of any kind.
type vec struct {
	deleter

	withLabelValues func(...string) client.Metric
	getLabelValues  func(...string) (client.Metric, error)
	with            func(client.Labels) client.Metric
	get             func(client.Labels) (client.Metric, error)
	curryWith       func(client.Labels) (vec, error)
	mustCurryWith   func(client.Labels) vec
}

type deleter interface {
	client.Collector
	Delete(client.Labels) bool
	DeleteLabelValues(...string) bool
	DeletePartialMatch(client.Labels) int
	Reset()
}

// looker has the lookups of a Vec of M, which the result of its CurryWith has too.
type looker[M, V any] interface {
	WithLabelValues(...string) M
	GetMetricWithLabelValues(...string) (M, error)
	With(client.Labels) M
	GetMetricWith(client.Labels) (M, error)
	CurryWith(client.Labels) (V, error)
	MustCurryWith(client.Labels) V
}

func observerVec(v client.ObserverVec) vec { return vecOf[client.Observer](v) }

func vecOf[M any, V looker[M, V]](v V) vec {
	metric := func(m M) client.Metric { n, _ := any(m).(client.Metric); return n }
	return vec{
		deleter:         any(v).(deleter),
		withLabelValues: func(lvs ...string) client.Metric { return metric(v.WithLabelValues(lvs...)) },
		with:            func(l client.Labels) client.Metric { return metric(v.With(l)) },
		getLabelValues: func(lvs ...string) (client.Metric, error) {
			m, err := v.GetMetricWithLabelValues(lvs...)
			return metric(m), err
		},
		get: func(l client.Labels) (client.Metric, error) {
			m, err := v.GetMetricWith(l)
			return metric(m), err
		},
		curryWith: func(l client.Labels) (vec, error) {
			c, err := v.CurryWith(l)
			if err != nil {
				return vec{}, err
			}
			return vecOf[M](c), nil
		},
		mustCurryWith: func(l client.Labels) vec { return vecOf[M](v.MustCurryWith(l)) },
	}
}
