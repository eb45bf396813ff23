// SPDX-License-Identifier: Apache-2.0

package metricdoc

import (
	"strings"

	"github.com/quipu-metrics/quipu/encode"
)

// kind holds the functions that differ between the types of metrics.
type kind struct {
	part      string                   // the label that tells the samples of one series apart
	panels    func(f *Family) []*panel // of a dashboard
	uncovered func(f *Family) []string // for Lint; may be nil
	suffix    func(f *Family) string   // of a sample that each series has

	recordings func(f *Family) [][2]string // names and expressions of recording rules
	change     func(c *Change, before *Series, seconds float64)
}

var (
	counterKind = &kind{panels: counterPanels, suffix: noSuffix, recordings: counterRecordings,
		change: counterChange}
	gaugeKind = &kind{panels: gaugePanels, suffix: noSuffix, recordings: noRecordings,
		change: noChange}
	histogramKind = &kind{part: "le", panels: histogramPanels, uncovered: uncovered, suffix: histogramSuffix,
		recordings: histogramRecordings, change: histogramChange}
	summaryKind = &kind{part: "quantile", panels: summaryPanels, suffix: summarySuffix, recordings: noRecordings,
		change: summaryChange}
	infoKind = &kind{panels: infoPanels, suffix: noSuffix, recordings: noRecordings,
		change: noChange}
)

func noSuffix(*Family) string { return "" }

func summarySuffix(*Family) string { return "_count" }

func histogramSuffix(f *Family) string {
	if len(f.Bounds) == 0 {
		return "" // the sample of a native histogram has the name of the family
	}
	return "_count"
}

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
