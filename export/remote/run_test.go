// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

func TestTheEndOfRunSendsTheLastValuesAndEndsAllSeries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg := engine.NewRegistry()
		g := engine.Must(reg.NewGauge("g", "G."))
		g.Set(1)
		var log bytes.Buffer
		r := &receiver{t: t, knowsV2: true}
		w := r.writer(reg, WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- w.Run(ctx, time.Minute) }()
		time.Sleep(150 * time.Second)
		synctest.Wait()
		require.Len(t, r.stored, 3)
		g.Set(9)
		cancel()
		require.NoError(t, <-ended)
		require.Len(t, r.stored, 5)
		require.Equal(t, 9.0, r.stored[3].value)
		require.True(t, r.stored[4].stale)
		require.Greater(t, r.stored[4].millis, r.stored[3].millis)
		require.Empty(t, log.String())
		require.Error(t, w.Run(t.Context(), 0))
	})
}

// A request that is under way when Run is told to end must not arrive after the markers.
func TestTheEndOfRunWaitsForTheSendUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg := engine.NewRegistry()
		g := engine.Must(reg.NewGauge("g", "G."))
		g.Set(1)
		r := &receiver{t: t, knowsV2: true, refuse: func(n int, _ []received) (*http.Response, error) {
			if n == 1 {
				time.Sleep(400 * time.Millisecond)
			}
			return nil, nil
		}}
		w := r.writer(reg)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, func() { g.Set(2); cancel() })
		begin := time.Now()
		require.NoError(t, w.Run(ctx, time.Hour))
		require.Equal(t, 400*time.Millisecond, time.Since(begin))
		require.Len(t, r.stored, 3)
		require.Equal(t, []float64{1, 2}, []float64{r.stored[0].value, r.stored[1].value})
		require.True(t, r.stored[2].stale)
	})
}

// Samples have their times, so old ones that arrive late replace nothing.
func TestASendThatIsGivenUpAtTheEndOfRunIsNoErrorIfTheLastOneArrives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wire := &testkit.Wire{Failures: 1, Fail: testkit.Hang}
		w, err := New("http://r.example", WithRegistry(one()), WithProtocol(V1),
			WithClient(&http.Client{Transport: wire}))
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		begin := time.Now()
		require.NoError(t, w.Run(ctx, time.Hour))
		require.Equal(t, 3500*time.Millisecond, time.Since(begin))
		require.Len(t, wire.At, 3, "the one that hangs, the last values, and the markers")
	})
}

func TestTheEndOfRunIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, err := New("http://r.example", WithRegistry(one()), WithClient(testkit.RoundTrip(testkit.Hang).Client()))
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		begin := time.Now()
		require.ErrorIs(t, w.Run(ctx, time.Hour), context.DeadlineExceeded)
		require.Equal(t, 6*time.Second, time.Since(begin))
	})
}

func TestMarkersThatTheEndOfRunCouldNotSendAreAnErrorAndComeWithTheNextSend(t *testing.T) {
	reg := engine.NewRegistry()
	numbered(reg, 3)
	r := &receiver{t: t, knowsV2: true}
	r.refuse = markersOnly(func() (*http.Response, error) { return refuses(http.StatusBadRequest, "no") })
	w := r.writer(reg)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorContains(t, w.Run(ended, time.Hour), "3 samples in 1 batches did not arrive")
	r.refuse = nil
	require.NoError(t, w.Run(ended, time.Hour))
	require.Equal(t, 3, r.endings())
	require.NoError(t, w.Run(ended, time.Hour))
	require.Equal(t, 3, r.endings(), "they begin again, and end again")
}

func TestRunLogsTheFirstFailureAndTheEndOfARow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		var down atomic.Bool
		down.Store(true)
		r := &receiver{t: t, knowsV2: true, refuse: func(int, []received) (*http.Response, error) {
			if down.Load() {
				return refuses(http.StatusForbidden, "")
			}
			return nil, nil
		}}
		w := r.writer(one(), WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- w.Run(ctx, time.Second) }()
		time.Sleep(3500 * time.Millisecond)
		down.Store(false)
		time.Sleep(2 * time.Second)
		cancel()
		require.NoError(t, <-ended)
		require.Equal(t, 1, strings.Count(log.String(), "remote write fails"))
		require.Equal(t, 1, strings.Count(log.String(), "works again"))
		require.Contains(t, log.String(), "failures=4")
	})
}

// Run reads from the error of a send how long to wait, which is that of the batch that ended it.
func TestTheReceiverDecidesWhenRunSendsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Duration
		begin := time.Now()
		r := &receiver{t: t, knowsV2: true, refuse: func(n int, _ []received) (*http.Response, error) {
			at = append(at, time.Since(begin))
			if n < 5 { // more than the error shows
				return refuses(http.StatusBadRequest, "out of order")
			}
			return refuses(http.StatusTooManyRequests, "", "Retry-After", "90")
		}}
		w := r.writer(counters(6*maxSamples), WithLogger(slog.New(slog.DiscardHandler)), WithProtocol(V2))
		ctx, cancel := context.WithTimeout(t.Context(), 80*time.Second)
		defer cancel()
		err := w.Run(ctx, 10*time.Second)
		status := (*StatusError)(nil)
		require.ErrorAs(t, err, &status)
		require.Equal(t, http.StatusTooManyRequests, status.Status)
		require.Equal(t, []time.Duration{0, 0, 0, 0, 0, 80 * time.Second}, at,
			"nothing before the time, but the last send")
	})
}

// A Send between those of Run is one send more, and never at the same time.
func TestSendMayBeCalledWhileRunRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var flying, most atomic.Int32
		r := &receiver{t: t, knowsV2: true, refuse: func(int, []received) (*http.Response, error) {
			most.Store(max(most.Load(), flying.Add(1)))
			time.Sleep(time.Second)
			flying.Add(-1)
			return nil, nil
		}}
		reg := engine.NewRegistry()
		numbered(reg, 1)
		w := r.writer(reg)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Second)
		defer cancel()
		var callers sync.WaitGroup
		var failed atomic.Pointer[error]
		record := func(err error) {
			if err != nil {
				failed.Store(&err)
			}
		}
		callers.Go(func() { record(w.Run(ctx, 10*time.Second)) })
		for range 3 {
			callers.Go(func() {
				for range 5 {
					record(w.Send(t.Context()))
				}
			})
		}
		callers.Wait()
		require.Nil(t, failed.Load())
		require.Equal(t, int32(1), most.Load())
		before := int64(0)
		for i, s := range r.stored {
			require.Greater(t, s.millis, before)
			require.Equal(t, i == len(r.stored)-1, s.stale)
			before = s.millis
		}
		require.NoError(t, w.Send(t.Context()))
		require.False(t, r.stored[len(r.stored)-1].stale, "a Send after the end begins again")
	})
}
