// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"slices"
	"time"
)

// walk goes through the families of a registry, for a page or for a reader: both show the same
// families and series in the same order.
type walk struct {
	list   *list
	names  []string // of the families to show; all when empty
	noSelf bool

	functions pageFunctions
	sources   sourceWalk
	self      selfReader
}

// shown is a family that a walk shows: a metric of the registry, or a family of its sources.
type shown struct {
	fam    *family // nil for a family of a source
	source int     // the index in sourceWalk.shown
}

// list returns the families that walks go through.
func (r *Registry) list() *list {
	have := r.contents.Load()
	if l := r.lists.Load(); l != nil && l.contents == have {
		return l
	}
	l := &list{have, sorted(have.families, r.selfFamilies())}
	r.lists.Store(l)
	return l
}

// begin starts a walk: it merges the observations of summaries, lets expired series leave and calls
// all functions that the walk shows. done may be nil; when it is closed nobody waits for the
// functions.
func (w *walk) begin(r *Registry, deadline time.Time, done <-chan struct{}) {
	r.log.Drain()
	w.list, w.self.registry = r.list(), r
	w.functions.open(time.Now(), deadline, done)
	for _, f := range w.list.families {
		if w.shows(f) {
			f.sweep()
			w.functions.startFamily(f)
		}
	}
	if w.showsUnknown() {
		w.sources.start(w.list.contents.sources, w.functions.begin, w.functions.until)
	}
	if len(w.names) == 0 {
		w.functions.runWithoutMetrics(w.list.contents.withoutMetrics)
	}
	w.sources.collect(w, &w.functions)
}

// all walks the families that are shown in the order of their names.
func (w *walk) all(yield func(shown) bool) {
	if w.list == nil {
		return // nobody waits for the page any more
	}
	next := 0
	sourcesBefore := func(before string) bool {
		for ; next < len(w.sources.shown) && (before == "" || w.sources.shown[next].header().name < before); next++ {
			if !yield(shown{source: next}) {
				return false
			}
		}
		return true
	}
	for _, f := range w.list.families {
		if w.shows(f) && !(sourcesBefore(f.def.name) && yield(shown{fam: f})) {
			return
		}
	}
	sourcesBefore("")
}

// shows reports whether the walk shows a family. It returns the same each time.
func (w *walk) shows(f *family) bool {
	return !(f.def.self && w.noSelf) && w.showsName(f.def.name)
}

func (w *walk) showsName(name string) bool {
	return len(w.names) == 0 || slices.Contains(w.names, name)
}

// showsUnknown reports whether the walk shows families that are no metrics of the registry: the
// sources may have those. What a metric of the registry is called, no source may call its own.
func (w *walk) showsUnknown() bool {
	return len(w.names) == 0 || slices.ContainsFunc(w.names, func(name string) bool {
		return find(w.list.families, name) == nil
	})
}

// hasName reports whether a family that is shown has this name or samples of this name. The walk's
// own list decides, so that the families of one page fit together even if metrics are defined and
// removed meanwhile.
func (w *walk) hasName(name string) bool {
	return hasName(w.list.families, name) || w.sources.has(name)
}

// hasCounter reports whether a counter that is shown has this name.
func (w *walk) hasCounter(name string) bool {
	if f := find(w.list.families, name); f != nil {
		return f.def.trimmed != ""
	}
	h := w.sources.claims[name]
	return h != nil && h.name == name && h.kind.trimmed != ""
}

// isEmpty reports whether a family has no series to show. It waits for the function or the
// collector of the family.
func (w *walk) isEmpty(f *family) bool {
	switch s := f.def.supplier.(type) {
	case nil:
		return f.seriesCount() == 0
	case *registeredCollector:
		return w.functions.emission(s).of(f) == 0
	case *selfSeries:
		return w.self.seriesOf(s) == 0
	default:
		_, ok := w.functions.value(f)
		return !ok
	}
}

// supplied makes each series that a function or a collector supplies for a family a sample in s,
// and calls yield with its labels, until yield returns false.
func (w *walk) supplied(f *family, s *state, yield func(labels string) bool) {
	switch supplier := f.def.supplier.(type) {
	case *registeredCollector:
		b := w.functions.emission(supplier)
		for i := range b.of(f) {
			if !yield(b.sample(f, i, s)) {
				return
			}
		}
	case *selfSeries:
		w.self.supply(supplier, s, yield)
	default:
		if value, ok := w.functions.value(f); ok {
			f.kind.take(s, value)
			yield(f.consts)
		}
	}
}

// end ends the use of what the walk refers to.
func (w *walk) end() {
	w.functions.leave()
	w.sources.leave()
	w.list, w.self.registry, w.names, w.noSelf = nil, nil, nil, false
}
