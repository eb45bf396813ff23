// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"testing"

	"github.com/prometheus/otlptranslator"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	exporter "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/metric"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"pgregory.net/rapid"

	"github.com/quipu-metrics/quipu/contrib/otel/meter"
	"github.com/quipu-metrics/quipu/engine"
)

// The programs leave out what both sides are known to do in another way, as the README of the
// module says: conflicting instruments, negative additions to counters, attributes without a value,
// and sets of attributes that become the same labels.

// names of instruments. Each has one unit and description in all programs, and no two become the
// same name.
var names = []string{"jobs", "Req.duration", "queue/size", "cpu-time", "x_total", "a.b.c", "ratio", "bytes.sent.total"}

var units = []string{"", "s", "1", "By", "{job}", "By/s", "ms", "%", "m/h", "km"}

// pool are attributes. A key has values of one type.
var pool = [][]attribute.KeyValue{
	{attribute.String("a.b", "x"), attribute.String("a.b", `q"\`+"\n")},
	{attribute.Int("a/b", 1), attribute.Int("a/b", 2)},
	{attribute.Bool("on", true), attribute.Bool("on", false)},
	{attribute.Float64("0th", 1.5), attribute.Float64("0th", 1e21)},
	{attribute.StringSlice("list", []string{"u", "v"}), attribute.Int64Slice("list", nil)},
	{attribute.String("ключ k", "значение")},
}

func drawSet(t *rapid.T) attribute.Set {
	var list []attribute.KeyValue
	for _, values := range pool {
		if rapid.IntRange(0, 2).Draw(t, "has") == 0 {
			list = append(list, rapid.SampledFrom(values).Draw(t, "attribute"))
		}
	}
	return attribute.NewSet(list...)
}

// options returns a set as options of a measurement, in one of several forms.
func options(t *rapid.T, set attribute.Set) []metric.MeasurementOption {
	list := set.ToSlice()
	switch rapid.IntRange(0, 2).Draw(t, "form") {
	case 0:
		return []metric.MeasurementOption{metric.WithAttributeSet(set)}
	case 1:
		return []metric.MeasurementOption{metric.WithAttributes(list...)}
	}
	half := len(list) / 2
	return []metric.MeasurementOption{metric.WithAttributes(list[:half]...), metric.WithAttributes(list[half:]...)}
}

// shape is what all instruments of one name have in common.
type shape struct {
	kind     int
	integers bool
	unit     string
}

const (
	counters = iota
	upDownCounters
	gauges
	histograms
	observableCounters
	observableUpDownCounters
	observableGauges
)

// program is the state of a random program.
type program struct {
	*world
	shapes map[string]shape
	made   map[string]*twin // by scope and name
}

// twin is an instrument on both sides. A synchronous one has functions, an observable one reports
// the list.
type twin struct {
	measure  []func(value float64, options []metric.MeasurementOption)
	observed map[attribute.Set]float64
	order    []attribute.Set
	stop     []metric.Registration
}

// drawValue returns a number whose sums are exact.
func drawValue(t *rapid.T, s shape) float64 {
	least := 0
	if s.kind != counters && s.kind != observableCounters {
		least = -10
	}
	if s.integers {
		return float64(rapid.IntRange(least, 20_000).Draw(t, "integer"))
	}
	return float64(rapid.IntRange(least*4, 80_000).Draw(t, "quarters")) / 4
}

func drawViews(t *rapid.T, p *program, s *setting) {
	for range rapid.IntRange(0, 3).Draw(t, "views") {
		name := rapid.SampledFrom(names).Draw(t, "name")
		theirs, ours := sdk.Stream{}, meter.View{}
		switch form := rapid.IntRange(0, 3).Draw(t, "view"); {
		case form == 0:
			theirs.Aggregation, ours.Drop = sdk.AggregationDrop{}, true
			name = rapid.SampledFrom([]string{name, "*.*", "?obs", "q*e/*"}).Draw(t, "pattern")
		case form == 1:
			theirs.Name, ours.Name = "view."+name, "view."+name
		case form == 2 && p.shapes[name].kind == histograms:
			bounds := []float64{-1, 0, 1, 100}
			theirs.Aggregation, ours.Bounds = sdk.AggregationExplicitBucketHistogram{Boundaries: bounds}, bounds
		default:
			keep := attribute.NewDenyKeysFilter("a/b", "on")
			theirs.AttributeFilter, ours.Keep = keep, keep
			name = rapid.SampledFrom([]string{name, "*", "*total*"}).Draw(t, "pattern")
		}
		ours.Instrument, ours.Scope = name, rapid.SampledFrom([]string{"", "one"}).Draw(t, "scope")
		criteria := sdk.Instrument{Name: name}
		criteria.Scope.Name = ours.Scope
		s.provider = append(s.provider, sdk.WithView(sdk.NewView(criteria, theirs)))
		s.quipu = append(s.quipu, meter.WithView(ours))
	}
}

func TestRandomProgramsHaveTheSamePages(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := &program{shapes: map[string]shape{}, made: map[string]*twin{}}
		for _, name := range names {
			p.shapes[name] = shape{
				rapid.IntRange(counters, observableGauges).Draw(t, "kind"), rapid.Bool().Draw(t, "integers"),
				rapid.SampledFrom(units).Draw(t, "unit"),
			}
		}
		set := drawSet(t)
		s := setting{resource: append(set.ToSlice(), attribute.String("host.name", "h"))}
		if rapid.Bool().Draw(t, "resource labels") {
			keep := attribute.NewAllowKeysFilter("host.name")
			s.exporter = append(s.exporter, exporter.WithResourceAsConstantLabels(keep))
			s.quipu = append(s.quipu, meter.WithResourceLabels(keep))
		}
		if rapid.Bool().Draw(t, "UTF-8 names") {
			s.exporter = append(s.exporter, exporter.WithTranslationStrategy(otlptranslator.NoUTF8EscapingWithSuffixes))
			s.quipu = append(s.quipu, meter.WithTranslation(otlptranslator.NoUTF8EscapingWithSuffixes))
			s.registry = append(s.registry, engine.WithUTF8Names())
		}
		drawViews(t, p, &s)
		p.world = newWorld(t, s)
		for range rapid.IntRange(0, 30).Draw(t, "steps") {
			p.step(t)
		}
		p.compare(t)
	})
}

// step measures with an instrument, which it creates if it is not there yet.
func (p *program) step(t *rapid.T) {
	scope, name := rapid.SampledFrom([]string{"one", "two"}).Draw(t, "scope"), rapid.SampledFrom(names).Draw(t, "name")
	version := rapid.SampledFrom([]string{"", "1.2"}).Draw(t, "version")
	shape, key := p.shapes[name], scope+" "+version+" "+name
	i := p.made[key]
	if i == nil {
		i = &twin{observed: map[attribute.Set]float64{}}
		p.made[key] = i
		for _, s := range []side{p.sdk, p.quipu} {
			m := s.Meter(scope, metric.WithInstrumentationVersion(version))
			i.create(t, m, name, shape)
		}
	}
	if rapid.IntRange(0, 9).Draw(t, "rare") == 0 {
		p.compare(t)
		for _, r := range i.stop {
			require.NoError(t, r.Unregister())
		}
	}
	value, set := drawValue(t, shape), drawSet(t)
	if len(i.measure) == 0 {
		i.observe(set, value)
		return
	}
	options := options(t, set)
	for _, measure := range i.measure {
		measure(value, options)
	}
}

// create creates the instrument on one side.
func (i *twin) create(t *rapid.T, m metric.Meter, name string, s shape) {
	if s.kind >= observableCounters {
		i.createObservable(t, m, name, s)
		return
	}
	options := newOptions{metric.WithDescription("About " + name + "."), metric.WithUnit(s.unit)}
	if s.integers {
		i.measure = append(i.measure, integers(t, m, name, s.kind, options))
	} else {
		i.measure = append(i.measure, floats(t, m, name, s.kind, options))
	}
}
