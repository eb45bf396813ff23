// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"cmp"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quipu-metrics/quipu/encode"
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

	mu     sync.Mutex
	names  names
	sorted atomic.Pointer[[]*family] // by name, then by the text of their constant labels; replaced, never changed
	bare   atomic.Pointer[[]*source] // collectors without metrics; likewise
}

var defaultRegistry = NewRegistry()

// Default returns the registry that the package-level constructors use.
func Default() *Registry { return defaultRegistry }

// NewRegistry returns an empty registry. It panics when an option cannot work.
func NewRegistry(options ...RegistryOption) *Registry {
	r := &Registry{
		maxSeries: DefaultMaxSeries,
		clock:     time.Now,
		names:     newNames(),
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
	f, limits, err := r.findOrAdd(d)
	if err != nil {
		return nil, err
	}
	f.warnLimits(limits)
	f.warnDisplaced()
	return f, nil
}

// findOrAdd returns the family with this definition, and how its limits differ, or makes it.
func (r *Registry) findOrAdd(d definition) (f *family, limits []difference, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	have, err := r.find(&d)
	if err != nil {
		return nil, nil, err
	}
	if have != nil {
		return have, d.differsInLimits(&have.def), nil
	}
	f = newFamily(r, d)
	r.reserve(f)
	r.publish(f)
	return f, nil, nil
}

// warnLimits logs, once for each metric, that a second definition has other limits, which do not count. It is called
// without the registry's mutex: the handler is the user's.
func (f *family) warnLimits(limits []difference) {
	if len(limits) > 0 && !f.limitsLogged.Swap(true) {
		f.reg.warn("quipu: a second definition has other limits; the first ones hold", "metric", f.def.name,
			"detail", describe(limits, f))
	}
}

// warnDisplaced logs, once for each metric, that the metric's own labels stand in the place of the registry's.
func (f *family) warnDisplaced() {
	if len(f.def.displaced) > 0 && !f.displacedLogged.Swap(true) {
		f.reg.warn("quipu: the metric's own labels take the place of the registry's constant labels", "metric", f.def.name,
			"labels", f.def.displaced)
	}
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

// find returns the family with this definition, if there is one, or says what keeps there from being one. Limits may
// differ. The caller holds mu.
func (r *Registry) find(d *definition) (*family, error) {
	if same := r.names.families[d.name]; len(same) > 0 && same[0].isSelf {
		return nil, r.isOwn(d, same[0])
	}
	if other, sample := r.names.claimant(d); other != nil {
		if other.isSelf {
			return nil, r.isOwn(d, other)
		}
		return nil, fmt.Errorf("quipu: %s: %w: its series %s would collide with %s, defined at %s", d, ErrTaken, sample,
			&other.def, other.where)
	}
	have, differs := r.names.sharing(d)
	switch {
	case have == nil:
		return nil, nil
	case len(differs) > 0:
		return nil, fmt.Errorf("quipu: %s %s: %w: %s", d.kind, d.name, ErrTaken, describe(differs, have))
	case r.strict:
		return nil, fmt.Errorf("quipu: %s: %w: it is defined already, at %s, and the registry is strict", d, ErrTaken, have.where)
	}
	return have, nil
}

// isOwn is the error of a definition that collides with one of the registry's own metrics.
func (r *Registry) isOwn(d *definition, own *family) error {
	return fmt.Errorf("quipu: %s: %w: the registry itself has the %s", d, ErrTaken, &own.def)
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
	d.addRegistryLabels(r.consts)
	d.consts = cleanSet(d.consts)
	if d.name == "" {
		return fmt.Errorf("%w: it is empty", ErrName) // the prefix alone would be a valid name
	}
	d.name = r.prefix + d.name
	return d.check()
}

// addRegistryLabels adds the registry's constant labels, but for those that the metric has as its own: variable or constant
// labels, le of a histogram, quantile of a summary, and that of the overflow series of open label sets. The definition
// cannot know the registry, and may be a library's: go_info has the label version, wherever it is registered.
func (d *definition) addRegistryLabels(labels Labels) {
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		own := slices.Contains(d.labels, name) || d.open && name == overflowLabel ||
			name == "le" && d.kind == encode.Histogram || name == "quantile" && d.kind == encode.Summary
		if value, ok := d.consts[name]; ok {
			own = own || value != labels[name]
		}
		if own {
			d.displaced = append(d.displaced, name)
			continue
		}
		if d.consts == nil {
			d.consts = make(Labels, len(labels))
		}
		d.consts[name] = labels[name]
	}
}

// reserve takes the names of a family. The caller holds mu.
func (r *Registry) reserve(f *family) { r.names.add(f) }

// publish shows families to scrapes. The caller holds mu.
func (r *Registry) publish(families ...*family) {
	all := append(slices.Clone(*r.sorted.Load()), families...)
	slices.SortFunc(all, func(a, b *family) int {
		return cmp.Or(strings.Compare(a.def.name, b.def.name), strings.Compare(a.consts, b.consts))
	})
	r.sorted.Store(&all)
}

// release gives the names of a family back. The caller holds mu.
func (r *Registry) release(f *family) { r.names.remove(f) }

// Unregister removes all metrics with this name, the registry's prefix not included, and reports whether there was one.
// Handles to their series go on working; nobody sees what they count.
func (r *Registry) Unregister(name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	name = r.prefix + name
	if list := r.names.families[name]; len(list) == 0 || list[0].isSelf {
		return false
	}
	r.remove(func(other *family) bool { return other.def.name == name })
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

// Lookup describes the metric with this name, the registry's prefix not included. Of several with other constant labels it
// describes the one that pages show first; [Registry.All] has them all.
func (r *Registry) Lookup(name string) (Info, bool) {
	f := find(*r.sorted.Load(), r.prefix+name)
	if f == nil || f.isSelf {
		return Info{}, false
	}
	return f.info(), true
}

// All walks the registered metrics in the order of pages: by name, and those of one name by their constant labels.
func (r *Registry) All() iter.Seq[Info] {
	return func(yield func(Info) bool) {
		for _, f := range *r.sorted.Load() {
			if !f.isSelf && !yield(f.info()) {
				return
			}
		}
	}
}
