// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math"

	"github.com/quipu-metrics/quipu/atomicf"
	"github.com/quipu-metrics/quipu/encode"
)

// Counter is a value that only goes up: requests served, bytes sent. Constructors and Vecs make it; it must not be
// copied. All methods may be called concurrently and take no lock.
type Counter struct {
	series
	ints atomicf.Count // whole additions: exact
	frac atomicf.Sum   // the others
}

// NewCounter defines a counter in the default registry. It panics when the definition cannot work.
func NewCounter(name, help string, options ...MetricOption) *Counter {
	return must(Default().NewCounter(name, help, options...))
}

// NewCounter defines a counter without labels, or returns it if it is defined already. The name should end in _total:
// OpenMetrics has no counters with other names, and shows those as type unknown, without exemplars.
func (r *Registry) NewCounter(name, help string, options ...MetricOption) (*Counter, error) {
	return define[*Counter](r, definition{kind: encode.Counter, name: name, help: help}, options)
}

// Inc adds 1. It costs an atomic add, or less on a counter that many goroutines use.
func (c *Counter) Inc() { c.ints.Inc() }

// maxWhole is where whole additions go to the floating-point part, which loses nothing there: floats of this size are
// multiples of 1024.
const maxWhole = 1 << 62

// Add adds v, which must not be negative or NaN: such an addition is dropped and counted. Whole numbers are added
// exactly, also where the total is past 2^53, up to 2^63; beyond that the counter wraps to 0, which Prometheus takes for
// a restart. Adding +Inf makes the counter +Inf for good.
func (c *Counter) Add(v float64) {
	if n := int64(v); float64(n) == v && uint64(n) < maxWhole {
		c.ints.Add(uint64(n))
		return
	}
	if v > 0 {
		c.frac.Add(v)
		return
	}
	c.misuse(v)
}

func (c *Counter) misuse(v float64) {
	switch {
	case v != v:
		c.fam.misuse(faultNaN, "NaN added to a counter")
	case c.fam.again(faultNegative):
	default:
		c.fam.misuse(faultNegative, "%v added to a counter, which only goes up: a gauge can go down", v)
	}
}

// Value returns the current total.
func (c *Counter) Value() float64 { return float64(c.ints.Load()) + c.frac.Load() }

func (c *Counter) sample(s *encode.CounterSample) {
	s.Int, s.Frac = c.ints.Load(), c.frac.Load()
	// Two halves make a whole. Less than 1 is left, which past 2^53 is less than half of the distance between floats, so
	// that no rounding makes a later total look smaller than an earlier one.
	if whole := math.Trunc(s.Frac); whole < 1<<63 {
		s.Int, s.Frac = s.Int+uint64(whole), s.Frac-whole
	}
}

// CounterVec is a counter with labels: a family of Counters.
type CounterVec struct{ vec[Counter] }

// NewCounterVec defines a counter with labels in the default registry. It panics when the definition cannot work.
func NewCounterVec(name, help string, labels []string, options ...MetricOption) *CounterVec {
	return must(Default().NewCounterVec(name, help, labels, options...))
}

// NewCounterVec defines a counter with the given label names, or returns it if it is defined already. With nil names
// the label sets are open: each call of WithLabels may use other names.
func (r *Registry) NewCounterVec(name, help string, labels []string, options ...MetricOption) (*CounterVec, error) {
	return define[*CounterVec](r, labelled(encode.Counter, name, help, labels), options)
}

// With returns the series with these label values, in the order of the declared names. The first time it creates the
// series; after that it takes no lock and allocates nothing. Values are copied; those longer than [MaxLabelValue] are cut
// and invalid UTF-8 is repaired. A wrong number of values gets a series that nobody sees, and is counted.
func (v *CounterVec) With(values ...string) *Counter { return v.with(values) }

// WithLabels is With for a label set, which must have exactly the declared names, or may have any names if none were
// declared. The map is not kept. In an open label set an empty value is the same as none, as it is in Prometheus.
func (v *CounterVec) WithLabels(labels Labels) *Counter { return v.withLabels(labels) }
