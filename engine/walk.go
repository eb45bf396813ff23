// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"cmp"
	"slices"
	"strings"
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

// shown is a family that a walk shows: all metrics of one name, or a family of a source.
type shown struct {
	metrics []*placed // nil for a family of a source
	source  int       // the index in sourceWalk.shown
}

// list returns the families that walks go through.
func (r *Registry) list() *list {
	have := r.contents.Load()
	if l := r.lists.Load(); l != nil && l.contents == have {
		return l
	}
	l := &list{contents: have}
	for _, families := range [...][]*family{have.families, r.selfFamilies()} {
		for _, f := range families {
			l.families = append(l.families, &f.home)
		}
	}
	l.sort()
	r.lists.Store(l)
	return l
}

// sort brings the families into the order of pages and groups them by name.
func (l *list) sort() {
	slices.SortFunc(l.families, func(a, b *placed) int {
		return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.order(), b.order()))
	})
	begin := 0
	for i, p := range l.families {
		if i+1 == len(l.families) || l.families[i+1].name != p.name {
			l.groups = append(l.groups, l.families[begin:i+1])
			begin = i + 1
		}
	}
}

// begin starts a walk: it merges the observations of summaries, lets expired series leave and calls
// all functions that the walk shows. done may be nil; when it is closed nobody waits for the
// functions.
func (w *walk) begin(r *Registry, deadline time.Time, done <-chan struct{}) {
	r.log.Drain()
	w.list, w.self.registry = r.list(), r
	w.functions.open(time.Now(), deadline, done)
	for _, p := range w.list.families {
		if w.shows(p) {
			p.fam.sweep()
			w.functions.startFamily(p.fam)
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
	for _, metrics := range w.list.groups {
		if w.shows(metrics[0]) && !(sourcesBefore(metrics[0].name) && yield(shown{metrics: metrics})) {
			return
		}
	}
	sourcesBefore("")
}

// shows reports whether the walk shows a family. It returns the same each time, and for all
// families of one name.
func (w *walk) shows(p *placed) bool {
	return !(p.def.self && w.noSelf) && w.showsName(p.name)
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
	if p := find(w.list.families, name); p != nil {
		return p.def.trimmed != ""
	}
	h := w.sources.claims[name]
	return h != nil && h.name == name && h.kind.trimmed != ""
}

// areEmpty reports whether none of the metrics of a name has series to show.
func (w *walk) areEmpty(metrics []*placed) bool {
	for _, p := range metrics {
		if !w.isEmpty(p.fam) {
			return false
		}
	}
	return true
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
