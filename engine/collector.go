// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"reflect"
	"slices"
	"sync/atomic"

	"github.com/quipu-metrics/quipu/encode"
)

// Collector supplies metrics whose values are kept elsewhere, at every scrape: those of a pool, of the runtime, of another
// process. Where one function returns one value, [NewGaugeFunc] is simpler.
type Collector interface {
	// Define defines the collector's metrics and keeps what the definitions return. It is called once, when the
	// collector is registered.
	Define(d *Definitions)

	// Collect emits the current values. It is called at every scrape that shows one of the metrics, on a goroutine of its
	// own, when the page begins. A registry never calls it twice at once: a scrape that begins while a call is under way
	// shows what that call emits, whose values may be a little older than the scrape. A collector that is registered in
	// several registries is called by each of them, so its Collect must be safe for concurrent calls, and it must be
	// registered in all of them before the first scrape.
	//
	// If Collect panics, ends its goroutine, or has not returned when the time of the page is over (see
	// [Exposition]), the collector's metrics are left out of that page, all of them, and the failure is counted. It may
	// use the registry.
	//
	// A collector that defines nothing is called, too, at every page that shows all metrics, and before the page is
	// written: what it sets is on that page.
	Collect(e *Emission)
}

// Collected is a metric of a [Collector]. What is emitted for the zero value is dropped and counted.
type Collected struct{ slot int } // counted from 1

// Definitions collects the definitions of a [Collector]. A definition that cannot work makes the registration fail.
type Definitions struct {
	list []collectedDefinition
}

type collectedDefinition struct {
	definition
	options []MetricOption
}

// Counter defines a counter with the given label names, which may be nil.
func (d *Definitions) Counter(name, help string, labels []string, options ...MetricOption) Collected {
	return d.add(encode.Counter, name, help, labels, options)
}

// Gauge defines a gauge.
func (d *Definitions) Gauge(name, help string, labels []string, options ...MetricOption) Collected {
	return d.add(encode.Gauge, name, help, labels, options)
}

// Histogram defines a histogram. [WithBuckets] says its layout.
func (d *Definitions) Histogram(name, help string, labels []string, options ...MetricOption) Collected {
	return d.add(encode.Histogram, name, help, labels, options)
}

// Summary defines a summary. [WithObjectives] says its quantiles.
func (d *Definitions) Summary(name, help string, labels []string, options ...MetricOption) Collected {
	return d.add(encode.Summary, name, help, labels, options)
}

func (d *Definitions) add(kind encode.Type, name, help string, labels []string, options []MetricOption) Collected {
	def := definition{kind: kind, name: name, help: help, vec: true, labels: append([]string{}, labels...)}
	d.list = append(d.list, collectedDefinition{def, options})
	return Collected{len(d.list)}
}

// Register registers a collector's metrics: all of them or, when one cannot be defined, none. A collector is registered
// once in a registry; registering it again is [ErrTaken]. It must be comparable, as pointers are.
func (r *Registry) Register(c Collector) error {
	if err := r.checkCollector(c); err != nil {
		return err
	}
	var d Definitions
	c.Define(&d)
	for i := range d.list {
		def := &d.list[i].definition
		if err := r.complete(def, d.list[i].options); err != nil {
			return err
		}
		if def.native != nil {
			return def.wrap(fmt.Errorf("%w: WithNative: a collector can emit classic buckets only", ErrOption))
		}
	}
	s := newSource(r, c, len(d.list))
	if err := r.addSource(s, d.list); err != nil {
		return err
	}
	for _, f := range s.families {
		f.warnDisplaced()
	}
	return nil
}

// addSource makes the families of a collector, all or none.
func (r *Registry) addSource(s *source, list []collectedDefinition) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c := s.collector; r.hasCollector(c) {
		return fmt.Errorf("quipu: collector %T: %w: this very collector is registered already", c, ErrTaken)
	}
	for i, def := range list {
		def.source, def.slot = s, i
		have, err := r.find(&def.definition)
		if have != nil { // only this collector's own: they are the same if their sources are
			err = fmt.Errorf("quipu: %s: %w: the collector defines it twice", &def.definition, ErrTaken)
		}
		if err != nil {
			for _, f := range s.families {
				r.release(f)
			}
			return err
		}
		f := newFamily(r, def.definition)
		r.reserve(f)
		s.families = append(s.families, f)
	}
	if len(s.families) == 0 {
		r.bare.Store(new(append(slices.Clip(*r.bare.Load()), s)))
		return nil
	}
	r.publish(s.families...)
	return nil
}

// checkCollector says why c cannot be registered, whatever it defines.
func (r *Registry) checkCollector(c Collector) error {
	v := reflect.ValueOf(c)
	switch {
	case c == nil:
		return fmt.Errorf("quipu: Register: %w: the collector is nil", ErrOption)
	case v.Kind() == reflect.Pointer && v.IsNil():
		return fmt.Errorf("quipu: Register: %w: the collector is a nil %T", ErrOption, c)
	case r == nil:
		return fmt.Errorf("quipu: collector %T: %w", c, errNilRegistry)
	case !v.Comparable():
		return fmt.Errorf("quipu: collector %T: %w: it is not comparable: register a pointer to it", c, ErrOption)
	}
	return nil
}

// hasCollector reports whether c is registered. The caller holds mu.
func (r *Registry) hasCollector(c Collector) bool {
	for _, f := range *r.sorted.Load() {
		if f.def.source != nil && f.def.source.collector == c {
			return true
		}
	}
	for _, s := range *r.bare.Load() {
		if s.collector == c {
			return true
		}
	}
	return false
}

// MustRegister registers collectors with the default registry and panics when one cannot be registered.
func MustRegister(collectors ...Collector) {
	for _, c := range collectors {
		must(c, Default().Register(c))
	}
}

// source calls a Collector for a registry. Every call fills a buffer of its own, which belongs to the pages that show it
// until the last of them is written.
type source struct {
	reg       *Registry
	collector Collector
	families  []*family // by Collected.slot; set before a scrape can see the source
	runner    *runner
	buffers   freeList[*emissionBuffer]
	reported  atomic.Uint32 // faults that have been logged, a bit each
}

func newSource(r *Registry, c Collector, metrics int) *source {
	s := &source{reg: r, collector: c}
	s.runner = newRunner(func(run *run) {
		run.emission = s.buffers.get(func() *emissionBuffer { return newEmissionBuffer(metrics) })
		run.emission.reset()
		e := &Emission{source: s, buf: run.emission}
		defer e.close()
		s.collector.Collect(e)
	})
	s.runner.recycle = func(run *run) { s.buffers.put(run.emission) }
	return s
}

// leftOut counts that a page lacks the collector's metrics, and logs it the first time.
func (s *source) leftOut(kind fault, cause any) {
	if s.first(kind, s.reg.self.failed[kind]) {
		s.log(kind, "left a collector's metrics out of a page", cause)
	}
}

// misuse counts a fault of the collector that is no metric's, and logs it the first time, with its
// line. In a strict registry it panics instead.
func (s *source) misuse(kind fault, detail string) {
	if s.reg.strict {
		panic(fmt.Sprintf("quipu: collector %T: %s (at %s)", s.collector, detail, callerNow()))
	}
	if s.first(kind, s.reg.self.dropped[kind]) {
		s.log(kind, "dropped a collector's emission", detail, "caller", callerNow())
	}
}

// first counts a fault and reports whether it is the collector's first of its kind.
func (s *source) first(kind fault, counter *Counter) bool {
	counter.Inc()
	bit := uint32(1) << kind
	return s.reported.Or(bit)&bit == 0
}

func (s *source) log(kind fault, what string, detail any, more ...any) {
	names := make([]string, len(s.families))
	for i, f := range s.families {
		names[i] = f.def.name
	}
	attrs := []any{"collector", fmt.Sprintf("%T", s.collector), "metrics", names, "reason", kind.String(), "detail", detail}
	s.reg.warn("quipu: "+what+" (further ones are only counted)", append(attrs, more...)...)
}
