// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"testing"

	client "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
	"github.com/stretchr/testify/require"
)

// onBoth returns what do returns on each side.
func onBoth(do func(a api) string) (want, got string) {
	return do(theirs), do(ours)
}

func TestAnEmptyHelpAndAUnitStandOnOpenMetricsPages(t *testing.T) {
	for _, name := range []string{"x_total", "x_seconds_total", "x_seconds", "x"} {
		want, got := onBoth(func(a api) string {
			r := a.newRegistry()
			r.MustRegister(a.newCounter(client.CounterOpts{Name: name, Unit: "seconds"}),
				a.newGauge(client.GaugeOpts{Name: "g_seconds", Help: "G.", Unit: "seconds"}),
				a.newGauge(client.GaugeOpts{Name: "g", Unit: `"`}))
			return sameNumbers(pageText(r, expfmt.NewFormat(expfmt.TypeOpenMetrics)))
		})
		require.Equal(t, want, got)
	}
}

func TestAnExemplarWithoutLabelsIsOnPagesInProtobufOnly(t *testing.T) {
	want, got := onBoth(func(a api) string {
		r, c := a.newRegistry(), a.newCounter(client.CounterOpts{Name: "c_total"})
		r.MustRegister(c)
		c.(client.ExemplarAdder).AddWithExemplar(1, client.Labels{})
		return sameNumbers(pageText(r, expfmt.NewFormat(expfmt.TypeOpenMetrics))) + messages(r)
	})
	require.Equal(t, want, got)
}

func TestValuesOfCurriedLabelsMayBeInvalidUntilTheyAreGathered(t *testing.T) {
	want, got := onBoth(func(a api) string {
		r := a.newRegistry()
		v := a.newCounterVec(client.CounterVecOpts{
			CounterOpts: client.CounterOpts{Name: "c_total"}, VariableLabels: client.UnconstrainedLabels{"a", "b"},
		})
		r.MustRegister(v)
		curried := v.mustCurryWith(client.Labels{"a": "\xff"})
		curried.withLabelValues("1").(client.Counter).Inc()
		v.withLabelValues("good", "1").(client.Counter).Inc()
		families, err := r.Gather()
		all := familiesText(families) + errorText(err)
		if curried.DeleteLabelValues("1") {
			families, err = r.Gather()
			require.NoError(t, err)
		}
		return all + familiesText(families)
	})
	require.Equal(t, want, got)
}

func TestDeletingByTooFewValuesDoesAsItDoesThere(t *testing.T) {
	for _, constraint := range []client.LabelConstraint{nil, func(v string) string { return v }} {
		want, got := onBoth(func(a api) string {
			v := a.newCounterVec(client.CounterVecOpts{
				CounterOpts: client.CounterOpts{Name: "c_total"}, VariableLabels: client.ConstrainedLabels{
					{Name: "a", Constraint: constraint}, {Name: "b", Constraint: constraint},
				},
			}).mustCurryWith(client.Labels{"b": "1"})
			text, _ := attempt(&side{api: a}, func(*side) string {
				if v.DeleteLabelValues() {
					return "deleted"
				}
				return "not there"
			})
			return text
		})
		require.Equal(t, want, got)
	}
}

func TestSummariesWithQuantilesOutsideTheirRangeAreClientGolangs(t *testing.T) {
	want, got := onBoth(func(a api) string {
		var text string
		for _, q := range []float64{-1, 2} {
			s := a.newSummary(client.SummaryOpts{Name: "s", Objectives: map[float64]float64{q: 0.1}})
			s.Observe(1)
			one, _ := attempt(&side{api: a}, func(on *side) string { return on.written(s) })
			text += one
		}
		return text
	})
	require.Equal(t, want, got)
}
