// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"

	"github.com/quipu-metrics/quipu/internal/labeltext"
	"github.com/quipu-metrics/quipu/shard"
)

// overflowed logs, the first time for each limit, that a lookup ended in a series which it shares
// because of a limit, or that an emission was dropped: then there is no node.
func (f *family) overflowed(n *shard.Node, limit shard.Limit) {
	const toOverflow = "updates of its further label sets go to its overflow series"
	switch {
	case limit == shard.LabelLimit:
		if f.first(noticeLabel) {
			label := f.overflowedLabel(n)
			f.notice(noticeLabel, "a label has too many values: further ones share the series of "+OverflowValue,
				"label %q has as many values as WithLabelLimit allows, %d", label, f.def.labelLimits[label])
		}
	case limit == shard.BudgetLimit:
		if f.first(noticeBudget) {
			f.notice(noticeBudget, "the registry is full: "+toOverflow,
				"its metrics have as many series as WithSeriesBudget allows, %d%s", f.core.budget.Most(), f.culprit())
		}
	case f.first(noticeOverflow):
		consequence := toOverflow
		if n == nil {
			consequence = "further series of its collector are dropped"
		}
		f.notice(noticeOverflow, "a metric is full: "+consequence,
			"it has as many series as WithMaxSeries allows, %d%s", f.def.maxSeries, f.culprit())
	}
}

// overflowedLabel returns the label with a limit that has the overflow value in a series.
func (f *family) overflowedLabel(n *shard.Node) string {
	for name, value := range labeltext.All(n.Labels) {
		if f.def.labelLimits[name] > 0 && value == OverflowValue {
			return name
		}
	}
	return ""
}

// mostLooked is the number of series that culprit looks at, so that it takes no longer than some
// milliseconds on the goroutine of a lookup.
const mostLooked = 10_000

// culprit says which label of the metric has the most values. It allocates, and is for the first
// overflow of a metric.
func (f *family) culprit() string {
	if f.index == nil {
		return ""
	}
	var names []string // in the order of the series' labels
	values := make(map[string]map[string]struct{})
	looked := 0
	for n := range f.index.All() {
		if looked++; looked > mostLooked {
			break
		}
		for name, value := range labeltext.All(n.Labels) {
			if values[name] == nil {
				names = append(names, name)
				values[name] = make(map[string]struct{})
			}
			if value != OverflowValue {
				values[name][value] = struct{}{}
			}
		}
	}
	most := ""
	for _, name := range names {
		if len(values[name]) > len(values[most]) {
			most = name
		}
	}
	if most == "" {
		return ""
	}
	return fmt.Sprintf("; label %q has the most values, %d in %d series", most, len(values[most]),
		min(looked, mostLooked))
}
