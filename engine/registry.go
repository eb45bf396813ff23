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

	selfOnce sync.Once
	self     []*family // the registry's own metrics, once a walk has shown them

	mu       sync.Mutex // held by those who define, mount and remove; walks do not need it
	names    names
	contents atomic.Pointer[contents]

	trees atomic.Pointer[tree] // see tree
	lists atomic.Pointer[list] // of walks; nil before the first one
}

// contents is what a registry holds at one moment. A change replaces it, so whoever has loaded it
// sees all of one moment.
type contents struct {
	families       []*family  // by name, then by the text of their constant labels
	withoutMetrics []supplier // collectors without metrics
	sources        []supplier // that are attached
	mounts         []*mount   // in the order in which they were made
}

// change replaces the contents of the registry. f changes a copy; it must not change slices that it
// finds there in place. The caller holds mu.
func (r *Registry) change(f func(c *contents)) {
	c := *r.contents.Load()
	f(&c)
	r.contents.Store(&c)
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
	if d.vec && d.supplier == nil {
		d.expiry = r.expiry
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
	r.names.add(&f.home)
	r.publish(f)
	return f, nil, nil
}

// find returns the family with this definition, if there is one, or an error that says why the
// definition is impossible. Limits may differ. The caller holds mu.
func (r *Registry) find(d *definition) (*family, error) {
	p := &place{def: d, name: d.name}
	if own := r.names.reserved(p); own != "" {
		return nil, fmt.Errorf("quipu: %s: %w: the registry itself has the %s", d, ErrTaken, own)
	}
	if other, sample := r.names.claimant(p); other != nil {
		return nil, fmt.Errorf("quipu: %s: %w: its series %s would collide with %s, defined at %s", d, ErrTaken, sample,
			other, other.fam.where)
	}
	other, differs := r.names.sharing(p)
	if other == nil {
		return nil, nil
	}
	have := other.fam
	switch {
	case len(differs) > 0:
		return nil, fmt.Errorf("quipu: %s %s: %w: %s", d.typ, d.name, ErrTaken, describe(differs, have.where))
	case r.strict:
		return nil, fmt.Errorf("quipu: %s: %w: it is defined already, at %s, and the registry is strict", d, ErrTaken,
			have.where)
	}
	return have, nil
}

// publish shows families to scrapes. The caller holds mu.
func (r *Registry) publish(families ...*family) {
	for _, f := range families {
		f.enterBudget()
	}
	r.change(func(c *contents) { c.families = sorted(c.families, families) })
}

// sorted returns families in the order of pages, by name and then by the text of their constant
// labels, with more of them, in any order. A new slice is made: walks read the one before.
func sorted(families, more []*family) []*family {
	compare := func(a, b *family) int {
		return cmp.Or(strings.Compare(a.def.name, b.def.name), strings.Compare(a.consts, b.consts))
	}
	if len(more) == 1 { // as nearly always; a program may define thousands, one by one
		i, _ := slices.BinarySearchFunc(families, more[0], compare)
		return slices.Concat(families[:i], more, families[i:])
	}
	all := slices.Concat(families, more)
	slices.SortFunc(all, compare)
	return all
}

// Unregister removes all metrics with this name, the registry's prefix not included, and reports
// whether there was one. Handles to their series go on working; nobody sees what they count.
func (r *Registry) Unregister(name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	name = r.prefix + name
	return r.remove(func(f *family) bool { return f.def.name == name })
}

// UnregisterMetric removes one metric, which a constructor of this registry has returned, and
// reports whether it was there. Other metrics of its name stay. Handles to its series go on
// working; nobody sees what they count. A metric that was defined several times is one metric.
func (r *Registry) UnregisterMetric(metric any) bool {
	m, ok := metric.(interface{ definedBy() *family })
	if v := reflect.ValueOf(metric); !ok || v.Kind() == reflect.Pointer && v.IsNil() {
		return false
	}
	f := m.definedBy()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.remove(func(other *family) bool { return other == f })
}

// Clear removes all metrics, as Unregister does, all collectors and sources, and all mounts. The
// registry's own metrics (quipu_...) stay.
func (r *Registry) Clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.remove(func(*family) bool { return true })
	r.change(func(c *contents) { c.withoutMetrics, c.sources, c.mounts = nil, nil, nil })
}

// remove takes families out of the registry, and reports whether there was one. The caller holds
// mu.
func (r *Registry) remove(which func(*family) bool) bool {
	have := r.contents.Load().families
	left := slices.DeleteFunc(slices.Clone(have), func(f *family) bool {
		if !which(f) {
			return false
		}
		r.names.remove(&f.home)
		f.leaveBudget()
		return true
	})
	if len(left) == len(have) {
		return false
	}
	r.change(func(c *contents) { c.families = left })
	return true
}

// Lookup describes the metric with this name, the registry's prefix not included. Of several
// metrics with different constant labels it describes the first one on a page; [Registry.All] has
// them all.
func (r *Registry) Lookup(name string) (Info, bool) {
	for info := range r.All() {
		if info.Name == r.prefix+name {
			return info, true
		}
	}
	return Info{}, false
}

// All walks the registered metrics in the order of pages: by name, and those of one name by their
// constant labels.
func (r *Registry) All() iter.Seq[Info] {
	return func(yield func(Info) bool) {
		for _, f := range r.contents.Load().families {
			if !yield(f.info()) {
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
