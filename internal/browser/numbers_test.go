// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

// number reads a number as the page writes it: with commas, a sign that is no hyphen, and the short
// names of powers of ten.
func number(t *testing.T, text string) float64 {
	t.Helper()
	plain := strings.NewReplacer(",", "", "−", "-", "+Inf", "Inf").Replace(text)
	plain, unit, _ := strings.Cut(plain, " ")
	factor, known := map[string]float64{
		"": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "%": 0.01, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20,
		"ns": 1e-9, "µs": 1e-6, "ms": 1e-3, "s": 1, "min": 60, "h": 3600,
	}[unit]
	require.True(t, known, "%q has an unknown unit", text)
	v, err := strconv.ParseFloat(plain, 64)
	require.NoError(t, err, "%q is no number", text)
	return v * factor
}

// near requires a number with three digits.
func near(t *testing.T, want float64, text, what string) {
	t.Helper()
	if want == 0 || math.IsInf(want, 0) {
		require.Equal(t, want, number(t, text), what)
		return
	}
	require.InEpsilon(t, want, number(t, text), 0.006, "%s is %q", what, text)
}

// inList returns the value of a metric in the list, and the text under it.
func (p *tab) inList(name string) (value, under string) {
	p.t.Helper()
	p.waitFor(`[data-metric="` + name + `"]`)
	texts := eval[[]string](p, `(name) => ['.value', '.under'].map(
		(s) => document.querySelector('[data-metric="' + name + '"] ' + s).textContent)`, name)
	return texts[0], texts[1]
}

// fact returns the large number above a label in the view of a metric.
func (p *tab) fact(label string) string {
	p.t.Helper()
	text := eval[*string](p, `(label) => [...document.querySelectorAll('.fact')].find(
		(f) => f.querySelector('span').textContent === label)?.querySelector('b').textContent`, label)
	require.NotNil(p.t, text, "there is no fact %q in\n%s", label, p.text("main"))
	return *text
}

// cells returns the texts of the row of a series in the view of its metric. labels is how the row
// begins. Only the rows in sight exist, so the function scrolls to the table.
func (p *tab) cells(labels string) map[string]string {
	p.t.Helper()
	cells := eval[map[string]string](p, `async (labels) => {
		document.querySelector('.row.head').scrollIntoView();
		await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
		const row = [...document.querySelectorAll('.row.series:not(.head)')].find(
			(r) => r.querySelector('.labels').textContent.trim() === labels);
		return row && Object.fromEntries([...row.querySelectorAll('[data-column]')].map((c) => [c.dataset.column, c.textContent]));
	}`, labels)
	require.NotNil(p.t, cells, "there is no series %q in\n%s", labels, p.text("main"))
	return cells
}

// metric shows the view of a metric and waits for its numbers.
func (p *tab) metric(name string) {
	p.t.Helper()
	p.showMetric(name)
	p.until(`(name) => document.querySelector('.title h2')?.textContent === name &&
		document.querySelector('.fact') !== null`, name)
}

func TestCountersOnThePageEqualTheirValues(t *testing.T) {
	reg := engine.NewRegistry()
	small := engine.Must(reg.NewCounter("small_total", "A small one."))
	small.Add(1234)
	large := engine.Must(reg.NewCounter("large_total", "No float64 has this value."))
	large.Add(1 << 53)
	for range 3 {
		large.Inc()
	}
	fraction := engine.Must(reg.NewCounter("fraction_total", "A fraction."))
	fraction.Add(0.1)
	fraction.Add(0.2)
	vec := engine.Must(reg.NewCounterVec("parts_total", "Two series.", []string{"part"}))
	vec.With("a").Add(1 << 53)
	vec.With("a").Inc()
	vec.With("b").Add(7)

	p := openLive(t, reg)
	_, under := p.inList("small_total")
	require.Equal(t, "1,234 in all", under)
	_, under = p.inList("large_total")
	near(t, large.Value(), strings.TrimSuffix(under, " in all"), "large_total")
	_, under = p.inList("parts_total")
	require.Contains(t, under, " in all · 2 series")

	p.metric("small_total")
	require.Equal(t, small.Value(), number(t, p.fact("in all")))
	require.Equal(t, small.Value(), number(t, p.cells("no labels")["value"]))
	p.metric("large_total")
	require.Equal(t, "9,007,199,254,740,995", p.cells("no labels")["value"])
	require.Equal(t, "9,007,199,254,740,995", p.fact("in all"))
	p.metric("fraction_total")
	require.Equal(t, fraction.Value(), number(t, p.cells("no labels")["value"]))
	p.metric("parts_total")
	require.Equal(t, "9,007,199,254,740,993", p.cells("part=a")["value"])
	require.Equal(t, vec.With("b").Value(), number(t, p.cells("part=b")["value"]))
}

func TestGaugesOnThePageEqualTheirValues(t *testing.T) {
	reg := engine.NewRegistry()
	values := map[string]float64{
		"negative": -12.5, "zero": 0, "tiny": 5e-324, "huge": 1.5e300, "infinite": math.Inf(1), "low": math.Inf(-1),
		"third": 1.0 / 3, "exact": 9_007_199_254_740_992, "kilo": 12345.678, "not_a_number": math.NaN(),
	}
	gauges := map[string]*engine.Gauge{}
	for name, value := range values {
		gauges[name] = engine.Must(reg.NewGauge(name, "A gauge."))
		gauges[name].Set(value)
	}
	p := openLive(t, reg)
	for name, g := range gauges {
		p.show("#/")
		inList, _ := p.inList(name)
		p.metric(name)
		inTable, inFact := p.cells("no labels")["value"], p.fact("value")
		if math.IsNaN(g.Value()) {
			require.Equal(t, []string{"NaN", "NaN"}, []string{inTable, inFact})
			continue
		}
		require.Equal(t, g.Value(), number(t, inTable))
		require.Equal(t, g.Value(), number(t, inFact))
		near(t, g.Value(), inList, name)
	}
}

func TestHistogramsOnThePageEqualTheirSnapshots(t *testing.T) {
	reg := engine.NewRegistry()
	classic := engine.Must(reg.NewHistogram("classic_seconds", "Classic.", engine.WithBuckets(0.001, 0.01, 0.1, 1)))
	native := engine.Must(reg.NewHistogram("native_bytes", "Native.", engine.WithNative(histogram.NativeDefaults())))
	p := openLive(t, reg)
	p.metric("native_bytes")
	p.metric("classic_seconds")
	// The page is open, so that these fall between two of its samples.
	for i := range 1000 {
		classic.Observe(0.0001 * float64(i))
		native.Observe(3 * float64(i+1))
	}
	for _, h := range []*engine.Histogram{classic, native} {
		p.metric(h.Name())
		p.until(`() => document.querySelector('[data-fact="count"] b')?.textContent === '1,000'`)
		snapshot := h.Snapshot()
		cells := p.cells("no labels")
		require.Equal(t, float64(snapshot.Count), number(t, cells["value"]))
		require.Equal(t, float64(snapshot.Count), number(t, p.fact("observations")))
		mean := snapshot.Sum / float64(snapshot.Count)
		near(t, mean, cells["mean"], "mean")
		near(t, mean, p.fact("overall mean"), "mean")
		for column, q := range map[string]float64{"q0": 0.5, "q1": 0.9, "q2": 0.99} {
			near(t, h.Quantile(q), cells[column], column)
		}
	}
}

func TestSummariesOnThePageShowTheirEstimatesAndErrors(t *testing.T) {
	reg := engine.NewRegistry()
	s := engine.Must(reg.NewSummary("size_bytes", "Sizes.",
		engine.WithObjectives(map[float64]float64{0.5: 0.05, 0.99: 0.001})))
	for i := range 10_000 {
		s.Observe(float64(i))
	}
	p := openLive(t, reg)
	p.metric("size_bytes")
	cells := p.cells("no labels")
	require.Equal(t, "10,000", cells["value"])
	near(t, s.Quantile(0.5), cells["q0"], "median in the table")
	near(t, s.Quantile(0.99), cells["q1"], "99th percentile in the table")
	near(t, s.Quantile(0.5), p.fact("quantile 0.5 ± 0.05 in rank"), "median")
	near(t, s.Quantile(0.99), p.fact("quantile 0.99 ± 0.001 in rank"), "99th percentile")
	require.Contains(t, p.text(".row.head"), "0.5 ± 0.05")
}
