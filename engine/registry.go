// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quipu-metrics/quipu/quantile"
)

// Registry holds metrics and exposes them. Its methods may be called concurrently; defining and removing metrics does
// not wait for scrapes, nor they for it.
type Registry struct {
	strict      bool
	prefix      string
	consts      Labels
	maxSeries   int
	clock       func() time.Time
	logger      *slog.Logger
	epochMillis int64 // when the registry was made, in milliseconds since 1970

	log   *quantile.Log // observations of summaries on their way
	pages freeList[*page]
	self  selfMetrics
	sites callSites // of misuse

	mu       sync.Mutex
	byName   map[string]*family        // by the name as exposed
	bySeries map[string]*family        // by the names of all series
	sorted   atomic.Pointer[[]*family] // by name; replaced, never changed
	bare     atomic.Pointer[[]*source] // collectors without metrics; likewise
}

var defaultRegistry = NewRegistry()

// Default returns the registry that the package-level constructors use.
func Default() *Registry { return defaultRegistry }

// NewRegistry returns an empty registry. It panics when an option cannot work.
func NewRegistry(options ...RegistryOption) *Registry {
	r := &Registry{
		maxSeries: DefaultMaxSeries,
		clock:     time.Now,
		byName:    make(map[string]*family),
		bySeries:  make(map[string]*family),
	}
	for i, option := range options {
		if option == nil {
			panic(fmt.Sprintf("quipu: NewRegistry: %v", nilOption(i)))
		}
		if err := option.applyRegistry(r); err != nil {
			panic("quipu: " + err.Error())
		}
	}
	for name := range r.consts {
		if err := new(definition).checkLabel(name); err != nil {
			panic("quipu: " + err.Error())
		}
	}
	r.epochMillis = r.clock().UnixMilli()
	r.log = quantile.NewLog(r.clock)
	r.sorted.Store(new([]*family))
	r.bare.Store(new([]*source))
	r.self.define(r)
	return r
}

// define checks a definition and returns its family, the one that exists or a new one.
func (r *Registry) define(d definition, options []MetricOption) (*family, error) {
	if err := r.complete(&d, options); err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	have, err := r.find(&d)
	if have != nil || err != nil {
		return have, err
	}
	f := newFamily(r, d)
	r.reserve(f)
	r.publish(f)
	return f, nil
}

// complete applies the options and the defaults to a definition, and checks it.
func (r *Registry) complete(d *definition, options []MetricOption) error {
	if r == nil {
		return d.wrap(errNilRegistry)
	}
	if d.maxSeries == 0 {
		d.maxSeries = r.maxSeries
	}
	d.maxAge = DefaultMaxAge
	if err := r.applyOptions(d, options); err != nil {
		return d.wrap(err)
	}
	return nil
}

// find returns the family with this definition, if there is one, or says what keeps there from being one. The caller
// holds mu.
func (r *Registry) find(d *definition) (*family, error) {
	for _, name := range d.series() {
		other := r.bySeries[name]
		switch {
		case other == nil:
		case !r.strict && !other.isSelf && d.same(&other.def):
			return other, nil
		case other.isSelf:
			return nil, fmt.Errorf("quipu: %s: %w: the registry itself has the %s", d, ErrTaken, &other.def)
		case other.def.name == d.name && d.same(&other.def):
			return nil, fmt.Errorf("quipu: %s: %w: it is defined already, and the registry is strict", d, ErrTaken)
		case other.def.name == d.name:
			return nil, fmt.Errorf("quipu: %s: %w: there is a different definition, %s", d, ErrTaken, &other.def)
		default:
			return nil, fmt.Errorf("quipu: %s: %w: its series %s would collide with %s", d, ErrTaken, name, &other.def)
		}
	}
	return nil, nil
}

func (r *Registry) applyOptions(d *definition, options []MetricOption) error {
	for i, option := range options {
		if option == nil {
			return nilOption(i)
		}
		if err := option.applyMetric(d); err != nil {
			return err
		}
	}
	if err := WithConstLabels(r.consts).applyMetric(d); err != nil {
		return err
	}
	if d.name == "" {
		return fmt.Errorf("%w: it is empty", ErrName) // the prefix alone would be a valid name
	}
	d.name = r.prefix + d.name
	return d.check()
}

// reserve takes the names of a family. The caller holds mu.
func (r *Registry) reserve(f *family) {
	r.byName[f.def.name] = f
	for _, name := range f.def.series() {
		r.bySeries[name] = f
	}
}

// publish shows families to scrapes. The caller holds mu.
func (r *Registry) publish(families ...*family) {
	all := append(slices.Clone(*r.sorted.Load()), families...)
	slices.SortFunc(all, func(a, b *family) int { return strings.Compare(a.def.name, b.def.name) })
	r.sorted.Store(&all)
}

// release gives the names of a family back. The caller holds mu.
func (r *Registry) release(f *family) {
	delete(r.byName, f.def.name)
	for _, name := range f.def.series() {
		delete(r.bySeries, name)
	}
}

// Unregister removes the metric with this name, the registry's prefix not included, and reports whether there was one.
// Handles to its series go on working; nobody sees what they count.
func (r *Registry) Unregister(name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := r.byName[r.prefix+name]
	if f == nil || f.isSelf {
		return false
	}
	r.remove(func(other *family) bool { return other == f })
	return true
}

// Clear removes all metrics, as Unregister does, and all collectors. The registry's own metrics (quipu_...) stay.
func (r *Registry) Clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.remove(func(f *family) bool { return !f.isSelf })
	r.bare.Store(new([]*source))
}

// remove takes families off the list. The caller holds mu.
func (r *Registry) remove(which func(*family) bool) {
	families := make([]*family, 0, len(*r.sorted.Load()))
	for _, f := range *r.sorted.Load() {
		if !which(f) {
			families = append(families, f)
			continue
		}
		r.release(f)
	}
	r.sorted.Store(&families)
}

// Info describes a registered metric.
type Info struct {
	Name   string   // as exposed, with the registry's prefix
	Help   string   // may be empty
	Type   string   // counter, gauge, histogram or summary
	Unit   string   // may be empty
	Labels []string // the declared label names; nil without labels and for open label sets
	Const  Labels   // the constant labels
	Series int      // how many series there are now
	Metric any      // what its constructor returned: *Counter, *CounterVec, *GaugeFunc, ...
}

// Lookup describes the metric with this name, the registry's prefix not included.
func (r *Registry) Lookup(name string) (Info, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := r.byName[r.prefix+name]
	if f == nil || f.isSelf {
		return Info{}, false
	}
	return f.info(), true
}

// All walks the registered metrics in the order of their names.
func (r *Registry) All() iter.Seq[Info] {
	return func(yield func(Info) bool) {
		for _, f := range *r.sorted.Load() {
			if !f.isSelf && !yield(f.info()) {
				return
			}
		}
	}
}
