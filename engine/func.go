// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math"
	"time"

	"github.com/quipu-metrics/quipu/encode"
)

// CallbackTimeout is how long the function of a func metric may take, from when it is called.
const CallbackTimeout = 500 * time.Millisecond

// CounterFunc is a counter whose value a function supplies at every scrape.
type CounterFunc struct{ fam *family }

// GaugeFunc is a gauge whose value a function supplies at every scrape.
type GaugeFunc struct{ fam *family }

// NewCounterFunc defines a counter in the default registry whose value f returns: a total that is kept elsewhere. It
// panics when the definition cannot work.
func NewCounterFunc(name, help string, f func() float64, options ...MetricOption) *CounterFunc {
	return must(Default().NewCounterFunc(name, help, f, options...))
}

// NewCounterFunc defines a counter whose value f returns. Defining it again puts the new function in the place of the
// old one, because functions cannot be compared; the first time that happens it is logged, with both lines.
//
// f is called at every scrape, on a goroutine of its own, and never twice at once: a scrape that begins while a call is
// under way shows the result of that call, which began a little earlier. All functions of a page are called together
// when the page begins, so a slow one delays no other. If f panics, ends its goroutine, returns NaN or a negative
// number, or takes longer than [CallbackTimeout], its metric is left out of that page and the failure counted. A call
// that never returns costs later scrapes nothing: they leave the metric out at once. f may use the registry.
func (r *Registry) NewCounterFunc(name, help string, f func() float64, options ...MetricOption) (*CounterFunc, error) {
	return defineFunc[*CounterFunc](r, encode.Counter, name, help, f, options)
}

// NewGaugeFunc defines a gauge in the default registry whose value f returns. It panics when the definition cannot work.
func NewGaugeFunc(name, help string, f func() float64, options ...MetricOption) *GaugeFunc {
	return must(Default().NewGaugeFunc(name, help, f, options...))
}

// NewGaugeFunc defines a gauge whose value f returns, any float64. f is called as [Registry.NewCounterFunc] says.
func (r *Registry) NewGaugeFunc(name, help string, f func() float64, options ...MetricOption) (*GaugeFunc, error) {
	return defineFunc[*GaugeFunc](r, encode.Gauge, name, help, f, options)
}

func defineFunc[T any](r *Registry, kind encode.Type, name, help string, f func() float64, options []MetricOption) (metric T, err error) {
	d := definition{kind: kind, name: name, help: help, callback: true}
	if f == nil {
		return metric, d.wrap(errNilFunc)
	}
	d.fn = newRunner(func(run *run) { run.value = f() })
	fam, err := r.define(d, options)
	if err != nil {
		return metric, err
	}
	if fam.fn.Swap(d.fn) != d.fn && !fam.replaced.Swap(true) { // the family was there, with another function
		r.warn("quipu: a func metric is defined again and its function replaced (further ones are not logged)",
			"metric", fam.def.name, "caller", callerNow(), "first", fam.where)
	}
	return fam.metric.(T), nil
}

// Value calls the function, or waits for the call that is under way, for as long as a scrape would. It returns NaN where
// a scrape would leave the metric out.
func (c *CounterFunc) Value() float64 { return c.fam.callValue() }

// Value calls the function, or waits for the call that is under way, for as long as a scrape would. It returns NaN where
// a scrape would leave the metric out.
func (g *GaugeFunc) Value() float64 { return g.fam.callValue() }

// result waits for a run of the family's function, at most until the given time. ok is false when there is no value to
// show; the failure has been counted.
func (f *family) result(w *waiter, run *run, until time.Time) (value float64, ok bool) {
	finished := w.wait(run, earlier(run.begin.Add(CallbackTimeout), until))
	switch {
	case !finished && w.stopped(): // the page is given up: no fault of the function's
		return 0, false
	case !finished || !run.ok:
		f.leftOut(run.failure(finished))
		return 0, false
	case f.def.kind == encode.Counter && !(run.value >= 0):
		f.leftOut(faultNegative, run.value)
		return 0, false
	}
	return run.value, true
}

func (f *family) leftOut(kind fault, cause any) {
	f.report(kind, f.reg.self.failed[kind], "left a metric out of a page", "%v", cause)
}

func (f *family) callValue() float64 {
	run := f.fn.Load().start()
	defer run.leave()
	var w waiter
	defer w.stop()
	if value, ok := f.result(&w, run, time.Now().Add(CallbackTimeout)); ok {
		return value
	}
	return math.NaN()
}
