// SPDX-License-Identifier: Apache-2.0

package parsers

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
)

// readFamilies returns everything that Registry.Read shows: a family for each series, because the
// bounds of a source's histograms may differ from series to series.
func readFamilies(reg *engine.Registry) []family {
	var all []family
	for f := range reg.Read(engine.ReadOptions{NoSelf: true}) {
		for s := range f.Samples() {
			one := family{name: f.Name(), help: f.Help(), unit: f.Unit(), typ: f.Type()}
			one.series = []series{seriesOf(s, &one)}
			all = append(all, one)
		}
	}
	return all
}

// seriesOf returns a sample as the input of the encoder, and sets the bounds of its family.
func seriesOf(s *engine.Sample, f *family) series {
	out := series{labels: map[string]string{}, gauge: s.Value()}
	for _, l := range s.Labels() {
		out.labels[strings.Clone(l.Name)] = strings.Clone(l.Value)
	}
	if at := s.Time(); !at.IsZero() {
		out.millis = at.UnixMilli()
	}
	created := 0.0
	if at := s.Created(); !at.IsZero() {
		created = float64(at.UnixMilli()) / 1000
	}
	out.counter = encode.CounterSample{Frac: s.Value(), Created: created}
	if n, ok := s.Int(); ok {
		out.counter.Int, out.counter.Frac = n, 0
	}
	var marks []*encode.Exemplar
	h := s.Histogram()
	if h != nil {
		f.bounds = slices.Clone(h.Bounds)
		marks = make([]*encode.Exemplar, len(h.Counts))
		out.histogram = encode.HistogramSample{
			Counts: slices.Clone(h.Counts), Sum: h.Sum, Exemplars: marks, Created: created}
		if n := h.Native; n != nil {
			out.histogram.Native = &encode.NativeSample{
				Schema: int32(n.Schema), ZeroThreshold: n.ZeroThreshold, ZeroCount: n.ZeroCount,
				Positive: copyOf(n.Positive), Negative: copyOf(n.Negative), Count: n.Count, Sum: n.Sum,
			}
		}
	}
	for _, e := range s.Exemplars() {
		var text []byte
		for _, l := range e.Labels {
			text = encode.AppendLabel(text, l.Name, l.Value)
		}
		x := &encode.Exemplar{Labels: string(text), Value: e.Value}
		if !e.Time.IsZero() {
			x.Timestamp = float64(e.Time.UnixMilli()) / 1000
		}
		switch {
		case h == nil:
			out.counter.Exemplar = x
		case h.Counts != nil:
			marks[e.Bucket] = x
		}
	}
	if m := s.Summary(); m != nil {
		out.summary = encode.SummarySample{Count: m.Count, Sum: m.Sum, Created: created}
		for _, e := range m.Estimates {
			f.bounds = append(f.bounds, e.Quantile)
			out.summary.Quantiles = append(out.summary.Quantiles, e.Value)
		}
	}
	return out
}

func copyOf(b encode.Buckets) encode.Buckets {
	return encode.Buckets{Spans: slices.Clone(b.Spans), Deltas: slices.Clone(b.Deltas)}
}

// asOpenMetrics changes families as OpenMetrics has to show them when they stand together: those
// whose name without its suffix is taken keep their whole name. A metric without series takes its
// name all the same.
func asOpenMetrics(reg *engine.Registry, families []family) []family {
	names, counters := map[string]bool{}, map[string]bool{}
	enter := func(name string, typ string) {
		names[name] = true
		switch typ {
		case "counter":
			if base, ok := strings.CutSuffix(name, "_total"); ok {
				names[base+"_created"], counters[base] = true, true
			}
		case "histogram":
			names[name+"_bucket"] = true
			fallthrough
		case "summary":
			names[name+"_sum"], names[name+"_count"], names[name+"_created"] = true, true, true
		}
	}
	for info := range reg.All() {
		enter(info.Name, info.Type)
	}
	for f := range reg.Read(engine.ReadOptions{}) {
		enter(f.Name(), f.Type().String())
	}
	out := slices.Clone(families)
	for i := range out {
		f := &out[i]
		switch f.typ {
		case encode.Counter:
			f.unknown = names[strings.TrimSuffix(f.name, "_total")]
		case encode.Info:
			if base := strings.TrimSuffix(f.name, "_info"); names[base] || counters[base] {
				f.typ = encode.Gauge
			}
		}
	}
	return out
}

// requireReadIsThePage compares all that Read shows of a registry, whose values stand still, with
// pages of all formats.
func requireReadIsThePage(t testing.TB, reg *engine.Registry) {
	t.Helper()
	for _, e := range []engine.Exposition{
		{Format: encode.Text}, {Format: encode.OpenMetrics}, {Format: encode.OpenMetrics, Created: true},
		{Format: encode.Protobuf}, {Format: encode.Protobuf, WholeFamilies: true},
	} {
		e.NoSelf = true
		var page bytes.Buffer
		_, err := reg.Expose(&page, e)
		require.NoError(t, err)
		list, err := Parse(page.Bytes(), e.Format.ContentType())
		require.NoError(t, err, "%v\n%s", e.Format, page.Bytes())
		got := map[string]Sample{}
		for _, s := range list {
			got[s.Key()] = s
		}
		families := readFamilies(reg)
		if e.Format == encode.OpenMetrics {
			families = asOpenMetrics(reg, families)
		}
		for i := range families {
			if e.Format == encode.OpenMetrics && !e.Created {
				s := &families[i].series[0]
				s.counter.Created, s.histogram.Created, s.summary.Created = 0, 0, 0
			}
			for _, want := range families[i].expect(e.Format) {
				have, ok := got[want.Key()]
				require.True(t, ok, "Read shows %s, which is not on the page:\n%s", want.Key(), page.Bytes())
				requireSame(t, want, have)
				delete(got, want.Key())
			}
		}
		require.Empty(t, got, "samples of %v that Read does not show", e.Format)
	}
}

func TestReadShowsWhatPagesShowOfTwoHundredRandomRegistries(t *testing.T) {
	samples := 0
	for seed := range uint64(200) {
		reg := randomRegistry(t, seed)
		requireReadIsThePage(t, reg)
		samples += len(readFamilies(reg))
	}
	require.Greater(t, samples, 3000, "the registries have something in them")
}

func TestReadShowsWhatPagesShowOfRandomSources(t *testing.T) {
	samples := 0
	for seed := range uint64(300) {
		reg := randomRegistry(t, seed)
		before := len(readFamilies(reg))
		require.NoError(t, reg.Attach(newGenerator(seed+1000).source()))
		require.NoError(t, reg.Attach(newGenerator(seed+2000).source()))
		requireReadIsThePage(t, reg)
		samples += len(readFamilies(reg)) - before
	}
	require.Greater(t, samples, 3000, "the sources have something to show")
}

// FuzzSource lets a source write any points, beside a healthy family of its own and one of the
// registry: both are on every page, which every parser accepts and which is what Read shows.
func FuzzSource(f *testing.F) {
	for i, text := range hostile[:len(hostile)-1] {
		f.Add(uint64(i), "m1", "label", text, hostile[(i+5)%len(hostile)], float64(i)/8)
	}
	for i, name := range []string{"", "_", ":", "a:b", "1a", "a b", "a\n", "__a", "m1_total", "m1_bucket", "m1_info",
		"_info", "_total", "le", "quantile", "quipu_series", "quipu_scrapes", "quipu_scrapes_info", "healthy_info"} {
		v := []float64{0, math.Copysign(0, -1), 1, -1, 0.1, math.MaxFloat64, 1 << 63,
			math.NaN(), math.Inf(1), math.Inf(-1)}[i%10]
		f.Add(uint64(i), name, "label", "value", "help", v)
		f.Add(uint64(i), "name", name, "value", "help", v)
	}
	f.Fuzz(func(t *testing.T, seed uint64, name, label, value, help string, v float64) {
		g := newGenerator(seed, name, label, value, help)
		g.sourceNames, g.sourceLabels, g.sourceValues = []string{name}, []string{label}, []float64{v}
		reg := randomRegistry(t, seed)
		healthy, err := reg.NewGauge("healthy", help)
		require.NoError(t, err)
		healthy.Set(1)
		s := g.source()
		s.points = append([]engine.Point{{Name: "healthy_too", Type: encode.Gauge, Value: 2}}, s.points...)
		require.NoError(t, reg.Attach(s))
		requireReadIsThePage(t, reg)
		found := 0
		for _, f := range readFamilies(reg) {
			if strings.HasSuffix(f.name, "healthy") || strings.HasSuffix(f.name, "healthy_too") {
				found++
			}
		}
		require.Equal(t, 2, found)
	})
}
