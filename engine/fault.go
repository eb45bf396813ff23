// SPDX-License-Identifier: Apache-2.0

package engine

// fault is the reason why an update was dropped or a metric left out of a page, or a notice that is
// no fault but is logged the first time. It is the label reason of the registry's own metrics.
type fault int

const (
	faultLabels    fault = iota // label values that do not fit the label names
	faultNegative               // a negative value for a counter
	faultNaN                    // NaN added
	faultNativeNaN              // NaN observed by a histogram with native buckets
	faultExemplar               // labels that cannot be an exemplar's
	faultPanic                  // a function panicked
	faultExit                   // a function ended its goroutine
	faultHang                   // a function did not return in time
	faultLate                   // a collector or a source supplied a series too late
	faultError                  // a source returned an error
	faultName                   // the name of a source's family is invalid
	faultHeader                 // series of one family differ in type, help or unit
	faultState                  // the buckets or quantiles of a source's series cannot be
	faultClash                  // a name that another metric has

	faults // how many faults there are

	noticeOverflow // a metric is full
	noticeLabel    // a label of a metric has as many values as it may
	noticeBudget   // a registry is full
	noticeCut      // a label value was too long
	noticeRepaired // a label value was not valid UTF-8
	noticeEscaped  // a name or labels became those of others when names were escaped
)

func (f fault) String() string {
	return [...]string{"labels", "negative", "nan", "native_nan", "exemplar", "panic", "exit", "timeout",
		"late", "error", "name", "header", "state", "clash", "", "overflow", "label_limit",
		"budget", "length", "utf8", "escaped"}[f]
}
