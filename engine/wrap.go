// SPDX-License-Identifier: Apache-2.0

package engine

import "context"

// Func is a constraint: the types of the functions and method values that [Timed], [InProgress] and
// [CountErrors] can wrap.
type Func interface {
	func() error | func(context.Context) error
}

// Timed returns a function that calls f and observes its duration in o, in seconds, whether f
// returns or panics. If o is nil, or a nil *Histogram or *Summary, nothing is observed.
//
//	handle = engine.Timed(latency, handle)
//
// Wrapping allocates; calls of the result do not.
func Timed[F Func](o Observer, f F) F { return wrap("Timed", newMeasures(o, nil, nil), f) }

// InProgress returns a function that calls f and adds 1 to g while the call is under way.
func InProgress[F Func](g *Gauge, f F) F { return wrap("InProgress", newMeasures(nil, g, nil), f) }

// CountErrors returns a function that calls f and counts in c the calls that return an error or
// panic. The panic goes on.
func CountErrors[F Func](c *Counter, f F) F { return wrap("CountErrors", newMeasures(nil, nil, c), f) }

// Call calls f, a function that returns a value and an error. It measures the call as [Timed],
// [InProgress] and [CountErrors] do together. Each of o, g and c may be nil, and o may be a nil
// *Histogram or *Summary.
//
//	user, err := engine.Call(latency, inflight, failures, func() (User, error) { return db.User(ctx, id) })
func Call[T any](o Observer, g *Gauge, c *Counter, f func() (T, error)) (value T, err error) {
	if f == nil {
		panic("quipu: Call: the function is nil")
	}
	call := newMeasures(o, g, c).begin()
	defer func() { call.end(err) }()
	value, err = f()
	call.returned = true
	return value, err
}

// measures holds the metrics of a call; nil fields are left out.
type measures struct {
	time       Observer
	inProgress *Gauge
	errors     *Counter
}

// newMeasures leaves out an observer that is nil inside its interface, which would panic after the
// call.
func newMeasures(o Observer, g *Gauge, c *Counter) measures {
	if isNil(o) {
		o = nil
	}
	return measures{o, g, c}
}

// underWay is one call being measured.
type underWay struct {
	measures
	timer    Timer
	returned bool // false in the end: f panicked, or ended its goroutine
}

func (m measures) begin() underWay {
	call := underWay{measures: m}
	if m.time != nil {
		call.timer = StartTimer(m.time) // first: it may panic, and nothing is in progress then
	}
	if m.inProgress != nil {
		m.inProgress.Inc()
	}
	return call
}

func (u *underWay) end(err error) {
	if u.time != nil {
		u.timer.Stop()
	}
	if u.inProgress != nil {
		u.inProgress.Dec()
	}
	if u.errors != nil && (err != nil || !u.returned) {
		u.errors.Inc()
	}
}

func wrap[F Func](wrapper string, m measures, f F) F {
	var wrapped any
	switch f := any(f).(type) {
	case func() error:
		if f == nil {
			panic("quipu: " + wrapper + ": the function is nil")
		}
		wrapped = func() (err error) {
			call := m.begin()
			defer func() { call.end(err) }()
			err = f()
			call.returned = true
			return err
		}
	case func(context.Context) error:
		if f == nil {
			panic("quipu: " + wrapper + ": the function is nil")
		}
		wrapped = func(ctx context.Context) (err error) {
			call := m.begin()
			defer func() { call.end(err) }()
			err = f(ctx)
			call.returned = true
			return err
		}
	}
	return wrapped.(F)
}
