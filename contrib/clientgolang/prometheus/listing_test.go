// SPDX-License-Identifier: Apache-2.0

package prometheus_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/contrib/clientgolang/prometheus"
)

// TestTheNextPageHasEveryChange makes changes between pages: of a Vec by itself, in wrappers, and
// of Vecs of one name with several constant labels.
func TestTheNextPageHasEveryChange(t *testing.T) {
	r := prometheus.NewRegistry()
	opts := prometheus.GaugeOpts{Name: "g"}
	vecs := []*prometheus.GaugeVec{prometheus.NewGaugeVec(opts, []string{"a"})}
	r.MustRegister(vecs[0])
	prometheus.WrapRegistererWithPrefix("p_", r).MustRegister(vecs[0])
	prometheus.WrapRegistererWith(prometheus.Labels{"w": "1"}, prometheus.WrapRegistererWithPrefix("w_", r)).
		MustRegister(vecs[0])
	for _, zone := range []string{"x", "y"} {
		opts := prometheus.GaugeOpts{Name: "grouped", ConstLabels: prometheus.Labels{"zone": zone}}
		v := prometheus.NewGaugeVec(opts, []string{"a"})
		r.MustRegister(v)
		vecs = append(vecs, v)
	}
	there := make([]map[string]bool, len(vecs))
	for i := range vecs {
		there[i] = map[string]bool{}
	}
	for step := range 200 {
		i := step % len(vecs)
		a := fmt.Sprint(step * 7 % 5)
		switch {
		case step%31 == 30:
			vecs[i].Reset()
			clear(there[i])
		case step%29 == 28:
			require.Equal(t, len(there[i]), vecs[i].DeletePartialMatch(nil))
			clear(there[i])
		case there[i][a]:
			require.True(t, vecs[i].DeleteLabelValues(a))
			delete(there[i], a)
		case step%2 == 0:
			vecs[i].MustCurryWith(prometheus.Labels{"a": a}).WithLabelValues().Set(1)
			there[i][a] = true
		default:
			vecs[i].With(prometheus.Labels{"a": a}).Set(1)
			there[i][a] = true
		}
		page := pageOf(t, r, text)
		for _, shape := range []struct {
			series string
			vec    int
		}{
			{`g{a="%s"} `, 0}, {`p_g{a="%s"} `, 0}, {`w_g{a="%s",w="1"} `, 0},
			{`grouped{a="%s",zone="x"} `, 1}, {`grouped{a="%s",zone="y"} `, 2},
		} {
			for a := range 5 {
				series := "\n" + fmt.Sprintf(shape.series, fmt.Sprint(a))
				require.Equal(t, there[shape.vec][fmt.Sprint(a)], strings.Contains(page, series), "%d: %s", step, page)
			}
		}
	}
}

func TestAPageOfWrappedAndGroupedSeriesThatStayAllocatesAFixedNumber(t *testing.T) {
	few, many := groupAllocations(t, 10), groupAllocations(t, 5000)
	require.InDelta(t, few, many, 5)
}

func groupAllocations(t *testing.T, series int) float64 {
	r := prometheus.NewRegistry()
	for _, zone := range []string{"x", "y"} {
		opts := prometheus.SummaryOpts{Name: "s", ConstLabels: prometheus.Labels{"zone": zone}}
		v := prometheus.NewSummaryVec(opts, []string{"i"})
		prometheus.WrapRegistererWith(prometheus.Labels{"w": "1"}, r).MustRegister(v)
		for i := range series {
			v.WithLabelValues(fmt.Sprint(i)).Observe(1)
		}
	}
	return allocationsOfPages(t, r)
}
