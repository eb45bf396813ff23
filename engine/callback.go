// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"math"
	"sync/atomic"
	"time"

	"github.com/quipu-metrics/quipu/encode"
)

// CounterFunc is a counter whose value a function supplies at every scrape.
type CounterFunc struct{ fam *family }

// GaugeFunc is a gauge whose value a function supplies at every scrape.
type GaugeFunc struct{ fam *family }

// NewCounterFunc defines a counter in the default registry whose value f returns: a total that is kept elsewhere. It
// panics when the definition cannot work.
func NewCounterFunc(name, help string, f func() float64, options ...MetricOption) *CounterFunc {
	return must(Default().NewCounterFunc(name, help, f, options...))
}

// NewCounterFunc defines a counter whose value f returns. Defining it again puts the new function in the place of the old
// one, because functions cannot be compared.
//
// f is called at every scrape, on a goroutine of its own, by one scrape at a time. If it panics, ends its goroutine,
// returns NaN or a negative number, or takes longer than [CallbackTimeout], its metric is left out of that page and the
// failure counted. f may use the registry.
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
	d.fn = newCallback(func(result *callbackResult) { result.value = f() })
	fam, err := r.define(d, options)
	if err != nil {
		return metric, err
	}
	fam.fn.Store(d.fn) // the family may have been there
	return fam.metric.(T), nil
}

// Value calls the function. It returns NaN where a scrape would leave the metric out.
func (c *CounterFunc) Value() float64 { return c.fam.callValue() }

// Value calls the function. It returns NaN where a scrape would leave the metric out.
func (g *GaugeFunc) Value() float64 { return g.fam.callValue() }

const (
	// CallbackTimeout is how long a scrape waits for the function of one func metric.
	CallbackTimeout = 500 * time.Millisecond

	// callbackBudget is how long one scrape waits for all functions together: less than the usual scrape timeout of
	// 10 s, whatever hangs.
	callbackBudget = 4 * CallbackTimeout

	// callbackFloor is how long a function gets even after that. One that returns at once is shown whatever others, or the
	// reader of the page, have done to the time; one that hangs costs later scrapes nothing.
	callbackFloor = 10 * time.Millisecond
)

// callback runs a user's function so that nothing it does can hurt a scrape. The function runs on a goroutine of its own,
// which ends with it: that is what makes a hanging function and runtime.Goexit harmless.
//
// turn is held while a run is under way, so the function never runs twice at once, and one that hangs keeps later
// scrapes from piling up goroutines behind it: they fail until it returns. The scrape that started a run gives the turn
// back, unless it has given up waiting (state), in which case the goroutine does when it ends; until then others do not
// wait at all. All other fields belong to whoever has the turn.
type callback struct {
	f      func(*callbackResult)
	run    func() // c.call, bound once: starting it allocates nothing
	turn   chan struct{}
	state  atomic.Uint32
	done   chan struct{} // room for one
	result callbackResult
	timer  *time.Timer
}

const (
	callRunning = iota
	callDone
	callAbandoned
)

// callbackResult is what came of a run.
type callbackResult struct {
	value    float64
	emission *Emission // of a collector
	failed   bool
	stopped  bool  // nobody waits any longer: no fault of the function's
	fault    fault // why it failed
	cause    any
}

func newCallback(f func(*callbackResult)) *callback {
	c := &callback{f: f, turn: make(chan struct{}, 1), done: make(chan struct{}, 1)}
	c.run = c.call
	c.timer = time.NewTimer(time.Hour)
	c.timer.Stop()
	return c
}

// call runs on its own goroutine, and gets to its end even when the function panics or exits the goroutine.
func (c *callback) call() {
	c.result = callbackResult{failed: true, fault: faultExit, cause: "runtime.Goexit"}
	defer func() {
		if p := recover(); p != nil {
			c.result.fault, c.result.cause = faultPanic, fmt.Sprint(p) // here, because String is the user's code too
		}
		if c.state.CompareAndSwap(callRunning, callDone) {
			c.done <- struct{}{}
		} else {
			c.state.Store(callDone) // whoever has the turn next is not to be taken for this run
			<-c.turn
		}
	}()
	c.f(&c.result)
	c.result.failed = false
}

// value runs the function and waits for its result, at most for the given time or until done is closed.
func (c *callback) value(wait time.Duration, done <-chan struct{}) callbackResult {
	select {
	case c.turn <- struct{}{}:
	default: // another scrape is at it
		if c.state.Load() == callAbandoned {
			return hung(wait) // it has waited long enough for all
		}
		t := time.NewTimer(wait)
		defer t.Stop()
		select {
		case c.turn <- struct{}{}:
		case <-t.C:
			return hung(wait)
		case <-done:
			return callbackResult{failed: true, stopped: true}
		}
	}
	c.state.Store(callRunning)
	c.timer.Reset(wait)
	go c.run()
	select {
	case <-c.done:
		c.timer.Stop()
	case <-c.timer.C:
		if c.state.CompareAndSwap(callRunning, callAbandoned) {
			return hung(wait)
		}
		<-c.done
	case <-done:
		c.timer.Stop()
		if c.state.CompareAndSwap(callRunning, callAbandoned) {
			return callbackResult{failed: true, stopped: true}
		}
		<-c.done
	}
	result := c.result
	<-c.turn
	return result
}

func hung(after time.Duration) callbackResult {
	return callbackResult{failed: true, fault: faultHang, cause: after.String()}
}

// call evaluates a func metric for a scrape that can still wait for the given time. ok is false when there is no value
// to show; the failure has been counted.
func (f *family) call(wait time.Duration, done <-chan struct{}) (value float64, ok bool) {
	result, ok := f.run(f.fn.Load(), wait, done)
	if ok && f.def.kind == encode.Counter && !(result.value >= 0) {
		f.leftOut(faultNegative, result.value)
		return 0, false
	}
	return result.value, ok
}

// run runs a user's function on behalf of a family, and counts its failure.
func (f *family) run(c *callback, wait time.Duration, done <-chan struct{}) (result callbackResult, ok bool) {
	result = c.value(max(min(wait, CallbackTimeout), callbackFloor), done)
	if result.failed && !result.stopped {
		f.leftOut(result.fault, result.cause)
	}
	return result, !result.failed
}

func (f *family) leftOut(kind fault, cause any) {
	f.report(kind, f.reg.self.failed[kind], "left a metric out of a page", "%v", cause)
}

func (f *family) callValue() float64 {
	if value, ok := f.call(CallbackTimeout, nil); ok {
		return value
	}
	return math.NaN()
}
