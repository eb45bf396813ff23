// SPDX-License-Identifier: Apache-2.0

package engine

import "time"

// Callback is a function that pages call, and what its calls have been like: see
// [Registry.Callbacks].
type Callback struct {
	Name     string        // of the func metric, or the type of the collector or the source
	Calls    uint64        // that have ended
	Latest   time.Duration // how long the latest of these took
	Running  time.Duration // how long the call under way has taken so far; 0 if there is none
	Failures uint64        // pages and readings that did without its result, or with a part of it
}

// Callbacks returns the func metrics, the collectors and the sources of the registry and of those
// that are mounted, in the order in which pages show them. It tells which of them are slow or fail.
// It calls none of them, may be called at any time, and allocates. A nil registry has none.
func (r *Registry) Callbacks() (list []Callback) {
	if r == nil {
		return nil
	}
	known := map[any]bool{}
	tree := r.list()
	for _, at := range tree.families {
		switch s := at.fam.def.supplier.(type) {
		case nil, *selfSeries:
		case *registeredCollector:
			list = appendCallback(list, known, s.name, s.runner)
		default:
			list = appendCallback(list, known, at.name, at.fam.fn.Load())
		}
	}
	for _, s := range tree.withoutMetrics {
		c := s.(*registeredCollector)
		list = appendCallback(list, known, c.name, c.runner)
	}
	for _, s := range tree.sources {
		a := s.(*attachedSource)
		list = appendCallback(list, known, a.name, a.runner)
	}
	return list
}

// appendCallback appends what a runner knows, unless it is known already: a metric may be shown in
// several places.
func appendCallback[T any](list []Callback, known map[any]bool, name string, r *runner[T]) []Callback {
	if known[r] {
		return list
	}
	known[r] = true
	return append(list, Callback{
		Name: name, Calls: r.calls.Load(), Latest: time.Duration(r.latest.Load()),
		Running: r.running(), Failures: r.failures.Load(),
	})
}
