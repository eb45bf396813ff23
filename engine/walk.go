// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"slices"
	"time"
)

// walk goes through the families of a registry, for a page or for a reader: both show the same families and
// series in the same order.
type walk struct {
	families  []*family // of the registry when the walk began; replaced, never changed
	names     []string  // of the families to show; all when empty
	noSelf    bool
	functions pageFunctions
}

// begin starts a walk: it updates the registry's own metrics, merges the observations of summaries and calls
// all functions that the walk shows. done may be nil; when it is closed nobody waits for the functions.
func (w *walk) begin(r *Registry, deadline time.Time, done <-chan struct{}) {
	r.log.Drain()
	r.refreshSelf()
	w.families = *r.sorted.Load()
	w.functions.open(time.Now(), deadline, done)
	for _, f := range w.families {
		if w.shows(f) {
			w.functions.startFamily(f)
		}
	}
	if len(w.names) == 0 {
		w.functions.runBare(*r.bare.Load())
	}
}

// shows reports whether the walk shows a family. It returns the same each time.
func (w *walk) shows(f *family) bool {
	return !(f.def.self && w.noSelf) && (len(w.names) == 0 || slices.Contains(w.names, f.def.name))
}

// isEmpty reports whether a family has no series to show. It waits for the function or the collector of the
// family.
func (w *walk) isEmpty(f *family) bool {
	switch s := f.def.supplier.(type) {
	case nil:
		return f.seriesCount() == 0
	case *source:
		return w.functions.emission(s).of(f) == 0
	default:
		_, ok := w.functions.value(f)
		return !ok
	}
}

// supplied makes each series that a function or a collector supplies for a family a sample in s, and calls
// yield with its labels, until yield returns false.
func (w *walk) supplied(f *family, s *state, yield func(labels string) bool) {
	if source, ok := f.def.supplier.(*source); ok {
		b := w.functions.emission(source)
		for i := range b.of(f) {
			if !yield(b.sample(f, i, s)) {
				return
			}
		}
		return
	}
	if value, ok := w.functions.value(f); ok {
		f.kind.take(s, value)
		yield(f.consts)
	}
}

// end ends the use of what the walk refers to.
func (w *walk) end() {
	w.functions.leave()
	w.families, w.names, w.noSelf = nil, nil, false
}
