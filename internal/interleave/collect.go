// SPDX-License-Identifier: Apache-2.0

package interleave

import "slices"

// cleanup is a function that is called after an object has been collected.
type cleanup struct {
	object any
	run    func()
}

// AddCleanup registers a function that is called after the object has been collected.
func AddCleanup(object any, run func()) {
	if w := running; w != nil {
		w.cleanups = append(w.cleanups, cleanup{object, run})
	}
}

// SetFinalizer sets the function that Collect calls instead of the cleanups of an object, or
// removes it if run is nil. An object with a finalizer is kept, as the garbage collector keeps it.
func SetFinalizer(object any, run func()) {
	w := running
	if w == nil {
		return
	}
	step(write, object)
	if run == nil {
		delete(w.finalizers, object)
		return
	}
	w.finalizers[object] = run
}

// Collect does what the garbage collector does after an object has become unreachable. It removes
// the finalizer of the object and calls it. If there is none, it runs the cleanups.
func Collect(object any) {
	w := running
	if w == nil {
		return
	}
	if self() != nil {
		step(write, object)
	}
	if run := w.finalizers[object]; run != nil {
		delete(w.finalizers, object)
		run()
		return
	}
	var now []cleanup
	w.cleanups = slices.DeleteFunc(w.cleanups, func(c cleanup) bool {
		if c.object == object {
			now = append(now, c)
		}
		return c.object == object
	})
	for _, c := range now {
		c.run()
	}
}

// lastUse records the accesses of a thread in the last use of an object.
type lastUse struct {
	object any
	words  []any // accessed since the last KeepAlive of the object
}

// KeepAlive records that the object is reachable up to this step of the running thread.
func KeepAlive(object any) {
	if t := self(); t != nil && t.last != nil && t.last.object == object {
		t.last.words = t.last.words[:0]
	}
}

// LastUse runs op, which is the last use of an object, and then collects the object. The collector
// can collect the object even before op ends, as soon as op does not need the object itself any
// more. So it is a fault if op accesses a word after the last KeepAlive of the object, and a
// cleanup writes that word.
func LastUse(object any, op func()) {
	t := self()
	if t == nil {
		op()
		Collect(object)
		return
	}
	use := &lastUse{object: object}
	t.last = use
	op()
	t.last = nil
	w := t.world
	w.written = []any{}
	w.current = nil // the accesses of the cleanups are not steps
	Collect(object)
	w.current = t
	for _, word := range w.written {
		if slices.Contains(use.words, word) && w.fault == "" {
			w.fault = "a word is accessed that may have been recycled already: the object can be collected before"
		}
	}
	w.written = nil
}
