// SPDX-License-Identifier: Apache-2.0

package parsers

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

// plot is a registry of a random tree, with what the test knows about it.
type plot struct {
	reg     *engine.Registry
	prefix  string // of the registry
	metrics []planted
	sources [][]planted // the families of each
	mounts  []mounting
}

// planted is a metric or a family of a source. Its tag is in the values of its series, or in a
// label of an info, so that the series that Read shows can be told from those of others.
type planted struct {
	tag    int
	name   string // without the prefixes of mounts
	typ    encode.Type
	labels []string
	consts engine.Labels
	open   bool
}

type mounting struct {
	prefix string
	labels engine.Labels
	inner  *plot
}

var (
	escapedStems = []string{"a.b", "a-b", "a_b", "a b", "a.b", "a.b.count", "a_b_count", "a.b.sum", "1a", "_a",
		".a", ".",
		"-", "a\nb", `a"b`, `a\b`, "\u00e9", "\u65e5", "a\U0001d11e", "quipu.scrapes", "U__a_2e_b", "a_dot_b", "a:b",
		strings.Repeat("long.name/", 20)}
	escapedEndings = []string{"", "", "", "_total", "_total", ".total", "_info", ".info", ".count", "_created",
		".bucket", ".sum"}
	escapedLabels = []string{"a.b", "a-b", "a_b", "a", "1a", "_a", ".", "_x", "..name..", "\n", `"`, `\`, "\u00e9",
		"a:b",
		"U__a_2e_b", "a_dot_b", "le.",
		"quantile ", strings.Repeat("l.l", 70)}
	escapedPrefixes = []string{"", "a.", "a_", "p.q_", "p_q.", "\u00e9"}
)

// tree is a generator of trees of registries.
type tree struct {
	*generator
	tags    int
	options []engine.RegistryOption
}

func newTree(seed uint64) *tree {
	now := time.Unix(1_700_000_000, 0)
	return &tree{generator: newGenerator(seed), options: []engine.RegistryOption{engine.WithUTF8Names(),
		engine.WithClock(func() time.Time { return now }), engine.WithLogger(slog.New(slog.DiscardHandler))}}
}

// label returns the name of a label: often one of a few that may escape alike.
func (g *tree) label() string {
	if g.IntN(2) == 0 {
		return g.from(escapedLabels[:3])
	}
	return g.from(escapedLabels)
}

func (g *tree) from(texts []string) string { return texts[g.IntN(len(texts))] }

// plot makes a registry in which others are mounted, some of them before it has metrics.
func (g *tree) plot(t *testing.T, depth int) *plot {
	p := &plot{}
	options := g.options
	if g.IntN(4) == 0 {
		p.prefix = g.from(escapedPrefixes[1:])
		options = append(options[:len(options):len(options)], engine.WithPrefix(p.prefix))
	}
	p.reg = engine.NewRegistry(options...)
	fill := func() {
		for range 4 + g.IntN(8) {
			g.metric(t, p)
		}
		for range g.IntN(3) {
			g.attach(t, p)
		}
	}
	late := g.IntN(2) == 0
	if late {
		fill()
	}
	for range depth * g.IntN(3) {
		inner := g.plot(t, depth-1)
		used := map[string]bool{}
		for range 1 + g.IntN(2) {
			m := mounting{prefix: g.from(escapedPrefixes), labels: g.consts(), inner: inner}
			if used[m.prefix] {
				continue
			}
			used[m.prefix] = true
			options := []engine.MountOption{engine.WithConstLabels(m.labels)}
			if m.prefix != "" {
				options = append(options, engine.WithPrefix(m.prefix))
			}
			err := p.reg.Mount(inner.reg, options...)
			if err != nil {
				require.ErrorIs(t, err, engine.ErrTaken)
				continue
			}
			p.mounts = append(p.mounts, m)
		}
	}
	if !late {
		fill()
	}
	return p
}

// consts returns constant labels. None is empty: an empty one counts as absent, so that a
// definition with it may be an earlier metric, whose series have another tag.
func (g *tree) consts() engine.Labels {
	labels := engine.Labels{}
	for range g.IntN(3) {
		labels[g.label()] = g.from([]string{"1", "1", "2", g.text() + "."})
	}
	return labels
}

// set returns labels for a series of a metric. The first series of an open metric has a label that
// nothing else has, so that every metric has one on the page.
func (g *tree) set(m *planted, i int) engine.Labels {
	set := engine.Labels{}
	for _, name := range m.labels {
		set[name] = g.from([]string{"1", "2", g.text()})
	}
	switch {
	case m.open && i == 0:
		set["first"] = fmt.Sprint(m.tag)
	case m.open:
		for range g.IntN(3) {
			name := g.label()
			if _, taken := m.consts[name]; !taken {
				set[name] = g.from([]string{"1", "2", "1", g.text() + "."})
			}
		}
	}
	return set
}

func (g *tree) metric(t *testing.T, p *plot) {
	g.tags++
	m := planted{tag: g.tags, name: g.from(escapedStems) + g.from(escapedEndings), consts: g.consts()}
	m.open = g.IntN(3) == 0
	m.typ = []encode.Type{encode.Counter, encode.Gauge, encode.Histogram, encode.Summary}[g.IntN(4)]
	if n := len(p.metrics); n > 0 && g.IntN(2) == 0 { // beside another of its name
		other := p.metrics[g.IntN(n)]
		m.name, m.typ = strings.TrimPrefix(other.name, p.prefix), other.typ
	}
	options := []engine.MetricOption{engine.WithConstLabels(m.consts)}
	var labels []string // nil if it is open
	if !m.open {
		labels = []string{}
		for range g.IntN(3) {
			name := g.label()
			if _, taken := m.consts[name]; !taken && !slices.Contains(labels, name) {
				labels = append(labels, name)
			}
		}
		m.labels = labels
	}
	for _, other := range p.metrics {
		if other.name == p.prefix+m.name && other.typ == m.typ && fmt.Sprint(other.consts) == fmt.Sprint(m.consts) {
			return // perhaps the same metric
		}
	}
	used := map[string]bool{}
	for i := range 1 + g.IntN(4) {
		set := g.set(&m, i)
		if used[fmt.Sprint(set)] {
			continue
		}
		used[fmt.Sprint(set)] = true
		mark := engine.Labels{g.from(escapedLabels[:5]): "x"}
		if err := m.update(p.reg, labels, options, set, mark, float64(1000*m.tag+i)); err != nil {
			require.ErrorIs(t, err, engine.ErrTaken, "%q %q", m.name, labels)
			return
		}
	}
	m.name = p.prefix + m.name
	p.metrics = append(p.metrics, m)
}

// update defines the metric, if it is not there yet, and gives a value to a series.
func (m *planted) update(reg *engine.Registry, labels []string, options []engine.MetricOption,
	set, mark engine.Labels, value float64) error {
	switch m.typ {
	case encode.Counter:
		v, err := reg.NewCounterVec(m.name, "H.", labels, options...)
		if err == nil {
			v.WithLabels(set).AddWithExemplar(value, mark)
		}
		return err
	case encode.Gauge:
		v, err := reg.NewGaugeVec(m.name, "H.", labels, options...)
		if err == nil {
			v.WithLabels(set).Set(value)
		}
		return err
	case encode.Summary:
		v, err := reg.NewSummaryVec(m.name, "H.", labels, options...)
		if err == nil {
			v.WithLabels(set).Observe(value)
		}
		return err
	}
	native, classic := engine.WithNative(histogram.NativeDefaults()), engine.WithBuckets(1)
	kinds := [][]engine.MetricOption{{classic}, {native}, {classic, native}}
	v, err := reg.NewHistogramVec(m.name, "H.", labels, append(options, kinds[m.tag%3]...)...)
	if err == nil {
		h := v.WithLabels(set)
		h.Observe(0)
		h.ObserveWithExemplar(value, mark)
	}
	return err
}

// attach attaches a source of families whose series have different labels.
func (g *tree) attach(t *testing.T, p *plot) {
	var families []planted
	s, used := &points{}, map[string]bool{}
	for range 1 + g.IntN(4) {
		g.tags++
		m := planted{tag: g.tags, name: g.from(escapedStems) + g.from(escapedEndings), open: true}
		m.typ = []encode.Type{encode.Counter, encode.Gauge, encode.Histogram, encode.Summary, encode.Info}[g.IntN(5)]
		written := m.name
		if m.typ == encode.Info && !strings.HasSuffix(m.name, "_info") {
			m.name += "_info"
		}
		m.name = p.prefix + m.name
		if used[m.name] {
			continue // one family of a source has one tag
		}
		used[m.name] = true
		for i := range 1 + g.IntN(4) {
			value := float64(1000*m.tag + i)
			point := engine.Point{Name: written, Type: m.typ, Help: "H.", Value: value}
			set := g.set(&m, i)
			switch m.typ {
			case encode.Info:
				point.Value = 1
				set["tag"] = fmt.Sprint(m.tag)
			case encode.Histogram:
				point.Histogram = &engine.HistogramSnapshot{Bounds: []float64{1}, Counts: []uint64{1, 2}, Sum: value}
			case encode.Summary:
				point.Summary = &engine.SummarySample{Count: 3, Sum: value,
					Estimates: []engine.Estimate{{Quantile: 0.5, Value: 1}}}
			}
			for _, name := range slices.Sorted(maps.Keys(set)) {
				point.Labels = append(point.Labels, engine.Label{Name: name, Value: set[name]})
			}
			s.points = append(s.points, point)
		}
		families = append(families, m)
	}
	p.sources = append(p.sources, families)
	require.NoError(t, p.reg.Attach(s))
}

// points is a source that writes the same points at every call.
type points struct{ points []engine.Point }

func (s *points) Emit(_ context.Context, w *engine.Writer) error {
	for _, p := range s.points {
		w.Write(p)
	}
	return nil
}
