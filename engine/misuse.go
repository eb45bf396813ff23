// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"log/slog"
	"strings"

	"github.com/quipu-metrics/quipu/shard"
)

// fault is a kind of misuse of a metric.
type fault int

const (
	faultLabels    fault = iota // label values that do not fit the label names
	faultNegative               // a counter decremented
	faultNaN                    // NaN added
	faultNativeNaN              // NaN observed by a histogram with native buckets
	faultExemplar               // an exemplar that cannot be one
	faultPanic                  // a callback that panicked
	faultExit                   // a callback that ended its goroutine
	faultHang                   // a callback that did not return in time
	faultLate                   // an emission of a collector that had returned
	faults
)

func (f fault) String() string {
	return [...]string{"labels", "negative", "nan", "native_nan", "exemplar", "panic", "exit", "timeout",
		"late", "", "overflow", "length", "utf8"}[f]
}

// These are no misuse, but are logged the first time they happen to a metric.
const (
	noticeOverflow = faults + 1 + iota // the metric is full
	noticeCut                          // a label value was too long
	noticeRepaired                     // a label value was no UTF-8
)

// misuse counts a fault and logs it, the first time it happens at this call site of the program. In a strict registry it
// panics instead. It returns a series to go on with.
//
// It formats nothing and allocates nothing once the call site is known. Arguments that are boxed for it cost an allocation
// each time all the same: where there are some, again is asked first.
func (f *family) misuse(kind fault, format string, args ...any) *shard.Node {
	if f.reg.strict {
		panic(fmt.Sprintf("quipu: %s: %s (at %s)", &f.def, fmt.Sprintf(format, args...), callerNow()))
	}
	f.reg.self.dropped[kind].Inc()
	if pc, known := f.caller(); !known {
		if where, first := f.rememberCaller(pc); first {
			f.log("dropped an update (further ones from this place are only counted)", kind, where, format, args...)
		}
	}
	return f.discarded()
}

// again counts a fault and reports whether that was all there is to do, because its call site is known.
func (f *family) again(kind fault) bool {
	if f.reg.strict {
		return false
	}
	if _, known := f.caller(); !known {
		return false
	}
	f.reg.self.dropped[kind].Inc()
	return true
}

// report counts a fault that has no call site, such as that of a callback, and logs it the first time it happens to this
// family.
func (f *family) report(kind fault, counter *Counter, what, format string, args ...any) {
	counter.Inc()
	if f.first(kind) {
		f.log(what+" (further ones are only counted)", kind, "", format, args...)
	}
}

// first reports whether this is the first fault or notice of its kind in this family.
func (f *family) first(kind fault) bool {
	bit := uint32(1) << kind
	return f.reported.Load()&bit == 0 && f.reported.Or(bit)&bit == 0
}

// notice logs what is no misuse, with its call site.
func (f *family) notice(kind fault, what, format string, args ...any) {
	f.log(what+" (further ones are only counted)", kind, callerNow(), format, args...)
}

// overflowed logs, the first time, that a lookup or an emission ended in the overflow series or was dropped.
func (f *family) overflowed(what string) {
	if f.first(noticeOverflow) {
		f.notice(noticeOverflow, "a metric is full: "+what,
			"it has as many series as WithMaxSeries allows, %d", f.def.maxSeries)
	}
}

// log writes a log line about the family.
func (f *family) log(what string, kind fault, where, format string, args ...any) {
	attrs := []any{"metric", f.def.name, "reason", kind.String(), "detail", fmt.Sprintf(format, args...)}
	switch {
	case f.def.open:
		attrs = append(attrs, "labels", "any")
	case len(f.def.labels) > 0:
		attrs = append(attrs, "labels", strings.Join(f.def.labels, ", "))
	}
	if where != "" {
		attrs = append(attrs, "caller", where)
	}
	f.reg.warn("quipu: "+what, attrs...)
}

// warn writes a line to the registry's log. It is written on the goroutine that is at fault, which may be on a hot path: a
// handler that panics must not become its panic. No lock is held, so a handler may use metrics, and misuse them.
func (r *Registry) warn(message string, args ...any) {
	defer func() { _ = recover() }()
	logger := r.logger
	if logger == nil {
		logger = slog.Default()
	}
	logger.Warn(message, args...)
}
