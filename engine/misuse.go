// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"strings"

	"github.com/quipu-metrics/quipu/shard"
)

// misuse counts a fault and logs it, the first time it happens at this call site of the program. In
// a strict registry it panics instead. It returns a series that the caller can go on with.
//
// It formats nothing and allocates nothing once the call site is known. Boxing its arguments costs
// an allocation each time all the same: callers that have arguments ask countKnown first.
func (f *family) misuse(kind fault, format string, args ...any) *shard.Node {
	if f.core.strict {
		panic(fmt.Sprintf("quipu: %s: %s (at %s)", &f.def, fmt.Sprintf(format, args...), callerNow()))
	}
	f.core.tally.dropped[kind].Inc()
	if pc, known := f.core.sites.caller(&f.sites); !known {
		if where, first := f.core.sites.remember(pc, &f.sites); first {
			f.log("dropped an update (further ones from this place are only counted)", kind, where, format, args...)
		}
	}
	return f.discarded()
}

// countKnown counts a fault if its call site is known, and reports whether it did: then nothing
// else has to be done.
func (f *family) countKnown(kind fault) bool {
	if f.core.strict {
		return false
	}
	if _, known := f.core.sites.caller(&f.sites); !known {
		return false
	}
	f.core.tally.dropped[kind].Inc()
	return true
}

// leftOut counts that a page lacks the metric because its function failed, and logs it the first
// time.
func (f *family) leftOut(kind fault, cause any) {
	f.core.tally.failed[kind].Inc()
	if f.first(kind) {
		f.log("left a metric out of a page (further ones are only counted)", kind, "", "%v", cause)
	}
}

// first reports whether this is the first fault or notice of its kind in this family.
func (f *family) first(kind fault) bool {
	bit := uint32(1) << kind
	return f.reported.Load()&bit == 0 && f.reported.Or(bit)&bit == 0
}

// notice logs an event that is no misuse, with its call site.
func (f *family) notice(kind fault, event, format string, args ...any) {
	f.log(event+" (further ones are only counted)", kind, callerNow(), format, args...)
}

// log writes a log line about the family.
func (f *family) log(event string, kind fault, where, format string, args ...any) {
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
	f.core.warn("quipu: "+event, attrs...)
}
