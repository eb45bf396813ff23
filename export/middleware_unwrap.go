// SPDX-License-Identifier: Apache-2.0

package export

import (
	"net/http"
	"runtime"
	"strings"

	"github.com/quipu-metrics/quipu/engine"
)

// maxWrappers bounds walks through ResponseWriters, one of which might unwrap to itself.
const maxWrappers = 100

// walk calls visit with w and those that it wraps, from the outermost inwards, until visit returns
// false.
func walk(w http.ResponseWriter, visit func(http.ResponseWriter) bool) {
	for range maxWrappers {
		if w == nil || !visit(w) {
			return
		}
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return
		}
		w = u.Unwrap()
	}
}

// beneath returns the first of w and those that it wraps that is a T.
func beneath[T any](w http.ResponseWriter) (found T, ok bool) {
	walk(w, func(w http.ResponseWriter) bool {
		found, ok = w.(T)
		return !ok
	})
	return found, ok
}

// findRecorder returns the recorder that w is or wraps and whose requests are counted in the given
// family, or nil.
func findRecorder(w http.ResponseWriter, requests *engine.CounterVec) *recorder {
	for range maxWrappers { // not walk: a closure here would be an allocation of every request
		if r, ok := w.(interface{ recording() *recorder }); ok {
			if rec := r.recording(); rec.owner.endpoints.metrics.requests == requests {
				return rec
			}
		}
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return nil
		}
		w = u.Unwrap()
	}
	return nil
}

// controllerMethod returns the name of the method of http.ResponseController that called the
// caller, or "". The call has no arguments to tell it by, so the stack has to.
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
