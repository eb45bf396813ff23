// SPDX-License-Identifier: Apache-2.0

package interleave

import "slices"

// cleanup is a function that is called when an object has been collected.
type cleanup struct {
	object any
	run    func()
}

// AddCleanup registers a function for when the object has been collected.
func AddCleanup(object any, run func()) {
	if w := running; w != nil {
		w.cleanups = append(w.cleanups, cleanup{object, run})
	}
}

// Collect does what the garbage collector does with an object that nobody has any more: it runs the object's cleanups.
func Collect(object any) {
	w := running
	if w == nil {
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

// lastUse is what a thread does in the last use of an object.
type lastUse struct {
	object any
	words  []any // accessed since the object was certainly alive
}

// KeepAlive notes that the running thread has had the object up to here.
func KeepAlive(object any) {
	if t := self(); t != nil && t.last != nil && t.last.object == object {
		t.last.words = t.last.words[:0]
	}
}

// LastUse runs op, the last use that anybody makes of an object, and collects the object. The collector can take it even
// while op is still running, once the object itself is not needed any more. So it is a fault if op accesses a word that
// the cleanups write after the last KeepAlive of the object.
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
	w.current = nil // the cleanups run at once
	Collect(object)
	w.current = t
	for _, word := range w.written {
		if slices.Contains(use.words, word) && w.fault == "" {
			w.fault = "a word is accessed that may have been recycled already: the object can be collected before"
		}
	}
	w.written = nil
}
