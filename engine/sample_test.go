// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

// In the past Labels overwrote the texts of exemplars that had been asked for before.
func TestLabelsAndExemplarsStayUntilTheNextStep(t *testing.T) {
	now := time.Unix(1000, 0)
	r := engine.NewRegistry(engine.WithClock(func() time.Time { return now }))
	v := must(r.NewCounterVec("c_total", "", []string{"a"}))
	v.With("\"label\"").AddWithExemplar(1, engine.Labels{"id": "\"exemplar\""})
	for f := range r.Read(engine.ReadOptions{NoSelf: true}) {
		for s := range f.Samples() {
			exemplars := s.Exemplars()
			labels := s.Labels()
			require.Equal(t, "\"exemplar\"", exemplars[0].Labels[0].Value)
			require.Equal(t, "\"label\"", labels[0].Value)
			require.Equal(t, exemplars, s.Exemplars())
		}
	}
}

// A loop over the samples of a family may run inside another one.
func TestSamplesOfOneFamilyMayBeWalkedTwiceAtOnce(t *testing.T) {
	r := engine.NewRegistry()
	v := must(r.NewCounterVec("c_total", "", []string{"a"}))
	for i := range 3 {
		v.With(fmt.Sprint(i)).Add(float64(i))
	}
	require.NoError(t, r.Attach(writing(func(w *engine.Writer) {
		for i := range 3 {
			w.Gauge("g", "", float64(i), label("a", fmt.Sprint(i)))
		}
	})))
	for f := range r.Read(engine.ReadOptions{NoSelf: true}) {
		pairs := ""
		for outer := range f.Samples() {
			for inner := range f.Samples() {
				pairs += fmt.Sprint(outer.Labels()[0].Value, outer.Value(), inner.Labels()[0].Value, inner.Value(), " ")
			}
			pairs += fmt.Sprint(outer.Value(), "; ")
		}
		want := ""
		for i := range 3 {
			for k := range 3 {
				want += fmt.Sprint(fmt.Sprint(i), float64(i), fmt.Sprint(k), float64(k), " ")
			}
			want += fmt.Sprint(float64(i), "; ")
		}
		require.Equal(t, want, pairs)
	}
}
