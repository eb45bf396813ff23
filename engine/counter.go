// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"fmt"
	"math"

	"github.com/quipu-metrics/quipu/atomicf"
	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/quantile"
	"github.com/quipu-metrics/quipu/shard"
)

// Counter is a value that only goes up: requests served, bytes sent. Constructors and Vecs make it;
// it must not be copied. All methods may be called concurrently and take no lock.
type Counter struct {
	series
	ints atomicf.Count // whole additions: exact
	frac atomicf.Sum   // the others
}

// NewCounter defines a counter without labels, or returns it if it is defined already. The name
// should end in _total: OpenMetrics has no counters with other names, and shows those as type
// unknown, without exemplars.
func (r *Registry) NewCounter(name, help string, options ...MetricOption) (*Counter, error) {
	return define[*Counter](r, &counterKind, definition{name: name, help: help}, options)
}

// Inc adds 1: by an atomic addition, or by an ordinary one on a counter that many goroutines use
// (BenchmarkCounterInc).
func (c *Counter) Inc() { c.ints.Inc() }

// maxWhole is the size from which whole additions go to the floating-point part. Floats of this
// size are multiples of 1024, so nothing is lost there.
const maxWhole = 1 << 62

// Add adds v, which must not be negative or NaN: such an addition is dropped and counted. Whole
// numbers are added exactly, also when the total is past 2^53, up to 2^63; beyond that the counter
// wraps to 0, which Prometheus takes for a restart. Adding +Inf makes the counter +Inf for good.
// See BenchmarkCounterAddWhole and BenchmarkCounterAddFraction.
func (c *Counter) Add(v float64) {
	if n := int64(v); float64(n) == v && uint64(n)-1 < maxWhole-1 {
		c.ints.Add(uint64(n))
		return
	}
	if v >= 0 {
		c.addRest(v)
		return
	}
	c.misuse(v)
}

// addRest adds what Add does not add to the integer: 0, fractions, and large numbers. It may leave
// the total as it is.
func (c *Counter) addRest(v float64) {
	c.frac.Add(v)
	if c.fam.def.expiry > 0 {
		lifeOf[Counter](&c.node).touch()
	}
}

func (c *Counter) misuse(v float64) {
	switch {
	case v != v:
		c.fam.misuse(faultNaN, "NaN added to a counter")
	case c.fam.countKnown(faultNegative):
	default:
		c.fam.misuse(faultNegative, "%v added to a counter, which only goes up: a gauge can go down", v)
	}
}

// AddWithExemplar adds v, as [Counter.Add] does, and makes this event the counter's exemplar. The
// names and values of its labels may have 128 characters together; an exemplar that does not fit is
// dropped and counted, the addition is not. It allocates (BenchmarkExemplar). Nil labels are no
// exemplar: the one that is there stays, and nothing is allocated.
func (c *Counter) AddWithExemplar(v float64, exemplar Labels) {
	c.Add(v)
	if v >= 0 && exemplar != nil { // else the addition was dropped
		c.fam.setExemplar(&c.node, 0, v, exemplar)
	}
}

// AddContext adds v, as [Counter.Add] does. If the counter has [WithExemplars], the event in ctx
// becomes its exemplar when a page has shown the last one, or when that is older than
// [ExemplarInterval].
func (c *Counter) AddContext(ctx context.Context, v float64) {
	c.Add(v)
	if v >= 0 {
		c.fam.exemplarFrom(ctx, &c.node, 0, v)
	}
}

// Value returns the current total.
func (c *Counter) Value() float64 { return float64(c.ints.Load()) + c.frac.Load() }

// CounterVec is a counter with labels: a family of Counters.
type CounterVec struct{ vec[Counter] }

// NewCounterVec defines a counter with the given label names, or returns it if it is defined
// already. With nil names the label sets are open: each call of WithLabels may use other names.
func (r *Registry) NewCounterVec(name, help string, labels []string, options ...MetricOption) (*CounterVec, error) {
	return define[*CounterVec](r, &counterKind, labelled(name, help, labels), options)
}

// With returns the series with these label values, in the order of the declared names. The first
// time it creates the series (BenchmarkCreate); after that it takes no lock and allocates nothing
// (BenchmarkWith). Values are copied; values longer than [MaxLabelValue] are cut and invalid UTF-8
// is repaired. A wrong number of values gets a series that nobody sees, and is counted.
func (v *CounterVec) With(values ...string) *Counter { return v.with(values) }

// WithLabels is With for a label set, which must have exactly the declared names, or may have any
// names if none were declared. The map is not kept. In an open label set an empty value is the same
// as an absent label, as it is in Prometheus. BenchmarkWithLabels measures it.
func (v *CounterVec) WithLabels(labels Labels) *Counter { return v.withLabels(labels) }

// Curry returns the Vec of those series that have these labels. Its lookups take the labels that
// are left, in the order of the declared names, and cost little more than those of the whole Vec
// (BenchmarkCurry). Its Delete, DeleteLabels, DeleteWhere and Reset see no other series. Curry
// allocates: keep what it returns. The result can be curried again.
//
// A label that the Vec does not have, or that is curried already, is misuse: updates through the
// Vec that Curry returns are dropped and counted.
func (v *CounterVec) Curry(labels Labels) *CounterVec { return &CounterVec{v.curry(labels)} }

// CounterOf is a counter whose label sets are values of the struct L: see [RegisterCounterOf].
type CounterOf[L comparable] struct{ typed[L, Counter] }

// RegisterCounterOf defines a counter whose labels are the exported fields of struct L, in order,
// or returns it if it is defined already. (It is a function because methods cannot have type
// parameters.)
//
// Fields may be strings, integers and booleans, and types made of these. A field is called by its
// tag, as in `label:"method"`, or else by its name in snake case.
func RegisterCounterOf[L comparable](r *Registry, name, help string, options ...MetricOption) (*CounterOf[L], error) {
	t, err := defineOf[L, Counter](r, &counterKind, name, help, options)
	if err != nil {
		return nil, err
	}
	return &CounterOf[L]{t}, nil
}

// With returns the series with these labels. The first time it creates the series; after that it
// takes no lock and allocates nothing (BenchmarkWithTyped).
func (t *CounterOf[L]) With(labels L) *Counter { return t.with(labels) }

var counterRules = rules{typ: encode.Counter, trimmed: "_total", options: []string{"WithExemplars"}}

var counterKind = kind{
	rules: &counterRules,
	metric: func(f *family) any {
		if f.only == nil {
			return &CounterVec{newVec[Counter](f)}
		}
		return seriesOf[Counter](f.only)
	},
	newSeries: func(f *family) *series { return &made[Counter](f).series },
	life:      lifeOf[Counter],
	updated:   func(n *shard.Node) bool { return lifeOf[Counter](n).updated(seriesOf[Counter](n).ints.Load()) },
	exemplars: func(*definition) int { return 1 },
	expose:    exposeCounters,
	append:    appendCounter,
	form:      formValue,
	fits:      fitsCounter,
	read:      readCounter,
	present:   func(s *Sample, _ []float64, _ []quantile.Objective) { s.setCounter() },
	take:      func(s *state, from supplied) { s.counter = encode.CounterSample{Frac: from.value} },
}

func exposeCounters(f *family, w *pageWriter) {
	for n := range f.nodes {
		if !w.next() {
			return
		}
		readCounter(f, n, &w.state)
		appendCounter(w, n.Labels, &w.state)
	}
}

// readCounter reads a series.
func readCounter(f *family, n *shard.Node, s *state) {
	c, to := seriesOf[Counter](n), &s.counter
	to.Int, to.Frac = c.ints.Load(), c.frac.Load()
	// The whole part of the fraction belongs to the integer: two halves make a whole. Less than 1
	// is left, which past 2^53 is less than half of the distance between floats, so no rounding
	// makes a later total look smaller than an earlier one.
	if to.Frac != 0 {
		if whole := math.Trunc(to.Frac); whole < 1<<63 {
			to.Int, to.Frac = to.Int+uint64(whole), to.Frac-whole
		}
	}
	to.Created = f.created(n, s)
	to.Exemplar = nil
	if s.withExemplars {
		if set := f.exemplarsOf(n); set != nil {
			to.Exemplar = set.slots[0].show()
		}
	}
}

func appendCounter(w *pageWriter, labels string, s *state) {
	w.buf = w.enc.AppendCounter(w.buf, w.format, labels, &s.counter)
}

// fitsCounter refuses values that a counter cannot have.
func fitsCounter(_ *definition, value float64, _ int) (fault, error) {
	if value >= 0 {
		return 0, nil
	}
	return faultNegative, fmt.Errorf("%v for a counter", value)
}
