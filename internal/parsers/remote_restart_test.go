// SPDX-License-Identifier: Apache-2.0

package parsers

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"testing"
	"time"

	remoteapi "github.com/prometheus/client_golang/exp/api/remote"
	"github.com/prometheus/prometheus/promql"
	storageremote "github.com/prometheus/prometheus/storage/remote"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export/remote"
)

// life sends a counter of a program that counts so much before each send. If the program ends
// itself, Run sends the last values and the stale markers; otherwise it was killed.
func life(t *testing.T, url string, ends bool, counts ...float64) {
	reg := engine.NewRegistry()
	jobs := engine.Must(reg.NewCounter("jobs_total", "Jobs."))
	w, err := remote.New(url, remote.WithRegistry(reg), remote.WithLabels(engine.Labels{"job": "j"}))
	require.NoError(t, err)
	for _, n := range counts {
		time.Sleep(20 * time.Millisecond) // a start time is before the first sample
		jobs.Add(n)
		require.NoError(t, w.Send(t.Context()))
	}
	if ends {
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		require.NoError(t, w.Run(ended, time.Hour))
	}
	time.Sleep(20 * time.Millisecond)
}

// samples returns the samples of a series, zeros at start times included and stale markers not.
func (s *server) samples(t *testing.T, selector string) []promql.FPoint {
	q, err := s.engine.NewInstantQuery(context.Background(), s.db, nil, selector+"[1h]", time.Now().Add(time.Second))
	require.NoError(t, err)
	defer q.Close()
	answer := q.Exec(context.Background())
	require.NoError(t, answer.Err)
	matrix, err := answer.Matrix()
	require.NoError(t, err)
	require.Len(t, matrix, 1)
	return matrix[0].Floats
}

// increase returns Prometheus' increase from the first to the last sample. The range ends at the
// last sample and begins a millisecond before the first, so that nothing is extrapolated.
func (s *server) increase(t *testing.T, selector string) float64 {
	all := s.samples(t, selector)
	first, last := all[0].T, all[len(all)-1].T
	query := fmt.Sprintf("increase(%s[%dms])", selector, last-first+1)
	q, err := s.engine.NewInstantQuery(context.Background(), s.db, nil, query, time.UnixMilli(last))
	require.NoError(t, err)
	defer q.Close()
	answer := q.Exec(context.Background())
	require.NoError(t, answer.Err)
	vector, err := answer.Vector()
	require.NoError(t, err)
	require.Len(t, vector, 1)
	return vector[0].F
}

// zeroSamples is a handler of remote write 2.0 that stores a zero at the start time of a counter.
func zeroSamples(db *tsdb.DB) http.Handler {
	versions := []remoteapi.WriteMessageType{remoteapi.WriteV2MessageType}
	return storageremote.NewWriteHandler(slog.New(slog.DiscardHandler), nil, db, versions, true, false, true)
}

func TestTheRateOfACounterIsRightOverARestart(t *testing.T) {
	old := remoteWrite(remoteapi.WriteV1MessageType)
	for name, test := range map[string]struct {
		handler       func(db *tsdb.DB) http.Handler
		ends          bool
		before, after []float64
		want          float64
	}{
		// What was counted before the first sample of all is unknown in 1.0.
		"1.0, the program ended":      {old, true, []float64{10, 30}, []float64{5, 20}, 55},
		"1.0, the program was killed": {old, false, []float64{10, 30}, []float64{5, 20}, 55},
		// Start times tell everything, also that a new counter which is beyond the old one is new.
		"2.0, the program ended":      {zeroSamples, true, []float64{10, 30}, []float64{5, 20}, 65},
		"2.0, the program was killed": {zeroSamples, false, []float64{10, 30}, []float64{5, 20}, 65},
		"2.0, faster than before":     {zeroSamples, false, []float64{10, 30}, []float64{70, 1}, 111},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t, test.handler)
			life(t, s.url, test.ends, test.before...)
			life(t, s.url, false, test.after...)
			require.InEpsilon(t, test.want, s.increase(t, `jobs_total{job="j"}`), 0.02)
		})
	}
}

func TestASeriesThatExpiresGoesStaleAtOnce(t *testing.T) {
	for name, version := range map[string]remoteapi.WriteMessageType{
		"1.0": remoteapi.WriteV1MessageType, "2.0": remoteapi.WriteV2MessageType,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t, remoteWrite(version))
			reg := engine.NewRegistry()
			sessions := engine.Must(reg.NewGaugeVec("sessions", "", []string{"user"},
				engine.WithExpiry(200*time.Millisecond)))
			kept := sessions.With("kept")
			sessions.With("idle").Set(1)
			kept.Set(1)
			w, err := remote.New(s.url, remote.WithRegistry(reg))
			require.NoError(t, err)
			require.NoError(t, w.Send(t.Context()))
			require.Len(t, s.ask(t, "sessions"), 2)
			time.Sleep(300 * time.Millisecond)
			kept.Set(2)
			require.NoError(t, w.Send(t.Context()))
			after := s.ask(t, "sessions")
			require.Len(t, after, 1)
			require.Equal(t, 2.0, after[key("sessions", "user", "kept")].F)
		})
	}
}
