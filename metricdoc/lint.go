// SPDX-License-Identifier: Apache-2.0

package metricdoc

import (
	"fmt"
	"slices"
	"strings"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/conventions"
)

// Problem is a finding of [Metrics.Lint].
type Problem struct {
	Metric string
	Rule   string // a word by which findings can be left out
	Text   string
}

// String returns the name of the metric, the text and the rule in one line.
func (p Problem) String() string { return fmt.Sprintf("%s: %s (%s)", p.Metric, p.Text, p.Rule) }

// Lint looks for metrics that will cause trouble. The result is sorted by the names of the metrics.
// The rules are
//
//   - convention: the naming conventions of Prometheus, which "promtool check metrics" checks,
//   - duplicate: two series of a family have the same labels,
//   - help: the help text says no more than the name,
//   - reserved: a label belongs to Prometheus or to the target that it scrapes,
//   - unbounded: the number of values of a label seems to grow without bound,
//   - unit: the unit is not in the name, or not the base unit,
//   - buckets: the buckets of a histogram do not cover what was observed,
//   - dropped: a registry of quipu has dropped, cut or overflowed something.
//
// The last two and duplicate look at values, so they find more on the page of a program that has
// run for a while.
func (m *Metrics) Lint() []Problem {
	var all []Problem
	for i := range m.Families {
		f := &m.Families[i]
		for _, text := range conventions.Breaches(f.Name, f.Type.String(), f.Help, slices.Clone(f.Labels)) {
			all = append(all, Problem{f.Name, "convention", text})
		}
		for _, rule := range []struct {
			name  string
			check func(f *Family) []string
		}{
			{"duplicate", duplicates},
			{"help", emptyHelp},
			{"reserved", reservedLabels},
			{"unbounded", unboundedLabels},
			{"unit", unitsBesideTheName},
			{"buckets", kindOf(f.Type).uncovered},
			{"dropped", droppedUpdates},
		} {
			if rule.check == nil {
				continue
			}
			for _, text := range rule.check(f) {
				all = append(all, Problem{f.Name, rule.name, text})
			}
		}
	}
	return all
}

func duplicates(f *Family) []string {
	if f.twice != "" {
		return []string{fmt.Sprintf("a sample of the series %s is there twice", f.twice)}
	}
	seen := map[string]bool{}
	for i := range f.Series {
		labels := f.Series[i].text()
		if seen[labels] {
			return []string{fmt.Sprintf("the series %s is there twice", labels)}
		}
		seen[labels] = true
	}
	return nil
}

// text returns the labels as PromQL writes them.
func (s *Series) text() string {
	var parts []string
	for _, l := range s.Labels {
		parts = append(parts, fmt.Sprintf("%s=%q", l.Name, l.Value))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// emptyHelp finds help texts that consist of the words of the name, as in "HTTP requests total."
func emptyHelp(f *Family) []string {
	words := func(text string) string {
		return strings.Join(strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
			return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9')
		}), " ")
	}
	if help := words(f.Help); help != "" && help == words(f.Name) {
		return []string{"the help text repeats the name"}
	}
	return nil
}

func reservedLabels(f *Family) (texts []string) {
	for _, name := range f.Labels {
		switch {
		case strings.HasPrefix(name, "__"):
			texts = append(texts, fmt.Sprintf("the label %s begins with __, which Prometheus removes", name))
		case name == "job" || name == "instance":
			texts = append(texts,
				fmt.Sprintf("the label %s is that of the target: Prometheus renames it to exported_%[1]s", name))
		}
	}
	return texts
}

func unitsBesideTheName(f *Family) (texts []string) {
	if !f.declared {
		return nil
	}
	if name := strings.TrimSuffix(f.Name, "_total"); !strings.HasSuffix(name, "_"+f.Unit) {
		texts = append(texts,
			fmt.Sprintf("the name does not end in its unit, %s: OpenMetrics does not show it", f.Unit))
	}
	if unit, base := conventions.UnitOf(f.Unit); unit != base {
		texts = append(texts, fmt.Sprintf("its unit is %s, the base unit is %s", unit, base))
	}
	return texts
}

// The limits beyond which buckets count as bad: at least so many observations, and more than this
// part of them in the +Inf bucket, or in the lowest one.
const (
	leastObserved = 100
	mostBeyond    = 0.01
	mostInLowest  = 0.95
)

// uncovered finds classic buckets that do not cover the observations.
func uncovered(f *Family) []string {
	var all, beyond, lowest uint64
	for i := range f.Series {
		h := f.Series[i].Histogram
		if h == nil || len(h.Counts) < 2 || h.Native != nil {
			continue // native buckets cover everything
		}
		all += h.Count
		beyond += h.Counts[len(h.Counts)-1]
		lowest += h.Counts[0]
	}
	if all < leastObserved || len(f.Bounds) == 0 {
		return nil
	}
	share := func(n uint64) float64 { return float64(n) / float64(all) }
	switch {
	case share(beyond) > mostBeyond:
		return []string{fmt.Sprintf("%.0f %% of the observations lie above the highest bucket, %s: "+
			"quantiles there are cut off", 100*share(beyond), number(f.Bounds[len(f.Bounds)-1]))}
	case share(lowest) > mostInLowest:
		return []string{fmt.Sprintf("%.0f %% of the observations lie in the lowest bucket, up to %s: "+
			"it tells nothing about them", 100*share(lowest), number(f.Bounds[0]))}
	}
	return nil
}

// droppedCounters are the metrics of a registry about itself that should be 0, and what it means if
// they are not.
var droppedCounters = map[string]string{
	"quipu_overflowed_lookups_total":   "lookups went into an overflow series because of a limit",
	"quipu_changed_label_values_total": "label values were cut or repaired",
	"quipu_dropped_updates_total":      "updates or lookups were dropped as misuse",
	"quipu_callback_failures_total":    "functions, collectors or sources failed",
	"quipu_source_drops_total":         "series of sources are not shown",
	"quipu_mount_drops_total":          "metrics of mounted registries are not shown",
	"quipu_escaping_drops_total":       "metrics are not shown because their escaped names clash",
	"quipu_capped_quantiles_total":     "summaries gave up precision to stay within their memory",
	"quipu_waiting_series":             "series wait for room",
	"quipu_inexact_snapshots_total":    "histograms were read while an observation was under way",
}

func droppedUpdates(f *Family) (texts []string) {
	meaning, ok := droppedCounters[f.Name]
	for i := range f.Series {
		if s := &f.Series[i]; ok && s.Value > 0 {
			about := ""
			if len(s.Labels) > 0 {
				about = " for " + s.text()
			}
			texts = append(texts, fmt.Sprintf("%s%s, %s times", meaning, about, number(s.Value)))
		}
	}
	return texts
}

// valueOf returns the value of a label, or "" if the series does not have it.
func (s *Series) valueOf(name string) string {
	i := slices.IndexFunc(s.Labels, func(l engine.Label) bool { return l.Name == name })
	if i < 0 {
		return ""
	}
	return s.Labels[i].Value
}
