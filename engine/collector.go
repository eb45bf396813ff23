// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"slices"
)

// Collector supplies, at every scrape, metrics whose values are kept elsewhere: in a pool, in the
// runtime, in another process. Where one function returns one value, [NewGaugeFunc] is simpler.
type Collector interface {
	// Define defines the collector's metrics and stores the returned handles in the collector. It
	// is called once, when the collector is registered.
	Define(d *Definitions)

	// Collect emits the current values. It is called at every scrape that shows one of the metrics,
	// on another goroutine, when the page begins. A registry never calls it twice at once: a scrape
	// that begins while a call is under way shows the emissions of that call, whose values may be a
	// little older than the scrape. A collector that is registered in several registries is called
	// by each of them, so its Collect must be safe for concurrent calls, and it must be registered
	// in all of them before the first scrape.
	//
	// If Collect panics, ends its goroutine, or has not returned when the time of the page is over
	// (see [Exposition]), all metrics of the collector are left out of that page and the failure is
	// counted. Collect may use the registry.
	//
	// A collector that defines nothing is called too, at every page that shows all metrics and
	// before the page is written: the values that it sets are on that page.
	Collect(e *Emission)
}

// Definitions collects the definitions of a [Collector]. A definition that cannot work makes the
// registration fail.
type Definitions struct {
	list []collectedDefinition
}

type collectedDefinition struct {
	definition
	kind    *kind
	options []MetricOption
}

// Counter defines a counter with the given label names, which may be nil.
func (d *Definitions) Counter(name, help string, labels []string, options ...MetricOption) Collected {
	return d.add(&counterKind, name, help, labels, options)
}

// Gauge defines a gauge.
func (d *Definitions) Gauge(name, help string, labels []string, options ...MetricOption) Collected {
	return d.add(&gaugeKind, name, help, labels, options)
}

// Histogram defines a histogram. [WithBuckets] says its layout.
func (d *Definitions) Histogram(name, help string, labels []string, options ...MetricOption) Collected {
	return d.add(&histogramKind, name, help, labels, options)
}

// Summary defines a summary. [WithObjectives] says its quantiles.
func (d *Definitions) Summary(name, help string, labels []string, options ...MetricOption) Collected {
	return d.add(&summaryKind, name, help, labels, options)
}

func (d *Definitions) add(k *kind, name, help string, labels []string, options []MetricOption) Collected {
	def := definition{name: name, help: help, vec: true, labels: append([]string{}, labels...)}
	d.list = append(d.list, collectedDefinition{def, k, options})
	return Collected{len(d.list)}
}

// Register registers a collector's metrics: all of them or, when one cannot be defined, none. A
// collector is registered once in a registry; registering it again is [ErrTaken]. It must be
// comparable, as pointers are.
func (r *Registry) Register(c Collector) error {
	if err := r.checkComparable("Register", "collector", c); err != nil {
		return err
	}
	var d Definitions
	c.Define(&d)
	for i := range d.list {
		def := &d.list[i]
		if err := r.complete(def.kind, &def.definition, def.options); err != nil {
			return err
		}
		if def.native != nil {
			return def.wrap(fmt.Errorf("%w: WithNative: a collector can emit classic buckets only", ErrOption))
		}
	}
	s := newRegisteredCollector(&r.core, c, len(d.list))
	if err := r.addCollector(s, d.list); err != nil {
		return err
	}
	for _, f := range s.families {
		f.warnDisplaced()
	}
	return nil
}

// addCollector makes the families of a collector, all or none.
func (r *Registry) addCollector(s *registeredCollector, list []collectedDefinition) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c := s.collector; r.hasCollector(c) {
		return fmt.Errorf("quipu: collector %T: %w: this very collector is registered already", c, ErrTaken)
	}
	for i, def := range list {
		def.supplier, def.slot = s, i
		have, err := r.find(&def.definition)
		if have != nil { // only this collector's own metrics have the same supplier
			err = fmt.Errorf("quipu: %s: %w: the collector defines it twice", &def.definition, ErrTaken)
		}
		if err != nil {
			for _, f := range s.families {
				r.names.remove(&f.home)
			}
			return err
		}
		f := newFamily(&r.core, def.kind, def.definition)
		f.metric = s.collector
		r.names.add(&f.home)
		s.families = append(s.families, f)
	}
	if len(s.families) == 0 {
		r.change(func(c *contents) { c.withoutMetrics = append(slices.Clip(c.withoutMetrics), s) })
		return nil
	}
	r.publish(s.families...)
	return nil
}

// hasCollector reports whether c is registered. The caller holds mu.
func (r *Registry) hasCollector(c Collector) bool {
	have := r.contents.Load()
	return slices.ContainsFunc(have.families, func(f *family) bool { return isOf(f.def.supplier, c) }) ||
		slices.ContainsFunc(have.withoutMetrics, func(s supplier) bool { return isOf(s, c) })
}

// isOf reports whether a supplier is this collector, which is comparable.
func isOf(s supplier, c Collector) bool {
	registered, ok := s.(*registeredCollector)
	return ok && registered.collector == c
}

// UnregisterCollector removes a collector and all of its metrics, and reports whether it was
// registered. A page that has begun may still call it.
func (r *Registry) UnregisterCollector(c Collector) bool {
	if r.checkComparable("UnregisterCollector", "collector", c) != nil {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	removed := r.remove(func(f *family) bool { return isOf(f.def.supplier, c) })
	have := r.contents.Load().withoutMetrics
	left := slices.DeleteFunc(slices.Clone(have), func(s supplier) bool { return isOf(s, c) })
	if len(left) < len(have) {
		r.change(func(to *contents) { to.withoutMetrics = left })
		return true
	}
	return removed
}

// registeredCollector calls a Collector for a registry. Every call fills another buffer, which
// belongs to the pages that show it until the last of them is written.
type registeredCollector struct {
	emitter
	collector Collector
	runner    *runner[*emissionBuffer]
	buffers   freeList[*emissionBuffer]
}

func newRegisteredCollector(c *core, collector Collector, metrics int) *registeredCollector {
	s := &registeredCollector{emitter: emitter{core: c, name: fmt.Sprintf("%T", collector)}, collector: collector}
	s.runner = newRunner(func(buf **emissionBuffer) {
		*buf = s.buffers.get(func() *emissionBuffer { return newEmissionBuffer(metrics) })
		(*buf).reset()
		e := &Emission{emitter: &s.emitter, buf: *buf}
		defer e.close()
		s.collector.Collect(e)
	})
	s.runner.recycle = s.buffers.put
	return s
}

func (*registeredCollector) String() string { return "a collector" }
