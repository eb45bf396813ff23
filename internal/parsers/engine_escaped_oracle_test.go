// SPDX-License-Identifier: Apache-2.0

package parsers

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
)

// placement is a metric, or a family of a source, at one place of a tree of registries.
type placement struct {
	planted
	order  int // that of the page: registries before those that are mounted in them, then definitions
	source bool
}

// identity tells placements apart: no registry is mounted twice in one with the same prefix.
type identity struct {
	tag  int
	name string
}

// placements returns all that may stand on the pages of the registry, in the order by which the
// earlier one stays.
func (p *plot) placements(prefix string, mounts []engine.Labels) (metrics, sources []placement) {
	place := func(m planted, source bool) placement {
		m.name = prefix + m.name
		consts := engine.Labels{}
		for _, labels := range append([]engine.Labels{m.consts}, mounts...) { // the inner ones win
			for name, value := range labels {
				if _, have := consts[name]; !have && !slices.Contains(m.labels, name) {
					consts[name] = value
				}
			}
		}
		m.consts = consts
		return placement{planted: m, source: source}
	}
	for _, m := range p.metrics {
		metrics = append(metrics, place(m, false))
	}
	for _, families := range p.sources {
		first := len(sources)
		for _, m := range families {
			sources = append(sources, place(m, true))
		}
		slices.SortFunc(sources[first:], func(a, b placement) int { return cmp.Compare(a.name, b.name) })
	}
	for _, m := range p.mounts {
		more, moreSources := m.inner.placements(prefix+m.prefix, append([]engine.Labels{m.labels}, mounts...))
		metrics, sources = append(metrics, more...), append(sources, moreSources...)
	}
	return metrics, sources
}

// shownFamily is a family of one series that Read shows, and the placement to which it belongs.
type shownFamily struct {
	family
	at *placement
}

// shown returns what Read shows of the registry, and the placements that have a series there, in
// their order. Others have given way to an earlier one when they were mounted.
func (p *plot) shown(t *testing.T) (families []shownFamily, list []*placement) {
	metrics, sources := p.placements("", nil)
	known := map[identity]*placement{}
	all := append(metrics, sources...)
	for i := range all {
		all[i].order = i
		known[identity{all[i].tag, all[i].name}] = &all[i]
	}
	seen := map[*placement]bool{}
	for _, f := range readFamilies(p.reg) {
		s := &f.series[0]
		sum := s.gauge
		switch f.typ {
		case encode.Info:
			tag, err := strconv.Atoi(s.labels["tag"])
			require.NoError(t, err)
			sum = float64(1000 * tag)
		case encode.Counter:
			sum = float64(s.counter.Int) + s.counter.Frac
		case encode.Summary:
			sum = s.summary.Sum
		case encode.Histogram:
			sum = s.histogram.Sum
			if s.histogram.Counts == nil {
				sum = s.histogram.Native.Sum
			}
		}
		at := known[identity{int(sum) / 1000, f.name}]
		require.NotNil(t, at, "nobody put in %v of %q", sum, f.name)
		families = append(families, shownFamily{f, at})
		if !seen[at] {
			seen[at] = true
			list = append(list, at)
		}
	}
	slices.SortFunc(list, func(a, b *placement) int { return cmp.Compare(a.order, b.order) })
	return families, list
}

// sampleNames returns the names that the samples of a family have in any format.
func sampleNames(name string, typ encode.Type) []string {
	names := []string{name}
	add := func(suffixes ...string) {
		for _, suffix := range suffixes {
			names = append(names, name+suffix)
		}
	}
	switch typ {
	case encode.Counter:
		if base, ok := strings.CutSuffix(name, "_total"); ok {
			names = append(names, base+"_created")
		}
	case encode.Histogram:
		add("_bucket", "_sum", "_count", "_created")
	case encode.Summary:
		add("_sum", "_count", "_created")
	case encode.Info:
		if !strings.HasSuffix(name, "_info") {
			add("_info")
		}
	}
	return names
}

// alike reports whether two of the labels become one, or one becomes __name__.
func alike(names []string, scheme model.EscapingScheme) bool {
	seen := map[string]bool{model.MetricNameLabel: true}
	for _, name := range names {
		escaped := escapedLabelName(name, scheme)
		if seen[escaped] {
			return true
		}
		seen[escaped] = true
	}
	return false
}

// labelNames returns the names of the labels of all series of the placement.
func (p *placement) labelNames() []string {
	names := slices.Clone(p.labels)
	for name := range p.consts {
		names = append(names, name)
	}
	return names
}

// mayShare reports whether a label set may belong to both if the names of labels are escaped.
func (p *placement) mayShare(other *placement, scheme model.EscapingScheme) bool {
	excludes := func(a, b *placement) bool {
		for name, value := range a.consts {
			if value == "" {
				continue
			}
			name = escapedLabelName(name, scheme)
			variable := b.open || slices.ContainsFunc(b.labels, func(l string) bool {
				return escapedLabelName(l, scheme) == name
			})
			constant := ""
			for l, v := range b.consts {
				if escapedLabelName(l, scheme) == name {
					constant, variable = v, false
					if v == "" {
						constant = "none, which is another value"
					}
				}
			}
			if !variable && constant != value {
				return true
			}
		}
		return false
	}
	return !excludes(p, other) && !excludes(other, p)
}

// verdict is what a page with an escaping leaves out. Metrics win over sources, then names that do
// not change, then what was mounted, defined or attached earlier. The families of one source follow
// the order of their names.
type verdict struct {
	reasons  map[*placement]string // why it is left out
	samples  map[string]bool       // the names that count as taken on the page
	counters map[string]bool       // the names of counters without _total, which OpenMetrics gives them
	drops    map[string]float64    // by metric and reason
}

func (v *verdict) take(name string, typ encode.Type) {
	for _, sample := range sampleNames(name, typ) {
		v.samples[sample] = true
	}
	if base, ok := strings.CutSuffix(name, "_total"); ok && typ == encode.Counter {
		v.counters[base] = true
	}
}

func leaveOut(reg *engine.Registry, families []shownFamily, list []*placement, scheme model.EscapingScheme) verdict {
	v := verdict{map[*placement]string{}, map[string]bool{}, map[string]bool{}, map[string]float64{}}
	owners := map[string]string{} // the names, before they are escaped, of those who have the sample names
	enter := func(name, escaped string, typ encode.Type) {
		for _, sample := range sampleNames(escaped, typ) {
			owners[sample] = name
		}
		v.take(escaped, typ)
	}
	plainName := func(p *placement) bool { return model.LegacyValidation.IsValidMetricName(p.name) }
	for f := range reg.Read(engine.ReadOptions{}) {
		if strings.HasPrefix(f.Name(), "quipu_") && model.LegacyValidation.IsValidMetricName(f.Name()) {
			enter("", f.Name(), f.Type())
			if base, ok := strings.CutSuffix(f.Name(), "_total"); ok {
				owners[base] = "" // OpenMetrics gives it this name on every page
			}
		}
	}
	byName := map[string][]*placement{}
	changes := func(p *placement) bool {
		return !plainName(p) || p.open || slices.ContainsFunc(p.labelNames(), func(l string) bool {
			return !model.LegacyValidation.IsValidLabelName(l)
		})
	}
	// A plain name is taken even if its metric is left out because of its labels.
	for _, p := range list {
		if plainName(p) && !p.source {
			enter(p.name, p.name, p.typ)
		}
		if !p.source && !changes(p) {
			byName[p.name] = append(byName[p.name], p)
		}
	}
	name := func(p *placement) bool { // whether it may have its name
		escaped := escapedMetricName(p.name, scheme)
		for _, sample := range sampleNames(escaped, p.typ) {
			if owner, taken := owners[sample]; taken && owner != p.name {
				return false
			}
		}
		enter(p.name, escaped, p.typ)
		return true
	}
	for _, p := range list {
		if p.source || !changes(p) {
			continue
		}
		switch {
		case alike(p.labelNames(), scheme),
			slices.ContainsFunc(byName[p.name], func(other *placement) bool { return p.mayShare(other, scheme) }):
			v.reasons[p] = "labels"
		case !name(p):
			v.reasons[p] = "name"
		default:
			byName[p.name] = append(byName[p.name], p)
		}
	}
	for _, plain := range []bool{true, false} {
		for _, p := range list {
			if !p.source || plainName(p) != plain || name(p) {
				continue
			}
			v.reasons[p] = "name"
			if !plain {
				continue
			}
			// A family is the same on all pages, so that this one takes its names all the same.
			for _, sample := range sampleNames(p.name, p.typ) {
				if _, taken := owners[sample]; !taken {
					owners[sample] = p.name
				}
			}
			v.take(p.name, p.typ)
		}
	}
	for p, reason := range v.reasons {
		v.drops[p.name+" "+reason]++
	}
	return v
}

// escapedPage returns what a page with an escaping has to show.
func (v *verdict) escapedPage(families []shownFamily, scheme model.EscapingScheme) (page []family) {
	seen := map[string]bool{}
	for _, f := range families {
		if v.reasons[f.at] != "" {
			continue
		}
		one := f.escaped(scheme)
		// The type of a counter is the same for all escapings: a.total becomes no counter.
		one.unknown = f.typ == encode.Counter && !strings.HasSuffix(f.name, "_total")
		names := slices.Collect(maps.Keys(f.series[0].labels))
		s := Sample{Name: f.name, Labels: one.series[0].labels}
		if alike(names, scheme) || seen[s.Key()] {
			v.drops[f.name+" labels"]++
			continue
		}
		seen[s.Key()] = true
		page = append(page, one)
	}
	return page
}

// inOpenMetrics changes families as OpenMetrics shows them beside others: see asOpenMetrics.
func (v *verdict) inOpenMetrics(families []family) []family {
	out := slices.Clone(families)
	for i := range out {
		f := &out[i]
		switch f.typ {
		case encode.Counter:
			f.unknown = f.unknown || v.samples[strings.TrimSuffix(f.name, "_total")]
		case encode.Info:
			if base := strings.TrimSuffix(f.name, "_info"); base != f.name && (v.samples[base] || v.counters[base]) {
				f.typ = encode.Gauge
			}
		}
		f.series = []series{f.series[0]}
		s := &f.series[0]
		s.counter.Created, s.histogram.Created, s.summary.Created = 0, 0, 0
	}
	return out
}

// dropsOf returns what the registry has left out because of escapings, by metric and reason.
func dropsOf(reg *engine.Registry) map[string]float64 {
	drops := map[string]float64{}
	for f := range reg.Read(engine.ReadOptions{Names: []string{"quipu_escaping_drops_total"}}) {
		for s := range f.Samples() {
			drops[s.Labels()[0].Value+" "+s.Labels()[1].Value] = s.Value()
		}
	}
	return drops
}

// requireEscapedPages compares the pages of every format and escaping with what Read shows.
func (p *plot) requireEscapedPages(t *testing.T) (shown, left int) {
	families, list := p.shown(t)
	for _, escaping := range []encode.Escaping{encode.NoEscaping, encode.UnderscoresEscaping, encode.DotsEscaping,
		encode.ValuesEscaping} {
		scheme := schemes[escaping]
		for _, format := range formats {
			v := leaveOut(p.reg, families, list, scheme)
			want := v.escapedPage(families, scheme)
			if format == encode.OpenMetrics {
				want = v.inOpenMetrics(want)
			}
			before := dropsOf(p.reg)
			var page bytes.Buffer
			_, err := p.reg.Expose(&page, engine.Exposition{Format: format, Escaping: escaping, NoSelf: true})
			require.NoError(t, err)
			where := fmt.Sprint(format, " ", escaping)
			samples, err := Parse(page.Bytes(), format.EscapedContentType(escaping))
			require.NoError(t, err, "%s\n%s", where, page.Bytes())
			got := map[string]Sample{}
			for _, s := range samples {
				got[s.Key()] = s
			}
			for i := range want {
				for _, one := range want[i].expect(format) {
					have, ok := got[one.Key()]
					require.True(t, ok, "%s: no %s on\n%s", where, one.Key(), page.Bytes())
					requireSameAt(t, one, have, where, page.Bytes())
					delete(got, one.Key())
				}
			}
			require.Empty(t, got, where)
			after := dropsOf(p.reg)
			for key, n := range before {
				if after[key] -= n; after[key] == 0 {
					delete(after, key)
				}
			}
			require.Equal(t, v.drops, after, where)
			left += len(v.drops)
			shown += len(want)
		}
	}
	return shown, left
}

// Names of any UTF-8 in registries that are mounted in others stand on pages of every format and
// escaping as prometheus/common escapes them. What escapes alike is left out and counted.
func TestRandomTreesOfRegistriesStandOnEveryEscapedPage(t *testing.T) {
	shown, left, ran := 0, 0, 0
	seeds := uint64(50)
	if testing.Short() {
		seeds = 10
	}
	for seed := range seeds {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			n, m := newTree(seed).plot(t, 2).requireEscapedPages(t)
			shown, left, ran = shown+n, left+m, ran+1
		})
	}
	require.Greater(t, shown, 400*ran, "the pages have something on them")
	require.Greater(t, left, 20*ran, "and something is left out")
}
func requireSameAt(t *testing.T, one, have Sample, where string, page []byte) {
	if one.Type != have.Type {
		t.Log(where, string(page))
	}
	requireSame(t, one, have)
}
