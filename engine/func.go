// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math"
	"time"
)

// CallbackTimeout is how long the function of a func metric may take, from the time when it is
// called.
const CallbackTimeout = 500 * time.Millisecond

// CounterFunc is a counter whose value a function supplies at every scrape.
type CounterFunc struct{ fam *family }

// GaugeFunc is a gauge whose value a function supplies at every scrape.
type GaugeFunc struct{ fam *family }

// NewCounterFunc defines a counter whose value f returns: a total that is kept elsewhere. Defining
// it again replaces the function, because functions cannot be compared; the first time that happens
// it is logged, with the lines of both definitions.
//
// f is called at every scrape, on another goroutine, and never twice at once: a scrape that begins
// while a call is under way shows the result of that call, which began a little earlier. All
// functions of a page are called together when the page begins, so a slow one delays no other. If f
// panics, ends its goroutine, returns NaN or a negative number, or takes longer than
// [CallbackTimeout] or [WithTimeout], its metric is left out of that page and the failure counted.
// A call that never returns costs later scrapes nothing: they leave the metric out at once. f may
// use the registry.
func (r *Registry) NewCounterFunc(name, help string, f func() float64, options ...MetricOption) (*CounterFunc, error) {
	return defineFunc[*CounterFunc](r, &counterFuncKind, name, help, f, options)
}

// NewGaugeFunc defines a gauge whose value f returns, any float64. f is called as described at
// [Registry.NewCounterFunc].
func (r *Registry) NewGaugeFunc(name, help string, f func() float64, options ...MetricOption) (*GaugeFunc, error) {
	return defineFunc[*GaugeFunc](r, &gaugeFuncKind, name, help, f, options)
}

// Name returns the name of the metric, with the registry's prefix.
func (c *CounterFunc) Name() string { return c.fam.def.name }

// Name returns the name of the metric, with the registry's prefix.
func (g *GaugeFunc) Name() string { return g.fam.def.name }

// Value calls the function, or waits for the call that is under way, for as long as a scrape would.
// It returns NaN where a scrape would leave the metric out.
func (c *CounterFunc) Value() float64 { return c.fam.callValue() }

// Value calls the function, or waits for the call that is under way, for as long as a scrape would.
// It returns NaN where a scrape would leave the metric out.
func (g *GaugeFunc) Value() float64 { return g.fam.callValue() }

func (c *CounterFunc) definedBy() *family { return c.fam }

func (g *GaugeFunc) definedBy() *family { return g.fam }

var counterFuncRules = rules{typ: counterRules.typ, trimmed: counterRules.trimmed, options: []string{"WithTimeout"}}

var counterFuncKind = kind{
	rules:   &counterFuncRules,
	metric:  func(f *family) any { return &CounterFunc{f} },
	append:  appendCounter,
	fits:    fitsCounter,
	take:    counterKind.take,
	present: counterKind.present,
}

var gaugeFuncRules = rules{typ: gaugeRules.typ, options: []string{"WithTimeout"}}

var gaugeFuncKind = kind{
	rules:   &gaugeFuncRules,
	metric:  func(f *family) any { return &GaugeFunc{f} },
	append:  appendGauge,
	fits:    gaugeKind.fits,
	take:    gaugeKind.take,
	present: gaugeKind.present,
}

// function supplies the value of a func metric. Which function it is does not distinguish
// definitions: a second definition replaces it.
type function struct{}

func (function) String() string { return "a function" }

func defineFunc[T any](r *Registry, k *kind, name, help string, f func() float64,
	options []MetricOption) (metric T, err error) {
	d := definition{rules: k.rules, name: name, help: help, supplier: function{}, timeout: CallbackTimeout}
	if f == nil {
		return metric, d.wrap(errNilFunc)
	}
	d.fn = newRunner(func(value *float64) { *value = f() })
	fam, err := r.define(k, d, options)
	if err != nil {
		return metric, err
	}
	if fam.fn.Swap(d.fn) != d.fn && !fam.replaced.Swap(true) { // the family was there, with another function
		r.warn("quipu: a func metric is defined again and its function replaced (further ones are not logged)",
			"metric", fam.def.name, "caller", callerNow(), "first", fam.where)
	}
	return fam.metric.(T), nil
}

// result waits for a run of the family's function, at most until the given time. ok is false when
// there is no value to show; the failure has been counted.
func (f *family) result(w *waiter, run *run[float64], until time.Time) (value supplied, ok bool) {
	finished := w.wait(run.done, earlier(run.begin.Add(f.def.timeout), until))
	switch {
	case !finished && w.aborted(): // the page is given up, which is not the function's fault
		return value, false
	case !finished || !run.ok:
		run.runner.failures.Add(1)
		f.leftOut(run.failure(finished))
		return value, false
	}
	value.value = run.result
	if kind, err := f.kind.fits(&f.def, value.value, 0); err != nil {
		run.runner.failures.Add(1)
		f.leftOut(kind, run.result)
		return value, false
	}
	return value, true
}

func (f *family) callValue() float64 {
	run := f.fn.Load().start()
	defer run.leave()
	var w waiter
	defer w.stop()
	if value, ok := f.result(&w, run, time.Now().Add(f.def.timeout)); ok {
		return value.value
	}
	return math.NaN()
}
