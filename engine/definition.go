// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/histogram"
	"github.com/quipu-metrics/quipu/internal/labeltext"
	"github.com/quipu-metrics/quipu/quantile"
)

const (
	// DefaultMaxSeries bounds the series of a labelled metric unless WithMaxSeries says otherwise.
	DefaultMaxSeries = 10_000

	// DefaultMaxAge is the sliding window of a summary's quantiles unless WithMaxAge says
	// otherwise.
	DefaultMaxAge = 10 * time.Minute

	// MaxLabelValue is the most bytes a label value may have, unless WithMaxLabelValue says
	// otherwise. Longer values are cut at the last rune boundary before it.
	MaxLabelValue = labeltext.MaxValue

	// OverflowValue is the value of all labels of the overflow series, which takes the updates of
	// all label sets that a full metric has no room for. In a metric with open label sets that
	// series has the one label overflow, unless WithOverflowLabel says otherwise.
	OverflowValue = "__overflow__"

	// NoLimit as the argument of an option that sets a limit or a time lifts it.
	NoLimit = math.MaxInt

	// mostSeries is a limit that no metric reaches: so many series would take 40 GiB.
	mostSeries = 1 << 28
)

// Labels is a label set: names and values.
type Labels map[string]string

// rules are what a definition has to know about its kind of metric.
type rules struct {
	typ      encode.Type
	options  []string // which of the options that only some kinds take it takes
	ownLabel string   // the label that samples of this kind have themselves: le or quantile
	suffixes []string // of the names of its samples, beside the name itself
	trimmed  string   // the suffix that OpenMetrics leaves out of the name of the family
	ending   string   // of the names of its samples: it is added to names that lack it
	states   bool     // samples have a label with the name of the family: the state

	check   func(*definition) error                 // completes and checks what the options set; may be nil
	differs func(d, other *definition) []difference // compares it; may be nil
}

// supplier is a function or a collector whose values a page shows in the place of values that the
// program keeps in the metric. Two suppliers are the same if they are equal.
type supplier interface{ String() string }

// definition is everything that is said about a metric when it is defined.
type definition struct {
	*rules
	naming    naming // of the registry
	name      string
	help      string
	unit      string
	vec       bool     // has labels
	labels    []string // their names, if declared
	open      bool     // any names
	consts    Labels   // with clean values
	displaced []string // constant labels of the registry that the metric has as its own
	maxSeries int

	overflow    [2]string      // the label of the overflow series of open label sets; empty for the default
	labelLimits map[string]int // by the name of the label; never changed in place

	expiry   time.Duration    // 0: none
	timeout  time.Duration    // of the function of a func metric
	self     bool             // one of the registry's own metrics
	supplier supplier         // nil if the program updates the metric
	slot     int              // which of its collector's metrics this is
	fn       *runner[float64] // the function of a func metric, until newFamily takes it

	buckets    []float64
	bounds     *histogram.Bounds // made of buckets
	native     *histogram.NativeOptions
	objectives map[float64]float64
	targets    *quantile.Objectives // made of objectives
	maxAge     time.Duration

	exemplarsFrom func(context.Context) Labels
}

// complete gives the definition what the registry's settings add to it, and checks it.
func (d *definition) complete(s *settings) error {
	d.naming = s.naming
	d.addRegistryLabels(s.consts)
	d.consts = cleanSet(d.consts, s.maxValue)
	d.help = labeltext.Repair(d.help)
	if d.name == "" {
		return fmt.Errorf("%w: it is empty", ErrName) // the prefix alone would be a valid name
	}
	if !d.self {
		d.name = s.prefix + d.name
	}
	return d.checkAll()
}

// addRegistryLabels adds the registry's constant labels, but for those that the metric has as its
// own: variable or constant labels, le of a histogram, quantile of a summary, and the label of the
// overflow series of open label sets. A definition cannot know the registry that it will be in, and
// may be a library's: go_info has the label version, wherever it is registered.
func (d *definition) addRegistryLabels(labels Labels) {
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		if d.self && (name == "reason" || name == "metric" || name == "le") {
			continue // these are labels of some of the registry's own metrics
		}
		own := slices.Contains(d.labels, name) || d.isOverflow(name) || name == d.ownLabel
		if value, ok := d.consts[name]; ok {
			own = own || value != labels[name]
		}
		if own {
			d.displaced = append(d.displaced, name)
			continue
		}
		if d.consts == nil {
			d.consts = make(Labels, len(labels))
		}
		d.consts[name] = labels[name]
	}
}

// checkAll says what is wrong with the definition.
func (d *definition) checkAll() error {
	if err := d.checkName(); err != nil {
		return err
	}
	err := errors.Join(d.checkUnit(), d.checkLabels(), d.checkLabelLimits())
	if d.check != nil {
		err = errors.Join(err, d.check(d))
	}
	return err
}

func (d *definition) checkName() error {
	if d.name == d.trimmed && d.name != "" {
		return fmt.Errorf("%w: a %s's name needs something before %s", ErrName, d.typ, d.trimmed)
	}
	return d.naming.checkMetric(d.name)
}

func (d *definition) checkUnit() error {
	if d.unit == "" || strings.HasSuffix(strings.TrimSuffix(d.name, "_total"), "_"+d.unit) {
		return nil
	}
	return fmt.Errorf("%w: unit %q: the name must end in it, such as %s_%[2]s", ErrOption, d.unit,
		strings.TrimSuffix(d.name, "_total"))
}

func (d *definition) checkLabels() error {
	for i, name := range d.labels {
		if err := d.checkLabel(name); err != nil {
			return err
		}
		if slices.Contains(d.labels[:i], name) {
			return fmt.Errorf("%w: %q is there twice", ErrLabel, name)
		}
	}
	for name := range d.consts {
		if err := d.checkLabel(name); err != nil {
			return err
		}
		if d.isOverflow(name) {
			return fmt.Errorf("%w: %q: with open label sets it is the label of the overflow series", ErrLabel, name)
		}
		if slices.Contains(d.labels, name) {
			return fmt.Errorf("%w: %q is a constant label and a variable one", ErrLabel, name)
		}
	}
	return nil
}

// checkLabel checks one label name against the rules and against the label that the kind needs
// itself.
func (d *definition) checkLabel(name string) error {
	if err := d.naming.checkLabel(name); err != nil {
		return err
	}
	if name == d.ownLabel {
		return fmt.Errorf("%w: %q: a %s has its own label of that name", ErrLabel, name, d.typ)
	}
	return nil
}

// samples returns the names of all samples that a metric of this name may have, in any format. A
// counter jobs_total leaves the name jobs, which OpenMetrics gives to its family, to others: the
// counter is then shown there as [encode.NewUnknownCounter] says.
func (r *rules) samples(name string) []string {
	names := []string{name}
	for _, suffix := range r.suffixes {
		names = append(names, name+suffix)
	}
	if base := r.unsuffixed(name); base != "" {
		names = append(names, base+"_created")
	}
	if r.ending != "" && !strings.HasSuffix(name, r.ending) {
		names = append(names, name+r.ending)
	}
	return names
}

// unsuffixed is the name that OpenMetrics gives to the family of a counter: without _total. It is
// empty where the name does not end so, and for other kinds.
func (r *rules) unsuffixed(name string) string {
	if r.trimmed == "" {
		return ""
	}
	base, found := strings.CutSuffix(name, r.trimmed)
	if !found {
		return ""
	}
	return base
}

// wrap says which definition an error is about.
func (d *definition) wrap(err error) error {
	return fmt.Errorf("quipu: %s %q: %w", d.typ, d.name, err)
}

// String describes the definition for error messages.
func (d *definition) String() string { return d.named(d.name) }

// named describes the definition under the name that it has on a page.
func (d *definition) named(name string) string {
	s := fmt.Sprintf("%s %s", d.typ, name)
	switch {
	case d.supplier != nil:
		s += " of " + d.supplier.String()
	case d.open:
		s += " with any labels"
	case d.vec:
		s += " with labels " + strings.Join(d.labels, ", ")
	}
	return s
}

// cleanSet returns a copy of a label set whose values can be used as they are, with at most so many
// bytes each.
func cleanSet(set Labels, most int) Labels {
	cleaned := make(Labels, len(set))
	for name, value := range set {
		cleaned[name] = labeltext.Clean(value, most)
	}
	return cleaned
}
