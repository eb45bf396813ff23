// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"slices"
	"time"

	"github.com/quipu-metrics/quipu/encode"
)

// walk goes through the families of a registry, for a page or for a reader: both show the same
// families and series in the same order.
type walk struct {
	list   *list
	names  []string // of the families to show; all when empty
	noSelf bool

	withoutSource func(Source) bool // see ReadOptions; may be nil

	escaping encode.Escaping
	escaped  *escaped
	leftOut  func(metric string) // see Exposition; may be nil

	functions pageFunctions
	sources   sourceWalk
	self      selfReader
}

// shown is a family that a walk shows: all metrics of one name, or a family of a source.
type shown struct {
	metrics []*placed // nil for a family of a source
	source  int       // the index in sourceWalk.shown
}

// list returns what walks go through. It is made again when a registry has changed that it shows.
func (r *Registry) list() *list {
	if l := r.lists.Load(); l != nil && l.isCurrent() {
		return l
	}
	l, displaced := r.newList(r.selfFamilies(), recordOf)
	warnMounted(displaced)
	return l
}

// begin starts a walk: it merges the observations of summaries, lets expired series leave and calls
// all functions that the walk shows. done may be nil; when it is closed nobody waits for the
// functions.
func (w *walk) begin(r *Registry, deadline time.Time, done <-chan struct{}) {
	w.list = r.list()
	w.self.registry, w.self.list = r, w.list
	w.escaped = w.list.escapedBy(w.escaping)
	for _, member := range w.list.registries {
		member.registry.log.Drain()
	}
	w.sources.core = &r.core
	w.functions.open(time.Now(), deadline, done)
	w.countClashes()
	for _, p := range w.list.families {
		if w.shows(p) {
			p.fam.sweep()
			w.functions.startFamily(p.fam)
		}
	}
	if w.showsUnknown() {
		w.sources.start(w.list.sources, w.withoutSource, w.functions.begin, w.functions.until)
	}
	if len(w.names) == 0 {
		w.functions.runWithoutMetrics(w.list.withoutMetrics)
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
		for ; next < len(w.sources.shown) && (before == "" || w.sources.shown[next].header.name < before); next++ {
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
	return !(p.def.self && w.noSelf) && (w.showsName(p.name) || w.showsName(w.escapedName(p)))
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

// countClashes counts the metrics that the walk leaves out because they clash with others.
func (w *walk) countClashes() {
	for i := range w.list.clashes {
		if c := &w.list.clashes[i]; w.showsName(c.left.name) {
			w.self.registry.clashed(c)
		}
	}
}

// labelsAt returns the labels that a series shows at its place. If they are not its own, they lie
// in room. ok is false for a series that is left out, which has been counted: it has a label itself
// that a mount adds to the others.
func (w *walk) labelsAt(p *placed, labels string, room *[]byte) (text string, ok bool) {
	if p.tail == nil {
		return labels, true
	}
	if p.def.open && p.tail.isIn(labels) {
		w.self.registry.hidden(p)
		return "", false
	}
	*room = p.tail.appendLabels((*room)[:0], labels)
	return stringOf(*room), true
}

// areEmpty reports whether none of the metrics of a name has series to show.
func (w *walk) areEmpty(metrics []*placed) bool {
	for _, p := range metrics {
		if !w.isEmpty(p.fam) && (p.tail == nil || !p.def.open || p.hasShown()) {
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
	w.self.registry, w.self.list = nil, nil
	w.list, w.escaped, w.names, w.noSelf, w.leftOut = nil, nil, nil, false, nil
	w.withoutSource = nil
}
