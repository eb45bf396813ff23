// SPDX-License-Identifier: Apache-2.0

package composition

import (
	"bytes"
	"flag"
	"io"
	"log/slog"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/textpage"
)

// system is some registries and their models.
type system struct {
	registries []*engine.Registry
	models     []*modelRegistry
	metrics    []metric
}

// metric is a defined metric and its model. It may have been removed from its registry.
type metric struct {
	handle any
	model  *modelMetric
	home   int
	update func(label string, n int)
}

func newSystem() *system {
	quiet := engine.WithLogger(slog.New(slog.NewTextHandler(io.Discard, nil)))
	s := new(system)
	for _, r := range []modelRegistry{{}, {}, {prefix: "p_"}, {consts: engine.Labels{"k": "1"}}} {
		options := []engine.RegistryOption{quiet}
		if r.prefix != "" {
			options = append(options, engine.WithPrefix(r.prefix))
		}
		if r.consts != nil {
			options = append(options, engine.WithConstLabels(r.consts))
		}
		s.registries = append(s.registries, engine.NewRegistry(options...))
		s.models = append(s.models, &r)
	}
	return s
}

var (
	types      = rapid.SampledFrom([]string{"counter", "gauge", "histogram"})
	names      = rapid.SampledFrom([]string{"a", "a_count", "p_a", "b"})
	helps      = rapid.SampledFrom([]string{"Help.", "Help.", "Help.", "Other."})
	constants  = rapid.SampledFrom([]engine.Labels{nil, nil, {"k": "1"}, {"k": "2"}, {"m": "x"}, {"k": "1", "m": "y"}})
	variables  = rapid.SampledFrom([][]string{nil, nil, {"v"}, {"k"}, {"m"}})
	mountNames = rapid.SampledFrom([]string{"", "", "p_", "q_"})
	mountWith  = rapid.SampledFrom([]engine.Labels{nil, {"k": "1"}, {"m": "x"}, {"m": "y"}, {"k": "3", "m": "x"}})
)

func (s *system) registry(t *rapid.T, label string) int {
	return rapid.IntRange(0, len(s.registries)-1).Draw(t, label)
}

func (s *system) define(t *rapid.T) {
	home := s.registry(t, "registry")
	typ, name, help := types.Draw(t, "type"), names.Draw(t, "name"), helps.Draw(t, "help")
	consts, labels := constants.Draw(t, "constants"), variables.Draw(t, "labels")
	if len(labels) > 0 && consts[labels[0]] != "" {
		labels = []string{"v"}
	}
	want, ok := s.models[home].define(typ, name, help, consts, labels)
	m, err := newMetric(s.registries[home], typ, name, help, consts, labels)
	if !ok {
		require.ErrorIs(t, err, engine.ErrTaken)
		return
	}
	require.NoError(t, err)
	m.model, m.home = want, home
	for _, other := range s.metrics {
		if other.model == want {
			require.Same(t, other.handle, m.handle, "it is the existing metric")
			return
		}
		require.NotSame(t, other.handle, m.handle)
	}
	s.metrics = append(s.metrics, m)
}

func newMetric(r *engine.Registry, typ, name, help string, consts engine.Labels,
	labels []string) (m metric, err error) {
	with := engine.WithConstLabels(consts)
	switch {
	case typ == "counter" && labels == nil:
		c, err := r.NewCounter(name, help, with)
		return metric{handle: c, update: func(_ string, n int) { c.Add(float64(n)) }}, err
	case typ == "counter":
		c, err := r.NewCounterVec(name, help, labels, with)
		return metric{handle: c, update: func(label string, n int) { c.With(label).Add(float64(n)) }}, err
	case typ == "gauge" && labels == nil:
		g, err := r.NewGauge(name, help, with)
		return metric{handle: g, update: func(_ string, n int) { g.Add(float64(n)) }}, err
	case typ == "gauge":
		g, err := r.NewGaugeVec(name, help, labels, with)
		return metric{handle: g, update: func(label string, n int) { g.With(label).Add(float64(n)) }}, err
	case labels == nil:
		h, err := r.NewHistogram(name, help, with, engine.WithBuckets(2))
		return metric{handle: h, update: func(_ string, n int) { h.Observe(float64(n)) }}, err
	default:
		h, err := r.NewHistogramVec(name, help, labels, with, engine.WithBuckets(2))
		return metric{handle: h, update: func(label string, n int) { h.With(label).Observe(float64(n)) }}, err
	}
}

func (s *system) update(t *rapid.T) {
	if len(s.metrics) == 0 {
		t.Skip("there is no metric")
	}
	m := rapid.SampledFrom(s.metrics).Draw(t, "metric")
	label, n := rapid.SampledFrom([]string{"1", "x", "y"}).Draw(t, "label"), rapid.IntRange(0, 3).Draw(t, "n")
	m.update(label, n)
	var labels engine.Labels
	key := ""
	if m.model.labels != nil {
		labels, key = engine.Labels{m.model.labels[0]: label}, label
	}
	v := m.model.values[key]
	if v == nil {
		v = &modelValue{labels: labels}
		m.model.values[key] = v
	}
	v.value += float64(n)
	if m.model.typ == "histogram" {
		v.count++
	}
}

func (s *system) mount(t *rapid.T) {
	outer, inner := s.registry(t, "outer"), s.registry(t, "inner")
	prefix, labels := mountNames.Draw(t, "prefix"), mountWith.Draw(t, "labels")
	var options []engine.MountOption
	if prefix != "" {
		options = append(options, engine.WithPrefix(prefix))
	}
	if labels != nil {
		options = append(options, engine.WithConstLabels(labels))
	}
	err := s.registries[outer].Mount(s.registries[inner], options...)
	require.ErrorIs(t, err, s.models[outer].mount(s.models[inner], prefix, labels))
}

func (s *system) unmount(t *rapid.T) {
	outer, inner := s.registry(t, "outer"), s.registry(t, "inner")
	require.Equal(t, s.models[outer].unmount(s.models[inner]), s.registries[outer].Unmount(s.registries[inner]))
}

func (s *system) unregister(t *rapid.T) {
	home, name := s.registry(t, "registry"), names.Draw(t, "name")
	full := s.models[home].prefix + name
	want := s.models[home].remove(func(m *modelMetric) bool { return m.name == full })
	require.Equal(t, want, s.registries[home].Unregister(name))
}

func (s *system) unregisterMetric(t *rapid.T) {
	if len(s.metrics) == 0 {
		t.Skip("there is no metric")
	}
	m := rapid.SampledFrom(s.metrics).Draw(t, "metric")
	home := s.registry(t, "registry")
	want := s.models[home].remove(func(other *modelMetric) bool { return other == m.model })
	require.Equal(t, want, s.registries[home].UnregisterMetric(m.handle))
}

// check compares every registry with its model: what Read shows and what a page shows.
func (s *system) check(t *rapid.T) {
	for i, r := range s.registries {
		want := s.models[i].lines()
		read, order := readLines(t, r)
		slices.Sort(read)
		require.Equal(t, want, read, "registry %d", i)

		var page bytes.Buffer
		_, err := r.Expose(&page, engine.Exposition{NoSelf: true})
		require.NoError(t, err)
		families, err := textpage.Parse(page.String())
		require.NoError(t, err, "%s", page.String())
		shown, pageOrder := pageLines(families)
		require.Equal(t, order, pageOrder, "a page has the order of Read")
		slices.Sort(shown)
		require.Equal(t, want, shown, "registry %d:\n%s", i, page.String())
	}
}

// readLines returns the lines that Read shows, and their names and labels in its order.
func readLines(t *rapid.T, r *engine.Registry) (lines, order []string) {
	last := ""
	for f := range r.Read(engine.ReadOptions{NoSelf: true}) {
		require.Less(t, last, f.Name(), "families are sorted, and each is there once")
		last = f.Name()
		for s := range f.Samples() {
			labels := engine.Labels{}
			for _, l := range s.Labels() {
				labels[l.Name] = l.Value
			}
			count, value := uint64(0), s.Value()
			if h := s.Histogram(); h != nil {
				count, value = h.Counts[0]+h.Counts[1], h.Sum
			}
			lines = append(lines, line(f.Name(), f.Type().String(), f.Help(), labels, count, value))
			order = append(order, f.Name()+text(labels))
		}
	}
	return lines, order
}

// pageLines does the same with a page.
func pageLines(families []textpage.Family) (lines, order []string) {
	for _, f := range families {
		for i := 0; i < len(f.Samples); i++ {
			labels := engine.Labels(maps.Clone(f.Samples[i].Labels))
			count, value := uint64(0), f.Samples[i].Value
			if f.Type == "histogram" { // two buckets, the sum and the count
				delete(labels, "le")
				count, value = uint64(f.Samples[i+3].Value), f.Samples[i+2].Value
				i += 3
			}
			lines = append(lines, line(f.Name, f.Type, f.Help, labels, count, value))
			order = append(order, f.Name+text(labels))
		}
	}
	return lines, order
}

// deleteSeries deletes a series, or all series of a metric.
func (s *system) deleteSeries(t *rapid.T) {
	labelled := slices.DeleteFunc(slices.Clone(s.metrics), func(m metric) bool { return m.model.labels == nil })
	if len(labelled) == 0 {
		t.Skip("there is no metric with labels")
	}
	m := rapid.SampledFrom(labelled).Draw(t, "metric")
	vec := m.handle.(interface {
		Delete(values ...string) bool
		Reset()
	})
	label := rapid.SampledFrom([]string{"1", "x", "y", "all"}).Draw(t, "label")
	if label == "all" {
		vec.Reset()
		clear(m.model.values)
		return
	}
	_, have := m.model.values[label]
	require.Equal(t, have, vec.Delete(label))
	delete(m.model.values, label)
}

func (s *system) clear(t *rapid.T) {
	if rapid.IntRange(0, 5).Draw(t, "seldom") == 0 {
		home := s.registry(t, "registry")
		s.registries[home].Clear()
		s.models[home].defs, s.models[home].mounts = nil, nil
	}
}

// TestMain runs more programs than the library does by itself, many more in the long form, and
// keeps no file of one that has failed.
func TestMain(m *testing.M) {
	flag.Parse()
	checks := "400"
	if os.Getenv("QUIPU_LONG") != "" {
		checks = "50000"
	}
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "rapid.checks" })
	for name, value := range map[string]string{"rapid.checks": checks, "rapid.nofailfile": "true"} {
		if name == "rapid.checks" && given {
			continue
		}
		if err := flag.Set(name, value); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// TestRegistriesAreWhatTheModelSays runs random programs that define, update, mount, unmount and
// remove in all orders.
func TestRegistriesAreWhatTheModelSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newSystem()
		t.Repeat(map[string]func(*rapid.T){
			"define": s.define, "define more": s.define, "update": s.update, "mount": s.mount, "unmount": s.unmount,
			"unregister": s.unregister, "unregister metric": s.unregisterMetric, "clear": s.clear,
			"delete": s.deleteSeries, "": s.check,
		})
	})
}
