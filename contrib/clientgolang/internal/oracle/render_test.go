// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	client "github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// What may differ, each with its reason:
//   - times of creation and of exemplars: both packages take their own;
//   - the estimates of summaries: other algorithms within the same errors, which
//     TestSummariesEstimateWithinTheirErrors compares;
//   - the last digits of sums, which depend on the order of additions;
//   - the stack of a collector that panics;
//   - which one of several invalid values in a map an error names;
//   - pointers in texts.
var incidental = []struct {
	pattern *regexp.Regexp
	instead string
}{
	{regexp.MustCompile(`\s*(created_)?timestamp:\{[^}]*\}`), ""},
	{regexp.MustCompile(`(quantile:\{quantile:\S+)\s+value:[^}]*\}`), "$1}"},
	{regexp.MustCompile(`(?s)stack trace=.*`), "stack trace"},
	{regexp.MustCompile(`(?s)label .*: value .* is not valid UTF-8`), "a value is not valid UTF-8"},
	{regexp.MustCompile(`0x[0-9a-f]+`), "pointer"},
	{regexp.MustCompile(`\s+`), " "},
}

// words returns the text of an error or a panic without what may differ.
func words(text string) string {
	for _, i := range incidental {
		text = i.pattern.ReplaceAllString(text, i.instead)
	}
	return text
}

// errorText returns the text of an error. Collectors are gathered in any order, so the errors of a
// list are sorted.
func errorText(err error) string {
	if err == nil {
		return ""
	}
	var all client.MultiError
	if !errors.As(err, &all) {
		return fmt.Sprintf("%T: %s", err, words(err.Error()))
	}
	lines := make([]string, len(all))
	for i, one := range all {
		lines[i] = errorText(one)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// familiesText returns the text of what was gathered.
func familiesText(families []*dto.MetricFamily) string {
	var b strings.Builder
	for _, f := range families {
		fmt.Fprintf(&b, "%q %q %q %v\n", f.GetName(), f.GetHelp(), f.GetUnit(), f.GetType())
		for _, m := range f.Metric {
			b.WriteString(metricText(m))
		}
	}
	return b.String()
}

func metricText(m *dto.Metric) string {
	var b strings.Builder
	for _, l := range m.Label {
		fmt.Fprintf(&b, " %q=%q", l.GetName(), l.GetValue())
	}
	if m.TimestampMs != nil {
		fmt.Fprintf(&b, " at %d", m.GetTimestampMs())
	}
	if c := m.Counter; c != nil {
		fmt.Fprintf(&b, " counter %v%s", c.GetValue(), exemplarText(c.Exemplar))
	}
	if g := m.Gauge; g != nil {
		fmt.Fprintf(&b, " gauge %v", g.GetValue())
	}
	if u := m.Untyped; u != nil {
		fmt.Fprintf(&b, " untyped %v", u.GetValue())
	}
	if s := m.Summary; s != nil {
		fmt.Fprintf(&b, " summary %d %.12g", s.GetSampleCount(), s.GetSampleSum())
		for _, q := range s.Quantile {
			fmt.Fprintf(&b, " q%v", q.GetQuantile())
		}
	}
	if h := m.Histogram; h != nil {
		fmt.Fprintf(&b, " histogram %d %.12g", h.GetSampleCount(), h.GetSampleSum())
		for _, one := range h.Bucket {
			fmt.Fprintf(&b, " le%v=%d%s", one.GetUpperBound(), one.GetCumulativeCount(), exemplarText(one.Exemplar))
		}
		if h.Schema != nil {
			fmt.Fprintf(&b, " native %d %v %d %v %v %v %v", h.GetSchema(), h.GetZeroThreshold(), h.GetZeroCount(),
				h.PositiveSpan, h.PositiveDelta, h.NegativeSpan, h.NegativeDelta)
			for _, e := range h.Exemplars {
				b.WriteString(exemplarText(e))
			}
		}
	}
	return b.String() + "\n"
}

func exemplarText(e *dto.Exemplar) string {
	if e == nil {
		return ""
	}
	return fmt.Sprintf(" # %v %v", e.GetLabel(), e.GetValue())
}

func sortFamilies(list []*dto.MetricFamily) {
	slices.SortFunc(list, func(a, b *dto.MetricFamily) int { return strings.Compare(a.GetName(), b.GetName()) })
}
