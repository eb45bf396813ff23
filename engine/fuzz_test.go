// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// FuzzLabelValues sends two label values and a help text through the whole engine and reads the
// page. The page must have exactly the expected series, with the values unchanged or repaired.
func FuzzLabelValues(f *testing.F) {
	for i, text := range hostile {
		f.Add(text, hostile[(i+7)%len(hostile)], hostile[(i+3)%len(hostile)])
	}
	f.Fuzz(func(t *testing.T, a, b, help string) {
		r := engine.NewRegistry(engine.WithConstLabels(engine.Labels{"const": b}))
		type set struct{ A, B string }
		c, err := engine.RegisterCounterOf[set](r, "c_total", help)
		require.NoError(t, err)
		vec, err := r.NewCounterVec("c_total", help, []string{"a", "b"})
		require.NoError(t, err)
		h, err := r.NewHistogramVec("h", help, nil, engine.WithBuckets(1))
		require.NoError(t, err)

		want := map[string]string{}
		cleanA, cleanB := cleaned(a), cleaned(b)
		key := func(name string, labels map[string]string) string {
			labels["const"] = cleanB
			return textSample{name, labels, ""}.key()
		}
		counts := map[set]int{}
		for range 2 { // the second time, every series exists
			for _, s := range []set{{a, b}, {b, a}, {a, a}, {"", b}} {
				c.With(s).Inc()
				vec.With(s.A, s.B).Inc()
				vec.WithLabels(engine.Labels{"a": s.A, "b": s.B}).Inc()
				counts[set{cleaned(s.A), cleaned(s.B)}] += 3
			}
			h.WithLabels(engine.Labels{"a": a, "b": b}).Observe(1)
		}
		for s, n := range counts {
			want[key("c_total", map[string]string{"a": s.A, "b": s.B})] = fmt.Sprint(n)
		}
		open := func(more ...string) map[string]string {
			labels := map[string]string{}
			if cleanA != "" {
				labels["a"] = cleanA
			}
			if cleanB != "" {
				labels["b"] = cleanB
			}
			if len(more) > 0 {
				labels["le"] = more[0]
			}
			return labels
		}
		for _, le := range []string{"1", "+Inf"} {
			want[key("h_bucket", open(le))] = "2"
		}
		want[key("h_sum", open())], want[key("h_count", open())] = "2", "2"

		page, err := parseText(expose(t, r, engine.Exposition{NoSelf: true}))
		require.NoError(t, err)
		require.Equal(t, want, page.values)
		require.Equal(t, strings.ToValidUTF8(help, "\ufffd"), page.family("c_total").help)
		require.True(t, utf8.Valid(expose(t, r, engine.Exposition{Format: openMetrics})))
		testkit.ReadProtobuf(t, expose(t, r, engine.Exposition{Format: protobuf}))

		for s := range counts {
			require.True(t, vec.Delete(s.A, s.B))
		}
		require.True(t, h.DeleteLabels(engine.Labels{"a": a, "b": b}))
		require.Empty(t, valuesOf(t, r))
	})
}

// FuzzNames defines metrics with any names. If the engine accepts them, the page must parse; if it
// refuses them, they must leave nothing behind.
func FuzzNames(f *testing.F) {
	for _, name := range []string{"", "a", "a_total", "a_bucket", "_total", "a:b", "1", "é", "__a", "le", "quantile",
		"a b", "a\n", "quipu_series", "overflow"} {
		for kind := range byte(4) {
			f.Add(name, "label", "const", kind)
			f.Add("a", name, "const", kind)
			f.Add("a", "label", name, kind)
			f.Add(name, name, name, kind)
		}
	}
	f.Fuzz(func(t *testing.T, name, label, constant string, kind byte) {
		r := engine.NewRegistry(engine.WithMaxSeries(1))
		option := engine.WithConstLabels(engine.Labels{constant: "c"})
		var errs []error
		for _, labels := range [][]string{{label}, nil, {}} {
			for suffix := range strings.FieldsSeq("_ _total _sum _count _bucket _created _info") {
				name := strings.TrimSuffix(name+suffix, "_")
				var err error
				switch kind % 4 {
				case 0:
					var v *engine.CounterVec
					if v, err = r.NewCounterVec(name, "", labels, option); err == nil {
						v.WithLabels(engine.Labels{label: "x"}).Inc()
						v.WithLabels(engine.Labels{label: "y"}).Inc()
					}
				case 1:
					var v *engine.GaugeVec
					if v, err = r.NewGaugeVec(name, "", labels, option); err == nil {
						v.WithLabels(engine.Labels{label: "x"}).Inc()
						v.WithLabels(engine.Labels{label: "y"}).Inc()
					}
				case 2:
					var v *engine.HistogramVec
					if v, err = r.NewHistogramVec(name, "", labels, option); err == nil {
						v.WithLabels(engine.Labels{label: "x"}).Observe(1)
						v.WithLabels(engine.Labels{label: "y"}).Observe(1)
					}
				default:
					var v *engine.SummaryVec
					if v, err = r.NewSummaryVec(name, "", labels, option); err == nil {
						v.WithLabels(engine.Labels{label: "x"}).Observe(1)
						v.WithLabels(engine.Labels{label: "y"}).Observe(1)
					}
				}
				if err != nil {
					errs = append(errs, err)
					require.True(t, strings.HasPrefix(err.Error(), "quipu: "), err)
				}
				_ = kinds["counter"](r, name+"_total") // a second metric with a similar name, if it is allowed
			}
		}
		page, err := parseText(expose(t, r, engine.Exposition{}))
		require.NoError(t, err, "%v", errs)
		require.NotNil(t, page.family("quipu_scrapes_total"))

		// OpenMetrics has other family names; they must differ too.
		seen := map[string]bool{}
		for line := range strings.Lines(string(expose(t, r, engine.Exposition{Format: openMetrics}))) {
			if typ, ok := strings.CutPrefix(line, "# TYPE "); ok {
				family, _, _ := strings.Cut(typ, " ")
				require.False(t, seen[family], family)
				seen[family] = true
			}
		}
		r.Clear()
		require.Empty(t, valuesOf(t, r))
	})
}

// FuzzValues updates one metric of each type with any two floats and compares the results with the
// documented rules.
func FuzzValues(f *testing.F) {
	values := []float64{0, minusZero, 1, -1, 0.5, denormal, -denormal, 1 << 53, 1<<53 + 2, 1 << 62, 1 << 63, -1 << 63,
		1e300, math.MaxFloat64, nan, inf, -inf}
	for i, v := range values {
		f.Add(v, values[(i+5)%len(values)])
	}
	f.Fuzz(func(t *testing.T, a, b float64) {
		r, _ := logged()
		c := must(r.NewCounter("c_total", ""))
		g := must(r.NewGauge("g", ""))
		h := must(r.NewHistogram("h", "", engine.WithBuckets(0, 1)))
		s := must(r.NewSummary("s", "", engine.WithObjectives(map[float64]float64{0: 0.1, 1: 0.1})))

		g.Set(a)
		require.Equal(t, fmt.Sprint(a), fmt.Sprint(g.Value()))
		last, sum := 0.0, 0.0
		var observed []float64
		for _, v := range []float64{a, b} {
			c.Add(v)
			h.Observe(v)
			s.Observe(v)
			require.GreaterOrEqual(t, c.Value(), last, "no counter goes down")
			last = c.Value()
			if !math.IsNaN(v) {
				sum += v
				observed = append(observed, v)
			}
		}
		page := scrape(t, r)
		switch {
		case a >= 0 && b >= 0 && a+b < 1<<53:
			require.Equal(t, a+b, c.Value())
		case !(a > 0) && !(b > 0):
			require.Zero(t, c.Value())
		}
		if c.Value() < 1<<63 {
			require.InDelta(t, c.Value(), page.float(t, "c_total"), c.Value()*1e-15)
		}
		require.EqualValues(t, 2, page.float(t, "h_count"))
		require.EqualValues(t, 2, page.float(t, `h_bucket{le="+Inf"}`))
		require.EqualValues(t, 2, page.float(t, "s_count"))
		require.Equal(t, fmt.Sprint(sum+0), fmt.Sprint(page.float(t, "h_sum")+0))
		require.Equal(t, fmt.Sprint(a), fmt.Sprint(page.float(t, "g")))
		if len(observed) > 0 {
			low, high := observed[0], observed[0]
			for _, v := range observed {
				low, high = min(low, v), max(high, v)
			}
			require.Equal(t, low+0, page.float(t, `s{quantile="0"}`)+0)
			require.Equal(t, high+0, page.float(t, `s{quantile="1"}`)+0)
		}
	})
}
