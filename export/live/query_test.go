// SPDX-License-Identifier: Apache-2.0

package live

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

func TestLabelValuesAreCounted(t *testing.T) {
	reg := engine.NewRegistry(engine.WithConstLabels(engine.Labels{"zone": "z"}))
	v := must(reg.NewCounterVec("c_total", "", []string{"tenant", "code"}))
	for i := range 30 {
		for code := range 1 + i%3 {
			v.With(fmt.Sprintf("t%02d", i), fmt.Sprint(code)).Inc()
		}
	}
	uses := labelsOf(reg, "c_total")
	require.Len(t, uses, 3)
	require.Equal(t, "code", uses[0].Name)
	require.Equal(t, []valueUse{{"0", 30}, {"1", 20}, {"2", 10}}, uses[0].Top)
	require.Equal(t, 30, uses[1].Values)
	require.Len(t, uses[1].Top, maxTop)
	require.Equal(t, valueUse{"t02", 3}, uses[1].Top[0])
	require.Equal(t, []valueUse{{"z", 60}}, uses[2].Top)
	require.Empty(t, labelsOf(reg, "none"))
}

func TestSeriesAreFoundByTheirLabelValues(t *testing.T) {
	reg := engine.NewRegistry()
	v := must(reg.NewCounterVec("c_total", "", []string{"route"}))
	v.With("/Orders/{id}").Inc()
	v.With("/users").Inc()
	require.Equal(t, found{Hits: []hit{{"c_total", [][2]string{{"route", "/Orders/{id}"}}}}}, find(reg, "oRDers"))
	require.Equal(t, found{Hits: []hit{}}, find(reg, "nothing of the kind"))
	require.Equal(t, found{Hits: []hit{}}, find(reg, ""))
	for i := range maxHits {
		v.With(fmt.Sprintf("/users/%d", i)).Inc()
	}
	all := find(reg, "/users")
	require.Len(t, all.Hits, maxHits)
	require.True(t, all.More)
}
