// SPDX-License-Identifier: Apache-2.0

package metricdoc

import (
	"strings"

	"github.com/quipu-metrics/quipu/encode"
)

// kind is what differs between the types of metrics.
type kind struct {
	part string // the label that tells the samples of one series apart

	uncovered func(f *Family) []string // for Lint; may be nil
}

var (
	counterKind   = &kind{}
	gaugeKind     = &kind{}
	histogramKind = &kind{part: "le", uncovered: uncovered}
	summaryKind   = &kind{part: "quantile"}
	infoKind      = &kind{}
)

// kindOf returns the kind of a type. State sets and metrics of an unknown type are shown as gauges.
func kindOf(t encode.Type) *kind {
	switch t {
	case encode.Counter:
		return counterKind
	case encode.Histogram:
		return histogramKind
	case encode.Summary:
		return summaryKind
	case encode.Info:
		return infoKind
	default:
		return gaugeKind
	}
}

// isInfo reports whether a name is that of an info metric, which text format shows as a gauge.
func isInfo(name string) bool { return strings.HasSuffix(name, "_info") }
