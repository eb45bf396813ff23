// SPDX-License-Identifier: Apache-2.0

package promhttp

import (
	"net/http"

	client "github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/quipu-metrics/quipu/contrib/clientgolang/prometheus"
)

// InstrumentHandlerCounter returns a handler that counts the requests of another one. The Vec may
// have the labels code and method, and those that options name.
func InstrumentHandlerCounter(counter *prometheus.CounterVec, next http.Handler, opts ...Option) http.HandlerFunc {
	return client.InstrumentHandlerDuration(events{counter}, next, opts...)
}

// InstrumentRoundTripperCounter returns a round tripper that counts the requests of another one
// which got a response: see [InstrumentHandlerCounter].
func InstrumentRoundTripperCounter(
	counter *prometheus.CounterVec, next http.RoundTripper, opts ...Option,
) RoundTripperFunc {
	return client.InstrumentRoundTripperDuration(events{counter}, next, opts...)
}

// events makes a Vec of counters look like one of histograms that counts observations, because
// client_golang's functions for counters take its own type only. They do the same with both.
type events struct{ *prometheus.CounterVec }

// event counts what it observes.
type event struct{ prometheus.Counter }

// Observe implements [prometheus.Observer].
func (e event) Observe(float64) { e.Inc() }

// ObserveWithExemplar implements [prometheus.ExemplarObserver].
func (e event) ObserveWithExemplar(_ float64, exemplar prometheus.Labels) {
	if adder, ok := e.Counter.(prometheus.ExemplarAdder); ok {
		adder.AddWithExemplar(1, exemplar)
		return
	}
	e.Inc()
}

func observer(c prometheus.Counter, err error) (prometheus.Observer, error) {
	if err != nil {
		return nil, err
	}
	return event{c}, nil
}

// These methods implement [prometheus.ObserverVec].

func (e events) GetMetricWith(labels prometheus.Labels) (prometheus.Observer, error) {
	return observer(e.CounterVec.GetMetricWith(labels))
}

func (e events) GetMetricWithLabelValues(lvs ...string) (prometheus.Observer, error) {
	return observer(e.CounterVec.GetMetricWithLabelValues(lvs...))
}

func (e events) With(labels prometheus.Labels) prometheus.Observer {
	return event{e.CounterVec.With(labels)}
}

func (e events) WithLabelValues(lvs ...string) prometheus.Observer {
	return event{e.CounterVec.WithLabelValues(lvs...)}
}

func (e events) CurryWith(labels prometheus.Labels) (prometheus.ObserverVec, error) {
	v, err := e.CounterVec.CurryWith(labels)
	if err != nil {
		return nil, err
	}
	return events{v}, nil
}

func (e events) MustCurryWith(labels prometheus.Labels) prometheus.ObserverVec {
	return events{e.CounterVec.MustCurryWith(labels)}
}
