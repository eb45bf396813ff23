// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/bench/peers"
)

func TestEveryRoadIsMeasured(t *testing.T) {
	const samples = 2_000
	receiver := peers.NewReceiver()
	defer receiver.Close()
	for i, road := range peers.Roads() {
		for _, m := range plan(samples) {
			t.Run(road.Name()+", "+m.what+", "+strconv.Itoa(m.counters), func(t *testing.T) {
				require.Equal(t, samples, peers.SamplesOf(m.counters, m.histograms))
				receiver.Take(m.what == "live")
				var figures map[string]float64
				var err error
				if m.what == "latency" {
					s := road.New(receiver.URL)
					defer s.Close()
					figures, err = latency(s, s.Fill(m.counters, m.histograms), 20*time.Millisecond)
				} else {
					figures, err = child(m.what, []string{strconv.Itoa(i), receiver.URL,
						strconv.Itoa(m.counters), strconv.Itoa(m.histograms)})
				}
				require.NoError(t, err)
				require.Positive(t, figures["sends"])
				require.NoError(t, received(figures, receiver.Take(false), m, road))
				for unit, v := range figures {
					require.GreaterOrEqual(t, v, 0.0, unit)
				}
				want := map[string]string{"time": "bytes/sample", "live": "live-B", "latency": "Mupdates/s"}[m.what]
				require.Contains(t, figures, want)
			})
		}
	}
}

func TestASendWithMissingSamplesIsAnError(t *testing.T) {
	road, m := peers.Roads()[0], measurement{"live", 10, 1}
	figures := func() map[string]float64 { return map[string]float64{"sends": 2} }
	all := int64(2 * peers.SamplesOf(10, 1))
	require.NoError(t, received(figures(), peers.Received{Values: all}, m, road))
	require.ErrorContains(t, received(figures(), peers.Received{Values: all - 2}, m, road), "in the place of 24")
	require.ErrorContains(t, received(figures(), peers.Received{Values: all, Wrong: 1}, m, road), "cannot be read")
}

func TestWrongArgumentsAreErrors(t *testing.T) {
	for _, args := range [][]string{{}, {"0", "url"}, {"x", "url", "1", "0"}, {"99", "url", "1", "0"}} {
		_, err := child("time", args)
		require.Error(t, err)
	}
	_, err := child("nonsense", []string{"0", "http://127.0.0.1:1", "1", "0"})
	require.ErrorContains(t, err, "nonsense")
}

func TestAReceiverThatRefusesIsAnError(t *testing.T) {
	receiver := httptest.NewServer(http.NotFoundHandler())
	defer receiver.Close()
	for i, road := range peers.Roads() {
		for _, what := range []string{"time", "live"} {
			_, err := child(what, []string{strconv.Itoa(i), receiver.URL, "10", "0"})
			require.ErrorContains(t, err, "404", road.Name())
		}
	}
}

func TestPercentilesComeFromTheCounts(t *testing.T) {
	var list times
	list[5], list[7], list[9] = 98, 1, 1
	require.Equal(t, uint64(100), total(&list))
	require.Equal(t, 5.0, percentile(&list, 0.5))
	require.Equal(t, 7.0, percentile(&list, 0.98))
	require.Equal(t, 9.0, percentile(&list, 0.99))
	require.Equal(t, 0.0, percentile(new(times), 0.99))
}
