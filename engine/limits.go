// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/quipu-metrics/quipu/internal/labeltext"
	"github.com/quipu-metrics/quipu/shard"
)

// WithLabelLimit bounds the number of values that one label has in the series of a metric, so that
// a label with values from outside leaves room for the others. Lookups of further values share the
// series in which this label has the value [OverflowValue], and the other labels their own values.
// There is one such series for each combination of the other labels; they count against
// [WithMaxSeries] and [WithSeriesBudget] as all do. A value leaves the limit with its last series.
// An empty value is no value. [NoLimit] lifts the limit.
//
// A lookup of an existing series costs the same as without a limit. A lookup of a value beyond the
// limit looks twice (BenchmarkLabelLimit). The label must be one of the metric's; with open label
// sets it may be any.
func WithLabelLimit(label string, n int) MetricOption {
	return metricOption(func(d *definition) error {
		refuse := func(format string, args ...any) error {
			return fmt.Errorf("%w: WithLabelLimit(%q, %d): %s", ErrOption, label, n, fmt.Sprintf(format, args...))
		}
		switch {
		case !d.vec || d.supplier != nil:
			return refuse("only metrics with labels that the program updates take it")
		case n < 1:
			return refuse("a label needs room for at least one value")
		case !d.open && !slices.Contains(d.labels, label):
			return refuse("the labels of the metric are %s", d.labelNames())
		}
		limits := maps.Clone(d.labelLimits) // the options may be used for another metric too
		delete(limits, label)
		if n < mostSeries {
			if limits == nil {
				limits = make(map[string]int, 1)
			}
			limits[label] = n
		}
		d.labelLimits = limits
		return nil
	})
}

// WithOverflowLabel sets the only label of the overflow series of a metric with open label sets. By
// default it is overflow with the value [OverflowValue].
func WithOverflowLabel(name, value string) MetricOption {
	return metricOption(func(d *definition) error {
		refuse := func(problem string) error {
			return fmt.Errorf("%w: WithOverflowLabel(%q, %q): %s", ErrOption, name, value, problem)
		}
		switch {
		case !d.open || d.supplier != nil:
			return refuse("only metrics with open label sets that the program updates take it")
		case name == "" || !labeltext.IsClean(value, MaxLabelValue) || value == "":
			return refuse("it needs a name, and a value that needs no repair")
		}
		d.overflow = [2]string{name, value}
		return nil
	})
}

// isOverflow reports whether a label is that of the overflow series of open label sets.
func (d *definition) isOverflow(name string) bool {
	overflow := d.overflow[0]
	if overflow == "" {
		overflow = shard.OverflowLabel
	}
	return d.open && name == overflow
}

// checkLabelLimits says what is wrong with limits of open label sets, and with the label of their
// overflow series. Other limits name declared labels.
func (d *definition) checkLabelLimits() error {
	if d.overflow[0] != "" {
		if err := d.checkLabel(d.overflow[0]); err != nil {
			return err
		}
	}
	for label := range d.labelLimits {
		if err := d.checkLabel(label); err != nil {
			return err
		}
		if _, ok := d.consts[label]; ok {
			return fmt.Errorf("%w: WithLabelLimit: %q is a constant label", ErrOption, label)
		}
	}
	return nil
}

// limitsText describes the limits of labels for error messages.
func limitsText(limits map[string]int) string {
	if len(limits) == 0 {
		return "none"
	}
	var list []string
	for _, label := range slices.Sorted(maps.Keys(limits)) {
		list = append(list, fmt.Sprintf("%s: %d", label, limits[label]))
	}
	return strings.Join(list, ", ")
}

// WithSeriesBudget bounds the number of series that all metrics of a registry have together.
// Lookups of further label sets end in the overflow series of their metric. Overflow series, the
// registry's own metrics, and series of collectors, sources and mounted registries do not count.
// Metrics without labels count, but a definition never fails for lack of room. [NoLimit] lifts the
// bound. NewRegistry panics on a bound below 1.
//
// Series leave the budget when they are deleted, when they expire, and when their metric is removed
// from the registry. A lookup that finds the budget full first makes all series leave that are
// expired, in any metric of the registry: see [WithExpiry].
func WithSeriesBudget(n int) RegistryOption {
	return registryOption(func(s *settings) error {
		if n < 1 {
			return fmt.Errorf("%w: WithSeriesBudget(%d): a registry needs room for at least one series", ErrOption, n)
		}
		s.budget = nil
		if n != NoLimit {
			s.budget = shard.NewBudget(n) // each registry has its own, though the option may be used twice
		}
		return nil
	})
}

// WithMaxLabelValue sets the most bytes that a label value may have: [MaxLabelValue] by default.
// Longer values are cut at the last rune boundary before it, and counted by the registry's own
// metric quipu_changed_label_values_total. [NoLimit] lifts the limit. NewRegistry panics on a limit
// that [OverflowValue] would exceed.
func WithMaxLabelValue(n int) RegistryOption {
	return registryOption(func(s *settings) error {
		if n < len(OverflowValue) {
			return fmt.Errorf("%w: WithMaxLabelValue(%d): %s needs %d bytes", ErrOption, n, OverflowValue,
				len(OverflowValue))
		}
		s.maxValue = n
		return nil
	})
}
