// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"math"
	"strings"
	"time"

	client "github.com/prometheus/client_golang/prometheus"
	"pgregory.net/rapid"
)

// seldom returns a generator that returns one of the usual values most of the time.
func seldom[T any](usual []T, odd ...T) *rapid.Generator[T] {
	return rapid.Custom(func(t *rapid.T) T {
		if rapid.IntRange(0, 9).Draw(t, "odd") > 0 {
			return rapid.SampledFrom(usual).Draw(t, "usual")
		}
		return rapid.SampledFrom(odd).Draw(t, "value")
	})
}

var (
	names = seldom([]string{"x", "x", "x_total", "y", "x_count"},
		"x_sum", "x_bucket", "p_x", "ü", "a.b", "", "\xff", "1x", `q"\`)
	parts = seldom([]string{""}, "p", "p_x", "ü", "\xff")
	helps = seldom([]string{"Help."}, "", "Other.", "two\nlines \\ \"quoted\"", "\xff")
	units = seldom([]string{""}, "seconds", "x", "\xff")

	labelNames  = seldom([]string{"a", "b"}, "c", "le", "quantile", "__a", "ü.", "", "\xff", "0", `q"`)
	labelValues = seldom([]string{"1", "2", "3"},
		"", "\xff", "x\"y\\z\n", "ü", strings.Repeat("long", 500), "A", "a,b=\"c\"")

	variables = seldom([][]string{{}, {"a"}, {"b"}, {"a", "b"}, {"b", "a"}},
		nil, []string{"a", "a"}, []string{"le"}, []string{"a", "quantile"},
		[]string{"ü.", "b"}, []string{"\xff"}, []string{""},
		[]string{"b", "c", "a"}, []string{`q"`})
	constants = rapid.Custom(func(t *rapid.T) client.Labels {
		if rapid.IntRange(0, 2).Draw(t, "constant labels") > 0 {
			return nil
		}
		usual := rapid.SampledFrom([]string{"1", "2", ""})
		labels := client.Labels(rapid.MapOfN(rapid.SampledFrom([]string{"k", "a"}), usual, 0, 2).Draw(t, "constants"))
		if rapid.IntRange(0, 2).Draw(t, "one more") == 0 { // and only one can be wrong: errors name any
			name := rapid.SampledFrom([]string{"le", "quantile", "c", "ü", "\xff", ""}).Draw(t, "name")
			labels[name] = labelValues.Draw(t, "value")
		}
		return labels
	})

	// A counter of client_golang's starts again when whole numbers have passed 2^64, and ours does
	// not: none of these gets there soon.
	values = seldom([]float64{0, 1, 2, 0.5, 3, 10}, -1, -0.5, math.NaN(), math.Inf(1), math.Inf(-1), 1e300,
		1<<62, 1<<53,
		1<<64, math.Copysign(0, -1), math.MaxFloat64)

	// client_golang shows the labels of an exemplar in any order, so there is one.
	exemplars = seldom([]client.Labels{{"trace": "1"}, nil, {}},
		client.Labels{"\xff": "1"}, client.Labels{"trace": strings.Repeat("x", 200)}, client.Labels{"a": "\xff"},
		client.Labels{"ü": "1"}, client.Labels{"": ""}, client.Labels{"b": "\"\n\\"})

	buckets = seldom([][]float64{nil, {1, 2}, {1, 2}},
		[]float64{}, []float64{2, 1}, []float64{1, 1}, []float64{math.NaN()},
		[]float64{1, math.Inf(1)}, []float64{math.Inf(1)},
		[]float64{math.Inf(-1), 0}, []float64{math.NaN(), 1}, []float64{1, math.NaN()}, many(509), many(508))

	// Quantiles that are not between 0 and 1 are left out: client_golang's summary, which both
	// sides have then, panics with its mutex held when it is read, and nobody can read it again.
	objectives = seldom([]map[float64]float64{nil, {0.5: 0.05, 0.9: 0.01}},
		map[float64]float64{0: 0, 1: 0}, map[float64]float64{0.5: -1}, map[float64]float64{0.5: 2},
		map[float64]float64{0.5: math.NaN()}, map[float64]float64{0.5: 0})
	ages       = seldom([]time.Duration{0}, time.Hour, -1)
	ageBuckets = seldom([]uint32{0, client.DefAgeBuckets}, 1, 7)
)

func many(n int) (list []float64) {
	for i := range n {
		list = append(list, float64(i))
	}
	return list
}

// constraints are what constrained labels may do with values.
var constraints = []client.LabelConstraint{
	nil, strings.ToUpper, func(string) string { return "same" }, func(v string) string { return v + "\xff" },
	func(v string) string { return strings.TrimSuffix(v, "\xff") },
}

// drawVariable draws the labels of a Vec, which may have constraints.
func drawVariable(t *rapid.T) client.ConstrainableLabels {
	names := variables.Draw(t, "labels")
	if rapid.IntRange(0, 3).Draw(t, "constrained") > 0 {
		return client.UnconstrainedLabels(names)
	}
	var list client.ConstrainedLabels
	for _, name := range names {
		list = append(list, client.ConstrainedLabel{
			Name: name, Constraint: seldom(constraints[:3], constraints[3:]...).Draw(t, "constraint"),
		})
	}
	return list
}

func drawOpts(t *rapid.T) client.Opts {
	return client.Opts{
		Namespace: parts.Draw(t, "namespace"), Subsystem: parts.Draw(t, "subsystem"), Name: names.Draw(t, "name"),
		Help: helps.Draw(t, "help"), Unit: units.Draw(t, "unit"), ConstLabels: constants.Draw(t, "constant labels"),
	}
}

func drawHistogramOpts(t *rapid.T) client.HistogramOpts {
	o := drawOpts(t)
	h := client.HistogramOpts{
		Namespace: o.Namespace, Subsystem: o.Subsystem, Name: o.Name,
		Help: o.Help, Unit: o.Unit, ConstLabels: o.ConstLabels,
		Buckets: buckets.Draw(t, "buckets"),
	}
	h.NativeHistogramBucketFactor = seldom([]float64{0}, 1, 1.1, 2).Draw(t, "factor")
	if h.NativeHistogramBucketFactor > 0 {
		h.NativeHistogramMaxBucketNumber = rapid.SampledFrom([]uint32{0, 2}).Draw(t, "max buckets")
		h.NativeHistogramZeroThreshold = rapid.SampledFrom([]float64{0, 1, -1}).Draw(t, "zero threshold")
	}
	return h
}

func drawSummaryOpts(t *rapid.T) client.SummaryOpts {
	o := drawOpts(t)
	return client.SummaryOpts{
		Namespace: o.Namespace, Subsystem: o.Subsystem, Name: o.Name,
		Help: o.Help, Unit: o.Unit, ConstLabels: o.ConstLabels,
		Objectives: objectives.Draw(t, "objectives"), MaxAge: ages.Draw(t, "age"),
		AgeBuckets: ageBuckets.Draw(t, "age buckets"), BufCap: seldom([]uint32{0}, 1, 10).Draw(t, "buffer"),
	}
}

// drawSet draws labels for a lookup, mostly those of the Vecs.
func drawSet(t *rapid.T, most int) client.Labels {
	return rapid.MapOfN(labelNames, labelValues, 0, most).Draw(t, "set")
}
