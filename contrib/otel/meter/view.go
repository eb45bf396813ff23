// SPDX-License-Identifier: Apache-2.0

package meter

import (
	"fmt"
	"strings"

	"go.opentelemetry.io/otel/attribute"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

// View says which instruments it matches, and how their metrics differ from what they would be.
type View struct {
	// Instrument is the name of an instrument, in which * stands for any characters and ? for one.
	Instrument string
	// Scope is the name of a meter, or empty for all meters.
	Scope string

	// Name takes the place of the instrument's name, before it is translated. Two instruments
	// cannot have one name, so Instrument must then have no * and no ?.
	Name string
	// Help takes the place of the instrument's description.
	Help string
	// Drop leaves the instrument out. Its measurements cost next to nothing.
	Drop bool
	// Keep says which attributes become labels. Nil keeps all. Measurements that differ in other
	// attributes only share a series.
	Keep attribute.Filter
	// Bounds are the upper bounds of a histogram's buckets. They take the place of those that the
	// instrument advises; an empty list that is not nil leaves the bucket up to +Inf.
	Bounds []float64
	// Native makes a histogram native. With Bounds it has both kinds of buckets.
	Native *histogram.NativeOptions
	// Options are further options of the metrics. Observable instruments have none.
	Options []engine.MetricOption
}

func (v *View) check() error {
	switch {
	case v.Instrument == "":
		return fmt.Errorf("%w: a View needs the name of an instrument, or * for all of them", ErrOption)
	case v.Name != "" && strings.ContainsAny(v.Instrument, "*?"):
		return fmt.Errorf("%w: the View of %q gives several instruments the name %q", ErrOption, v.Instrument, v.Name)
	}
	return nil
}

// matches reports whether the view is for an instrument. Names are compared as they are written,
// as in OpenTelemetry's SDK.
func (v *View) matches(scope, instrument string) bool {
	return (v.Scope == "" || v.Scope == scope) && matchPattern(v.Instrument, instrument)
}

// matchPattern matches a name. After a failure it goes back to the last * only, which is enough
// because an earlier one could not match less.
func matchPattern(pattern, name string) bool {
	star, resume := -1, 0
	p := 0
	for n := 0; n < len(name); {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, resume = p, n
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == name[n]):
			p, n = p+1, n+1
		case star >= 0:
			resume++
			p, n = star+1, resume
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// apply returns the definition of an instrument as the view changes it.
func (v *View) apply(d definition) definition {
	if v.Name != "" {
		d.name = v.Name
	}
	if v.Help != "" {
		d.help = v.Help
	}
	if v.Bounds != nil || v.Native != nil {
		d.bounds = v.Bounds
	}
	d.drop, d.native, d.keep, d.options = v.Drop, v.Native, v.Keep, v.Options
	return d
}
