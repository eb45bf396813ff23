// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"log/slog"

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
	faults
)

func (f fault) String() string {
	return [faults]string{"labels", "negative", "nan", "native_nan", "exemplar", "panic", "exit", "timeout"}[f]
}

// misuse counts a fault and logs it, the first time it happens to this family. In a strict registry it panics instead.
// It returns a series to go on with.
func (f *family) misuse(kind fault, format string, args ...any) *shard.Node {
	if f.reg.strict {
		panic(fmt.Sprintf("quipu: %s: %s", &f.def, fmt.Sprintf(format, args...)))
	}
	f.report(kind, f.reg.self.dropped[kind], "dropped an update", format, args...)
	return f.discarded()
}

// again counts a fault and reports whether that was all there is to do, because this family's first one has been logged.
// Who would format something asks it before, so that misuse on a hot path allocates nothing.
func (f *family) again(kind fault) bool {
	if f.reg.strict || f.reported.Load()>>kind&1 == 0 {
		return false
	}
	f.reg.self.dropped[kind].Inc()
	return true
}

// report counts a fault and logs it, the first time it happens to this family. The log line is written on the goroutine
// that is at fault, which may be on a hot path: a handler that panics must not become its panic.
func (f *family) report(kind fault, counter *Counter, what, format string, args ...any) {
	counter.Inc()
	if bit := uint32(1) << kind; f.reported.Or(bit)&bit == 0 {
		defer func() { _ = recover() }()
		logger := f.reg.logger
		if logger == nil {
			logger = slog.Default()
		}
		logger.Warn("quipu: "+what+" (further ones are only counted)",
			"metric", f.def.name, "reason", kind.String(), "detail", fmt.Sprintf(format, args...))
	}
}
