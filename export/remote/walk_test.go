// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
	"github.com/quipu-metrics/quipu/internal/gone"
)

// gathered returns the series of a registry as a receiver reads them, in both versions.
func gathered(t testing.TB, reg *engine.Registry, more ...engine.Label) (v1, v2 []received, about map[string]string) {
	g := &gatherer{more: more, flush: func() bool { t.Fatal("too many series"); return false }}
	for f := range reg.Read(engine.ReadOptions{NoSelf: true}) {
		g.begin(f.Name(), f.Help(), f.Unit(), f.Type())
		for s := range f.Samples() {
			require.True(t, g.add(s))
		}
	}
	v1, about = readV1(t, g.batch.appendV1(nil, 1234))
	v2 = readV2(t, g.batch.appendV2(nil, new(symbols), 1234))
	require.Equal(t, len(v1), g.batch.floats()+g.batch.histograms)
	require.Len(t, v2, len(v1))
	for i := range v1 {
		require.Equal(t, v1[i].labels, v2[i].labels)
		require.Equal(t, math.Float64bits(v1[i].value), math.Float64bits(v2[i].value))
		require.Equal(t, v1[i].exemplars, v2[i].exemplars)
		require.Equal(t, int64(1234), v1[i].millis)
		require.Equal(t, int64(1234), v2[i].millis)
		require.Zero(t, v1[i].start)
	}
	return v1, v2, about
}

func namesOf(list []received) (all []string) {
	for _, r := range list {
		all = append(all, r.labels)
	}
	return all
}

func TestEveryKindBecomesTheSeriesThatAScrapeStores(t *testing.T) {
	reg := engine.NewRegistry()
	c := engine.Must(reg.NewCounterVec("b_total", "B.", []string{"Zone", "path"}))
	c.With("z", "/a\"\n").Add(3)
	c.With("", "/b").AddWithExemplar(2.5, engine.Labels{"trace_id": "7"})
	engine.Must(reg.NewGauge("c_s", "C.", engine.WithUnit("s"))).Set(math.NaN())
	h := engine.Must(reg.NewHistogram("d", "D.", engine.WithBuckets(0.5, 1, 1e6),
		engine.WithConstLabels(engine.Labels{"m": "1"})))
	h.Observe(0.7)
	h.ObserveWithExemplar(1e9, engine.Labels{"trace_id": "8"})
	s := engine.Must(reg.NewSummary("e", "", engine.WithObjectives(map[float64]float64{0.5: 0.05, 1: 0.01})))
	s.Observe(2)
	n := engine.Must(reg.NewHistogram("f", "F.", engine.WithNative(histogram.NativeDefaults())))
	n.Observe(-3)
	n.Observe(0)

	v1, v2, about := gathered(t, reg, engine.Label{Name: "job", Value: "j"}, engine.Label{Name: "path", Value: "lost"})
	require.Equal(t, []string{
		"Zone=z,__name__=b_total,job=j,path=/a\"\n",
		"__name__=b_total,job=j,path=/b",
		"__name__=c_s,job=j,path=lost",
		"__name__=d_bucket,job=j,le=0.5,m=1,path=lost",
		"__name__=d_bucket,job=j,le=1.0,m=1,path=lost",
		"__name__=d_bucket,job=j,le=1e+06,m=1,path=lost",
		"__name__=d_bucket,job=j,le=+Inf,m=1,path=lost",
		"__name__=d_sum,job=j,m=1,path=lost",
		"__name__=d_count,job=j,m=1,path=lost",
		"__name__=e,job=j,path=lost,quantile=0.5",
		"__name__=e,job=j,path=lost,quantile=1.0",
		"__name__=e_sum,job=j,path=lost",
		"__name__=e_count,job=j,path=lost",
		"__name__=f,job=j,path=lost",
	}, namesOf(v1))
	for i, want := range []float64{3, 2.5, math.NaN(), 0, 1, 1, 2, 1e9 + 0.7, 2, 2, 2, 2, 1, 2} {
		if math.IsNaN(want) {
			require.True(t, math.IsNaN(v1[i].value) && !v1[i].stale)
		} else {
			require.Equal(t, want, v1[i].value, v1[i].labels)
		}
	}
	require.Equal(t, []string{"trace_id=7 2.5"}, v1[1].exemplars)
	require.Equal(t, []string{"trace_id=8 1e+09"}, v1[6].exemplars)
	require.NotEmpty(t, v1[13].histogram)
	require.Equal(t, map[string]string{"b_total": "1|B.", "c_s": "2|C.|s", "d": "3|D.", "e": "5", "f": "3|F."}, about)

	require.Equal(t, "1|B.", v2[0].about)
	require.Equal(t, "2|C.|s", v2[2].about)
	require.Equal(t, "3|F.", v2[13].about)
	for _, i := range []int{0, 1, 3, 8, 9, 13} {
		require.Positive(t, v2[i].start, "%s has the time at which it began", v2[i].labels)
	}
}

func TestLabelsAreSortedWhateverTheirNames(t *testing.T) {
	for _, names := range [][]string{{"A"}, {"_"}, {"a", "z"}, {"le2", "kf"}, {"Z", "lf", "ld"}, {"q", "r"}} {
		reg := engine.NewRegistry()
		values := make([]string, len(names))
		for i := range values {
			values[i] = "v"
		}
		engine.Must(reg.NewHistogramVec("h", "", names, engine.WithBuckets(1))).With(values...).Observe(1)
		engine.Must(reg.NewSummaryVec("s", "", names)).With(values...).Observe(1)
		v1, _, _ := gathered(t, reg)
		for _, r := range v1 {
			var got []string
			for _, l := range strings.Split(r.labels, ",") {
				name, _, _ := strings.Cut(l, "=")
				got = append(got, name)
			}
			require.True(t, slices.IsSorted(got), "%v", got)
			require.Contains(t, got, nameLabel)
		}
	}
}

func TestTheSumOfANativeHistogramIsNoMarker(t *testing.T) {
	var b batch
	_, n := b.addNative(span{}, 0, &histogram.NativeSnapshot{Sum: math.Float64frombits(gone.Stale)})
	require.True(t, math.IsNaN(math.Float64frombits(n.sumBits)))
	require.NotEqual(t, uint64(gone.Stale), n.sumBits)
}

func TestALabelWithoutAValueIsAddedAsIfItWereNotThere(t *testing.T) {
	reg := engine.NewRegistry()
	engine.Must(reg.NewGaugeVec("g", "", []string{"job", "x"})).With("", "1").Set(1)
	v1, _, _ := gathered(t, reg, engine.Label{Name: "job", Value: "j"})
	require.Equal(t, []string{"__name__=g,job=j,x=1"}, namesOf(v1))
}
