// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"cmp"
	"fmt"
	"iter"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Registry holds metrics and exposes them. Its methods may be called concurrently; defining and
// removing metrics does not wait for scrapes, nor they for it.
type Registry struct {
	core
	pages   freeList[any] // *page, of which the registry only knows that they can be used again
	readers freeList[any] // *Family; likewise

	mu     sync.Mutex
	names  names
	sorted atomic.Pointer[[]*family]  // by name, then by the text of their constant labels; replaced, never changed
	bare   atomic.Pointer[[]supplier] // collectors without metrics; likewise
	feeds  atomic.Pointer[[]supplier] // sources; likewise
}

// define checks a definition and returns its family, the one that exists or a new one.
func (r *Registry) define(k *kind, d definition, options []MetricOption) (*family, error) {
	if err := r.complete(k, &d, options); err != nil {
		return nil, err
	}
	f, limits, err := r.findOrAdd(k, d)
	if err != nil {
		return nil, err
	}
	f.warnLimits(limits)
	f.warnDisplaced()
	return f, nil
}

// complete applies the options and the defaults to a definition, and checks it.
func (r *Registry) complete(k *kind, d *definition, options []MetricOption) error {
	d.rules = k.rules
	if r == nil {
		return d.wrap(errNilRegistry)
	}
	d.maxSeries, d.maxAge = r.maxSeries, DefaultMaxAge
	if d.self {
		d.maxSeries = DefaultMaxSeries
	}
	if err := d.apply(options); err != nil {
		return d.wrap(err)
	}
	if err := d.complete(&r.settings); err != nil {
		return d.wrap(err)
	}
	return nil
}

// findOrAdd returns the family with this definition and the differences between their limits, or
// makes the family.
func (r *Registry) findOrAdd(k *kind, d definition) (f *family, limits []difference, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	have, err := r.find(&d)
	if err != nil {
		return nil, nil, err
	}
	if have != nil {
		return have, d.differsInLimits(&have.def), nil
	}
	f = newFamily(&r.core, k, d)
	r.names.add(f)
	r.publish(f)
	return f, nil, nil
}

// find returns the family with this definition, if there is one, or an error that says why the
// definition is impossible. Limits may differ. The caller holds mu.
func (r *Registry) find(d *definition) (*family, error) {
	if same := r.names.families[d.name]; len(same) > 0 && same[0].def.self {
		return nil, takenBySelf(d, same[0])
	}
	if other, sample := r.names.claimant(d); other != nil {
		if other.def.self {
			return nil, takenBySelf(d, other)
		}
		return nil, fmt.Errorf("quipu: %s: %w: its series %s would collide with %s, defined at %s", d, ErrTaken, sample,
			&other.def, other.where)
	}
	have, differs := r.names.sharing(d)
	switch {
	case have == nil:
		return nil, nil
	case len(differs) > 0:
		return nil, fmt.Errorf("quipu: %s %s: %w: %s", d.typ, d.name, ErrTaken, describe(differs, have.where))
	case r.strict:
		return nil, fmt.Errorf("quipu: %s: %w: it is defined already, at %s, and the registry is strict", d, ErrTaken,
			have.where)
	}
	return have, nil
}

// takenBySelf is the error of a definition that collides with one of the registry's own metrics.
func takenBySelf(d *definition, own *family) error {
	return fmt.Errorf("quipu: %s: %w: the registry itself has the %s", d, ErrTaken, &own.def)
}

// publish shows families to scrapes. The caller holds mu.
func (r *Registry) publish(families ...*family) {
	all := append(slices.Clone(*r.sorted.Load()), families...)
	slices.SortFunc(all, func(a, b *family) int {
		return cmp.Or(strings.Compare(a.def.name, b.def.name), strings.Compare(a.consts, b.consts))
	})
	r.sorted.Store(&all)
}

// Unregister removes all metrics with this name, the registry's prefix not included, and reports
// whether there was one. Handles to their series go on working; nobody sees what they count.
func (r *Registry) Unregister(name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	name = r.prefix + name
	if list := r.names.families[name]; len(list) == 0 || list[0].def.self {
		return false
	}
	r.remove(func(other *family) bool { return other.def.name == name })
	return true
}

// Clear removes all metrics, as Unregister does, and all collectors and sources. The registry's own
// metrics (quipu_...) stay.
func (r *Registry) Clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.remove(func(f *family) bool { return !f.def.self })
	r.bare.Store(new([]supplier))
	r.feeds.Store(new([]supplier))
}

// remove takes families off the list. The caller holds mu.
func (r *Registry) remove(which func(*family) bool) {
	families := make([]*family, 0, len(*r.sorted.Load()))
	for _, f := range *r.sorted.Load() {
		if !which(f) {
			families = append(families, f)
			continue
		}
		r.names.remove(f)
	}
	r.sorted.Store(&families)
}

// Lookup describes the metric with this name, the registry's prefix not included. Of several
// metrics with different constant labels it describes the first one on a page; [Registry.All] has
// them all.
func (r *Registry) Lookup(name string) (Info, bool) {
	f := find(*r.sorted.Load(), r.prefix+name)
	if f == nil || f.def.self {
		return Info{}, false
	}
	return f.info(), true
}

// All walks the registered metrics in the order of pages: by name, and those of one name by their
// constant labels.
func (r *Registry) All() iter.Seq[Info] {
	return func(yield func(Info) bool) {
		for _, f := range *r.sorted.Load() {
			if !f.def.self && !yield(f.info()) {
				return
			}
		}
	}
}

// Logger returns the logger that the registry reports misuse to, as [WithLogger] has set it. It is
// for code that defines metrics in the registry and has reports of its own. If no logger was set it
// is the one that slog.Default returns now.
func (r *Registry) Logger() *slog.Logger { return r.currentLogger() }

// checkComparable says why a collector or a source cannot be registered with method, whatever it
// supplies.
func (r *Registry) checkComparable(method, role string, x any) error {
	v := reflect.ValueOf(x)
	switch {
	case x == nil:
		return fmt.Errorf("quipu: %s: %w: the %s is nil", method, ErrOption, role)
	case v.Kind() == reflect.Pointer && v.IsNil():
		return fmt.Errorf("quipu: %s: %w: the %s is a nil %T", method, ErrOption, role, x)
	case r == nil:
		return fmt.Errorf("quipu: %s %T: %w", role, x, errNilRegistry)
	case !v.Comparable():
		return fmt.Errorf("quipu: %s %T: %w: it is not comparable: %s a pointer to it", role, x, ErrOption,
			strings.ToLower(method))
	}
	return nil
}

// define defines a metric and returns it as the type that its constructor promises.
func define[T any](r *Registry, k *kind, d definition, options []MetricOption) (metric T, err error) {
	f, err := r.define(k, d, options)
	if err != nil {
		return metric, err
	}
	return f.metric.(T), nil
}
