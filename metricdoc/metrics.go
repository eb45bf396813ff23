// SPDX-License-Identifier: Apache-2.0

package metricdoc

import (
	"maps"
	"slices"
	"strings"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/conventions"
)

// Metrics are the metrics of a program at one moment.
type Metrics struct {
	Families []Family // sorted by name
}

// Family is all series of one name.
type Family struct {
	Name, Help string
	Unit       string // as declared, or else a base unit in the name; may be empty
	Type       encode.Type
	Labels     []string  // names of the labels of all series, sorted, without le and quantile
	Bounds     []float64 // upper bounds of classic buckets, +Inf not included
	Native     bool      // whether it has native buckets

	Quantiles []float64 // of a summary, in ascending order
	Errors    []float64 // the rank errors of the quantiles, or nil if they are not known

	Series []Series // may be empty

	declared bool   // the unit is not from the name
	twice    string // the labels of a series that has two samples for the same, or ""
}

// Series is one series of a family.
type Series struct {
	Labels    []engine.Label // sorted by name, without le and quantile
	Value     float64        // NaN for histograms and summaries
	Histogram *engine.HistogramSnapshot
	Summary   *engine.SummarySample
}

// FromRegistry returns the metrics of a registry and of those that are mounted in it, with the
// registry's metrics about itself. It calls func metrics, collectors and sources, as a scrape does.
func FromRegistry(reg *engine.Registry) *Metrics {
	families := map[string]*Family{}
	for f := range reg.Read(engine.ReadOptions{}) {
		family := &Family{Name: f.Name(), Help: f.Help(), Unit: f.Unit(), Type: f.Type()}
		for s := range f.Samples() {
			c := s.Clone()
			family.add(Series{Labels: c.Labels(), Value: c.Value(), Histogram: c.Histogram(), Summary: c.Summary()})
		}
		families[family.Name] = family
	}
	for info := range reg.All() {
		if _, ok := families[info.Name]; !ok {
			families[info.Name] = &Family{Name: info.Name, Help: info.Help, Unit: info.Unit, Type: typeOf(info.Type)}
		}
		families[info.Name].declare(&info)
	}
	return newMetrics(slices.Collect(maps.Values(families)))
}

// declare adds what the definition says. Several definitions may have one name.
func (f *Family) declare(info *engine.Info) {
	for _, name := range info.Labels {
		f.addLabel(name)
	}
	for name := range info.Const {
		f.addLabel(name)
	}
	f.addBounds(info.Bounds)
	f.Native = f.Native || info.Native
	for _, quantile := range slices.Sorted(maps.Keys(info.Objectives)) {
		f.addQuantile(quantile, info.Objectives[quantile])
	}
}

// newMetrics sorts families.
func newMetrics(families []*Family) *Metrics {
	m := new(Metrics)
	for _, f := range families {
		f.declared = f.Unit != ""
		if unit, base := conventions.UnitOf(f.Name); !f.declared && unit == base {
			f.Unit = unit
		}
		m.Families = append(m.Families, *f)
	}
	slices.SortFunc(m.Families, func(a, b Family) int { return strings.Compare(a.Name, b.Name) })
	return m
}

// Without returns the metrics whose names do not begin with a prefix. Those that a registry has
// about itself begin with quipu_.
func (m *Metrics) Without(prefix string) *Metrics {
	return &Metrics{slices.DeleteFunc(slices.Clone(m.Families), func(f Family) bool {
		return strings.HasPrefix(f.Name, prefix)
	})}
}

// Find returns the family of a name, or nil if there is none.
func (m *Metrics) Find(name string) *Family {
	i := slices.IndexFunc(m.Families, func(f Family) bool { return f.Name == name })
	if i < 0 {
		return nil
	}
	return &m.Families[i]
}

// add adds a series, and what it says about the family.
func (f *Family) add(s Series) {
	for _, l := range s.Labels {
		f.addLabel(l.Name)
	}
	if s.Histogram != nil {
		f.addBounds(s.Histogram.Bounds)
		f.Native = f.Native || s.Histogram.Native != nil
	}
	if s.Summary != nil {
		for _, e := range s.Summary.Estimates {
			f.addQuantile(e.Quantile, e.Error)
		}
	}
	f.Series = append(f.Series, s)
}

func (f *Family) addLabel(name string) {
	if i, found := slices.BinarySearch(f.Labels, name); !found {
		f.Labels = slices.Insert(f.Labels, i, name)
	}
}

func (f *Family) addBounds(bounds []float64) {
	for _, b := range bounds {
		if i, found := slices.BinarySearch(f.Bounds, b); !found {
			f.Bounds = slices.Insert(f.Bounds, i, b)
		}
	}
}

// addQuantile adds a quantile with its error, which is 0 if it is not known.
func (f *Family) addQuantile(quantile, rankError float64) {
	i, found := slices.BinarySearch(f.Quantiles, quantile)
	if !found {
		f.Quantiles = slices.Insert(f.Quantiles, i, quantile)
		if rankError > 0 || f.Errors != nil {
			f.Errors = slices.Insert(f.Errors, i, rankError)
		}
	}
}

// typeOf returns the type of a word of a TYPE line.
func typeOf(word string) encode.Type {
	for t := encode.Counter; t <= encode.StateSet; t++ {
		if t.String() == word {
			return t
		}
	}
	return encode.Untyped
}
