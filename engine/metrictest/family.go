// SPDX-License-Identifier: Apache-2.0

package metrictest

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
)

// Family is a metric with all its series, as a page in the text format shows it.
type Family struct {
	Name    string
	Help    string
	Type    string   // counter, gauge, histogram or summary
	Samples []Sample // in the order of the page
}

// Sample is one line of a page. A histogram has several for each series; their names end in
// _bucket, _sum and _count.
type Sample struct {
	Name   string
	Labels engine.Labels // le and quantile included; nil when there are none
	Value  float64
}

// Find returns the sample with this name and exactly these labels.
func (f Family) Find(name string, labels engine.Labels) (Sample, bool) {
	for _, s := range f.Samples {
		if s.Name == name && maps.Equal(s.Labels, canonical(labels)) {
			return s, true
		}
	}
	return Sample{}, false
}

// String returns the sample as a line of a page, with the labels sorted by name.
func (s Sample) String() string { return s.series() + " " + formatValue(s.Value) }

// series returns the name and the labels of the sample.
func (s Sample) series() string {
	if len(s.Labels) == 0 {
		return s.Name
	}
	var b []byte
	for _, name := range slices.Sorted(maps.Keys(s.Labels)) {
		b = encode.AppendLabel(b, name, s.Labels[name])
	}
	return s.Name + "{" + string(b) + "}"
}

// bound returns the number in the label le or quantile, or -Inf if there is neither.
func (s Sample) bound() float64 {
	for _, name := range [...]string{"le", "quantile"} {
		if v, err := strconv.ParseFloat(s.Labels[name], 64); err == nil {
			return v
		}
	}
	return math.Inf(-1)
}

// rest returns the labels without le and quantile. All samples of one series have them in common.
func (s Sample) rest() string {
	labels := maps.Clone(s.Labels)
	delete(labels, "le")
	delete(labels, "quantile")
	return Sample{Labels: labels}.series()
}

// compare orders samples by their series, then by name, then by bucket or quantile.
func (s Sample) compare(other Sample) int {
	return cmp.Or(
		strings.Compare(s.rest(), other.rest()),
		strings.Compare(s.Name, other.Name),
		cmp.Compare(s.bound(), other.bound()),
		strings.Compare(s.series(), other.series()),
	)
}

// canonical returns the labels with the numbers of le and quantile in their shortest form, so that
// "1" and "1.0" are the same bucket. It does not change its argument.
func canonical(labels engine.Labels) engine.Labels {
	for _, name := range [...]string{"le", "quantile"} {
		text, ok := labels[name]
		if !ok {
			continue
		}
		if v, err := strconv.ParseFloat(text, 64); err == nil {
			labels = maps.Clone(labels)
			labels[name] = formatValue(v)
		}
	}
	return labels
}

func formatValue(v float64) string {
	if math.IsInf(v, 1) {
		return "+Inf"
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}
