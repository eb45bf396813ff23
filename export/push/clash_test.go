// SPDX-License-Identifier: Apache-2.0

package push

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

func TestAMetricWithALabelOfTheGroupIsAnError(t *testing.T) {
	for name, tc := range map[string]struct {
		define func(*engine.Registry)
		metric string // of the error; none if the push goes through
	}{
		"declared job": {func(r *engine.Registry) {
			must(r.NewCounterVec("a_total", "", []string{"x", "job"}))
		}, "a_total"},
		"declared grouping": {func(r *engine.Registry) { must(r.NewGaugeVec("a", "", []string{"host"})) }, "a"},
		"constant": {func(r *engine.Registry) {
			must(r.NewGauge("a", "", engine.WithConstLabels(engine.Labels{"host": "b"})))
		}, "a"},
		"open": {func(r *engine.Registry) {
			must(r.NewGaugeVec("a", "", nil)).WithLabels(engine.Labels{"a": "#{", "host": "b", "z": "\n"}).Inc()
		}, "a"},
		"open, first label, histogram": {func(r *engine.Registry) {
			must(r.NewHistogramVec("a", "", nil)).WithLabels(engine.Labels{"host": "b"}).Observe(1)
		}, "a_bucket"},
		"open, without such a series": {func(r *engine.Registry) { must(r.NewGaugeVec("a", "", nil)) }, ""},
		"in help": {func(r *engine.Registry) {
			must(r.NewGauge("a", `As in a{job="x",host="y"},job="`))
			must(r.NewGauge("b", `job="`))
		}, ""},
		"in a value": {func(r *engine.Registry) {
			must(r.NewGaugeVec("a", "", []string{"x"})).With(`{job="x",host="y"}`).Inc()
		}, ""},
		"at the end of a value": {func(r *engine.Registry) {
			v := must(r.NewGaugeVec("a", "", []string{"x", "y"}))
			v.With("{job=", "a,job=").Inc()
			v.With(`\",job=`, `\`).Inc()
		}, ""},
		"after the end of a value": {func(r *engine.Registry) {
			must(r.NewGaugeVec("a", "", nil)).WithLabels(engine.Labels{"a": ",host=", "host": "b"}).Inc()
		}, "a"},
		"other names": {func(r *engine.Registry) {
			must(r.NewGaugeVec("a", "", []string{"a_job", "hostname", "Host"})).With("", "", "").Inc()
		}, ""},
		"declared, escaped to that of the group": {func(r *engine.Registry) {
			must(r.NewGaugeVec("a.b", "", []string{"data.center"}))
		}, "a.b"},
		"open, escaped to that of the group": {func(r *engine.Registry) {
			must(r.NewGaugeVec("a.b", "", nil)).WithLabels(engine.Labels{"data.center": "b"}).Inc()
		}, "a_b"},
		"after help and a longer name": {func(r *engine.Registry) {
			must(r.NewGauge("a", `{job="x",host="y"}`))
			must(r.NewGaugeVec("b", "", nil)).WithLabels(engine.Labels{"a_host": "#", "host": "b"}).Inc()
		}, "b"},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGateway(t, nil)
			reg := engine.NewRegistry(engine.WithUTF8Names())
			tc.define(reg)
			p, err := New(g.URL, "j", WithRegistry(reg), WithGrouping("host", "h"), WithGrouping("data_center", "d"))
			require.NoError(t, err)
			err = p.Replace(t.Context())
			if tc.metric == "" {
				require.NoError(t, err)
				g.one(t)
				return
			}
			require.ErrorIs(t, err, ErrLabel)
			require.ErrorContains(t, err, ": "+tc.metric+" has the label ")
			require.Empty(t, g.seen())
			require.NoError(t, p.Delete(t.Context()), "deleting sends no metrics")
		})
	}
}
