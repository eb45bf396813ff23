// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"testing"

	client "github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
)

// TestACollectorThatPanicsCostsNoOther has names that clash, so that client_golang gathers all.
func TestACollectorThatPanicsCostsNoOther(t *testing.T) {
	var got [2]string
	for i, a := range []api{ours, theirs} {
		r := a.newRegistry()
		r.MustRegister(a.newGauge(client.GaugeOpts{Name: "g"}), a.newCounter(client.CounterOpts{Name: "x_count"}))
		_ = r.Register(a.newGauge(client.GaugeOpts{Name: "x_count", ConstLabels: client.Labels{"a": "1"}}))
		r.MustRegister(a.wrapCollectorWith(client.Labels{"w": "1"}, a.newGauge(client.GaugeOpts{Name: "y_count"})))
		r.MustRegister(a.newSummary(client.SummaryOpts{Name: "y"}))
		d := client.NewDesc("p", "", nil, nil)
		r.MustRegister(&panicking{foreign{descs: []*client.Desc{d}}})
		families, err := r.Gather()
		require.Error(t, err)
		names := map[string]bool{}
		mentions(err, names)
		got[i] = without(families, names) + panicText.FindString(errorText(err))
	}
	require.Equal(t, got[1], got[0])
}
