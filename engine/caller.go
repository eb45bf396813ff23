// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"maps"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// A call site is the place in a program that misuses a metric: the first frame of the stack that is
// not quipu's own. Each call site is logged once for each metric, so that a second mistake is seen
// although the first one goes on.
//
// Two tables hold the return addresses that are quipu's own and the known call sites. They are
// replaced under a mutex and never changed, so they are read without a lock. A misuse at a known
// call site walks a few frames of its stack, looks up their addresses and is done: it formats and
// allocates nothing (BenchmarkMisuse).

// maxCallSites is how many call sites of misuse a registry remembers and logs. Misuse at further
// ones is only counted.
const maxCallSites = 256

// callSites holds the call sites that a registry has seen.
type callSites struct {
	count atomic.Int32                         // of the sites of all families
	own   atomic.Pointer[map[uintptr]struct{}] // return addresses in quipu's own functions
	mu    sync.Mutex                           // taken to remember a call site
}

// callSite is a call site of misuse of one family.
type callSite struct {
	pc    uintptr
	where string // file:line
}

// siteList holds the call sites of one family that have been logged. The list is replaced, never
// changed.
type siteList struct{ sites atomic.Pointer[[]callSite] }

// has reports whether pc is a call site that has been logged.
func (l *siteList) has(pc uintptr) bool {
	if sites := l.sites.Load(); sites != nil {
		for i := range *sites {
			if (*sites)[i].pc == pc {
				return true
			}
		}
	}
	return false
}

// fewFrames are enough for nearly every stack from a misuse to the program, and walking a frame
// costs time. manyFrames are enough for all of quipu's own frames.
const (
	fewFrames  = 6
	manyFrames = 64
)

// caller returns the call site of the misuse under way. known means that there is nothing to log:
// the site has been logged for this family, or the registry knows as many sites as it may.
func (r *callSites) caller(logged *siteList) (pc uintptr, known bool) {
	if r.count.Load() >= maxCallSites {
		return 0, true
	}
	var few [fewFrames]uintptr
	n := runtime.Callers(2, few[:])
	pc, known, found := r.callerIn(few[:n], logged)
	if !found {
		pc, known = r.deepCaller(logged)
	}
	return pc, known
}

// deepCaller is caller for stacks with more frames of quipu's own.
func (r *callSites) deepCaller(logged *siteList) (pc uintptr, known bool) {
	var many [manyFrames]uintptr
	n := runtime.Callers(2, many[:])
	pc, known, _ = r.callerIn(many[:n], logged) // if none is found, the site is 0
	return pc, known || pc == 0 && logged.has(0)
}

// callerIn looks for the call site in a stack.
func (r *callSites) callerIn(stack []uintptr, logged *siteList) (pc uintptr, known, found bool) {
	for _, pc := range stack {
		switch {
		case r.isKnownOwn(pc):
		case logged.has(pc):
			return pc, true, true
		case !r.learnOwn(pc):
			return pc, false, true
		}
	}
	return 0, false, false
}

// remember adds a call site to those of a family. It returns the place and whether the site is new
// and has to be logged: of goroutines that come with the same site at once, it is new to one.
func (r *callSites) remember(pc uintptr, logged *siteList) (where string, first bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.count.Load() >= maxCallSites || logged.has(pc) {
		return "", false
	}
	where, _ = locate(pc)
	first = true
	var sites []callSite
	if have := logged.sites.Load(); have != nil {
		sites = *have
	}
	for _, s := range sites {
		first = first && s.where != where // a line has several addresses where its function is inlined
	}
	sites = append(sites[:len(sites):len(sites)], callSite{pc, where})
	logged.sites.Store(&sites)
	if r.count.Add(1) == maxCallSites {
		where += ", the last place that this registry logs of " + strconv.Itoa(maxCallSites)
	}
	return where, first
}

func (r *callSites) isKnownOwn(pc uintptr) bool {
	own := r.own.Load()
	if own == nil {
		return false
	}
	_, ok := (*own)[pc]
	return ok
}

// learnOwn reports whether a return address is in a function of quipu's own, and remembers it if
// so.
func (r *callSites) learnOwn(pc uintptr) bool {
	if _, own := locate(pc); !own {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	more := map[uintptr]struct{}{pc: {}}
	if have := r.own.Load(); have != nil {
		maps.Copy(more, *have)
	}
	r.own.Store(&more)
	return true
}

// callerNow returns where the program called quipu, for events that are logged once.
func callerNow() string {
	var stack [manyFrames]uintptr
	n := runtime.Callers(2, stack[:])
	for _, pc := range stack[:n] {
		if where, own := locate(pc); !own {
			return where
		}
	}
	return unknownCaller
}

// unknownCaller stands for the call site if all frames of the stack are quipu's.
const unknownCaller = "unknown"

// locate returns the file and line of a return address, and whether the function is quipu's own: in
// one of its packages, but not in a test or an example.
func locate(pc uintptr) (where string, own bool) {
	if pc == 0 {
		return unknownCaller, false
	}
	frame, _ := runtime.CallersFrames([]uintptr{pc}).Next()
	function, ok := strings.CutPrefix(frame.Function, "github.com/quipu-metrics/quipu/")
	own = ok && !strings.HasSuffix(frame.File, "_test.go") && !strings.HasPrefix(function, "examples/") &&
		!strings.HasPrefix(function, "bench/")
	return frame.File + ":" + strconv.Itoa(frame.Line), own
}
