// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"errors"
	"fmt"
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

	// DefaultMaxAge is the sliding window of a summary's quantiles unless WithMaxAge says otherwise.
	DefaultMaxAge = 10 * time.Minute
)

var defaultObjectives = map[float64]float64{0.5: 0.05, 0.9: 0.01, 0.99: 0.001}

// definition is everything that is said about a metric when it is defined.
type definition struct {
	kind      encode.Type
	name      string
	help      string
	unit      string
	vec       bool     // has labels
	labels    []string // their names, if declared
	open      bool     // any names
	consts    Labels   // with clean values
	displaced []string // constant labels of the registry that the metric has as its own
	maxSeries int
	callback  bool    // the value comes from a function
	fn        *runner // that function, until newFamily takes it
	source    *source // the values come from a collector
	slot      int     // which of its metrics this is

	buckets    []float64
	native     *histogram.NativeOptions
	objectives map[float64]float64
	maxAge     time.Duration

	exemplarsFrom func(context.Context) Labels

	bounds  *histogram.Bounds
	targets *quantile.Objectives
}

// check completes the definition and says what is wrong with it.
func (d *definition) check() error {
	if !encode.ValidMetricName(d.name) {
		return fmt.Errorf("%w: use letters, digits, _ and :, with no digit first", ErrName)
	}
	if strings.HasPrefix(d.name, "__") {
		return fmt.Errorf("%w: names that begin with __ are reserved", ErrName)
	}
	if d.kind == encode.Counter && d.name == "_total" {
		return fmt.Errorf("%w: a counter's name needs something before _total", ErrName)
	}
	return errors.Join(d.checkUnit(), d.checkLabels(), d.checkValues())
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
		if d.open && name == overflowLabel {
			return fmt.Errorf("%w: %q: with open label sets it is the label of the overflow series", ErrLabel, name)
		}
		if slices.Contains(d.labels, name) {
			return fmt.Errorf("%w: %q is a constant label and a variable one", ErrLabel, name)
		}
	}
	return nil
}

// checkLabel checks one label name against the rules and against those that the type needs for itself.
func (d *definition) checkLabel(name string) error {
	switch {
	case !labeltext.ValidName(name):
		return fmt.Errorf("%w: %q: use letters, digits and _, with no digit first", ErrLabel, name)
	case strings.HasPrefix(name, "__"):
		return fmt.Errorf("%w: %q: names that begin with __ are reserved", ErrLabel, name)
	case name == "le" && d.kind == encode.Histogram, name == "quantile" && d.kind == encode.Summary:
		return fmt.Errorf("%w: %q: a %s has its own label of that name", ErrLabel, name, d.kind)
	}
	return nil
}

func (d *definition) checkValues() (err error) {
	switch d.kind {
	case encode.Histogram:
		if d.native != nil {
			if *d.native == (histogram.NativeOptions{}) {
				return fmt.Errorf("%w: the options of WithNative are all zero: start from histogram.NativeDefaults()", ErrBuckets)
			}
			if err = new(histogram.Native).Init(*d.native); err != nil {
				return fmt.Errorf("%w: %w", ErrBuckets, err)
			}
			if d.buckets == nil {
				return nil // no classic buckets
			}
		}
		if d.buckets == nil {
			d.buckets = histogram.Default()
		}
		if d.bounds, err = histogram.NewBounds(d.buckets); err != nil {
			return fmt.Errorf("%w: %w", ErrBuckets, err)
		}
		d.buckets = d.bounds.Upper()
	case encode.Summary:
		if d.objectives == nil {
			d.objectives = defaultObjectives
		}
		if d.targets, err = quantile.NewObjectives(d.objectives); err != nil {
			return fmt.Errorf("%w: %w", ErrObjectives, err)
		}
	}
	return nil
}

// series returns the names of all samples that the metric may have, in any format. A counter jobs_total leaves the name
// jobs, which OpenMetrics gives to its family, to others: it is shown there as [encode.NewUnknownCounter] says then.
func (d *definition) series() []string {
	switch d.kind {
	case encode.Counter:
		if base := d.unsuffixed(); base != "" {
			return []string{d.name, base + "_created"}
		}
		return []string{d.name}
	case encode.Histogram:
		return []string{d.name, d.name + "_bucket", d.name + "_sum", d.name + "_count", d.name + "_created"}
	case encode.Summary:
		return []string{d.name, d.name + "_sum", d.name + "_count", d.name + "_created"}
	default:
		return []string{d.name}
	}
}

// wrap says which definition an error is about.
func (d *definition) wrap(err error) error {
	return fmt.Errorf("quipu: %s %q: %w", d.kind, d.name, err)
}

// String describes the definition for error messages.
func (d *definition) String() string {
	s := fmt.Sprintf("%s %s", d.kind, d.name)
	switch {
	case d.callback:
		s += " with a function"
	case d.source != nil:
		s += " of a collector"
	case d.open:
		s += " with any labels"
	case d.vec:
		s += " with labels " + strings.Join(d.labels, ", ")
	}
	return s
}
