// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"iter"
	"net/http"
	"runtime"
	"strings"

	"github.com/quipu-metrics/quipu/engine"
)

// maxWrappers bounds walks through ResponseWriters, because one of them might unwrap to itself.
const maxWrappers = 100

// Unwrapped returns w and the ResponseWriters that it wraps, from the outermost inwards.
func Unwrapped(w http.ResponseWriter) iter.Seq[http.ResponseWriter] {
	return func(yield func(http.ResponseWriter) bool) {
		for range maxWrappers {
			if w == nil || !yield(w) {
				return
			}
			u, ok := w.(interface{ Unwrap() http.ResponseWriter })
			if !ok {
				return
			}
			w = u.Unwrap()
		}
	}
}

// First returns the first of w and the ResponseWriters that it wraps that is a T.
func First[T any](w http.ResponseWriter) (found T, ok bool) {
	for w := range Unwrapped(w) {
		if found, ok := w.(T); ok {
			return found, true
		}
	}
	return found, false
}

// findRecorder returns the recorder that w is or wraps and that counts its requests in the given
// family, or nil if there is none.
func findRecorder(w http.ResponseWriter, requests *engine.CounterVec) *recorder {
	for w := range Unwrapped(w) {
		if r, ok := w.(interface{ recording() *recorder }); ok {
			if rec := r.recording(); rec.owner.endpoints.metrics.requests == requests {
				return rec
			}
		}
	}
	return nil
}

// controllerMethod returns the name of the method of http.ResponseController that has called the
// caller, or "" for other callers. Only the stack can tell, because the call has no arguments.
func controllerMethod() string {
	const aboveCaller = 3 // runtime.Callers, this function and the one that called it
	var pc [1]uintptr
	if runtime.Callers(aboveCaller, pc[:]) == 0 {
		return ""
	}
	frame, _ := runtime.CallersFrames(pc[:]).Next()
	method, ok := strings.CutPrefix(frame.Function, "net/http.(*ResponseController).")
	if !ok {
		return ""
	}
	return method
}
