// SPDX-License-Identifier: Apache-2.0

package push

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// alike returns a registry with names that become equal when they are escaped.
func alike() *engine.Registry {
	reg := engine.NewRegistry(engine.WithUTF8Names())
	must(reg.NewGauge("a.b", "")).Set(1)
	must(reg.NewGauge("a-b", "")).Set(2)
	must(reg.NewGauge("healthy", "")).Set(3)
	open := must(reg.NewGaugeVec("open", "", nil))
	open.WithLabels(engine.Labels{"c.d": "1"}).Set(4)
	open.WithLabels(engine.Labels{"c-d": "1"}).Set(5)
	return reg
}

// Nothing is called sent that did not arrive. What is healthy arrives all the same.
func TestAPushThatArrivesWithoutNamesThatEscapeAlikeIsAnError(t *testing.T) {
	for _, format := range []encode.Format{encode.Text, encode.Protobuf} {
		g := testkit.NewRecorder(t, nil)
		reg := alike()
		p, err := New(g.URL, "j", WithRegistry(reg), WithFormat(format))
		require.NoError(t, err)
		for range 2 {
			err = p.Replace(t.Context())
			require.ErrorIs(t, err, ErrEscaped)
			require.ErrorContains(t, err, `arrived without all or some series of ["a-b" "open"]: rename them`)
		}
		require.Len(t, g.Seen(), 2)
		require.NoError(t, p.Delete(t.Context()))
		body := g.Seen()[1].Body
		for _, name := range []string{"a_b", "healthy", "c_d"} {
			require.Contains(t, body, name, format)
		}
		if format == encode.Text {
			require.Contains(t, body, "a_b 1\n# TYPE healthy gauge\nhealthy 3\n# TYPE open gauge\nopen{c_d=\"1\"} 4\n")
		}
		require.True(t, reg.Unregister("a-b") && reg.Unregister("open"))
		require.NoError(t, p.Replace(t.Context()))
	}
}

func TestAnErrorNamesTenMetricsThatEscapeAlikeAndCountsTheRest(t *testing.T) {
	left := leftOut{}
	for i := range shownNames + 2 {
		left[fmt.Sprintf("m.%02d", i)] = true
	}
	require.ErrorContains(t, left.err(), `"m.09"] and 2 more: rename them`)
	require.NoError(t, leftOut{}.err())
}

func TestTheErrorOfTheServerPrecedesThatOfNamesThatEscapeAlike(t *testing.T) {
	g := testkit.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	p, err := New(g.URL, "j", WithRegistry(alike()))
	require.NoError(t, err)
	err = p.Add(t.Context())
	require.NotErrorIs(t, err, ErrEscaped)
	require.ErrorAs(t, err, new(*StatusError))
}

func TestRunGoesOnAtItsIntervalWithoutNamesThatEscapeAlike(t *testing.T) {
	w := new(testkit.Wire)
	logged, err := run(t, w, time.Minute, 3*time.Minute, WithRegistry(alike()))
	require.ErrorIs(t, err, ErrEscaped)
	require.Equal(t, []time.Duration{0, time.Minute, 2 * time.Minute, 3 * time.Minute}, w.At[:4], "no back-off")
	require.Equal(t, 1, strings.Count(logged, "pushing fails"), logged)
}

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
			g := testkit.NewRecorder(t, nil)
			reg := engine.NewRegistry(engine.WithUTF8Names())
			tc.define(reg)
			p, err := New(g.URL, "j", WithRegistry(reg), WithGrouping("host", "h"), WithGrouping("data_center", "d"))
			require.NoError(t, err)
			err = p.Replace(t.Context())
			if tc.metric == "" {
				require.NoError(t, err)
				g.One(t)
				return
			}
			require.ErrorIs(t, err, ErrLabel)
			require.ErrorContains(t, err, ": "+tc.metric+" has the label ")
			require.Empty(t, g.Seen())
			require.NoError(t, p.Delete(t.Context()), "deleting sends no metrics")
		})
	}
}
