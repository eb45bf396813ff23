// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

func TestAReceiverOfEitherVersionStoresEverything(t *testing.T) {
	for _, knows := range []bool{false, true} {
		reg := engine.NewRegistry()
		engine.Must(reg.NewCounterVec("a_total", "A.", []string{"x"})).With("1").Add(3)
		engine.Must(reg.NewHistogram("h", "H.", engine.WithNative(histogram.NativeDefaults()))).Observe(1)
		r := &receiver{t: t, knowsV2: knows}
		w := r.writer(reg)
		require.NoError(t, w.Send(t.Context()))
		require.Equal(t, map[string]string{"__name__=a_total,x=1": "3", "__name__=h": "1"}, r.latest())
		require.NoError(t, w.Send(t.Context()))
		require.Len(t, r.latest(), 2)
		want := []string{"2.0.0", "0.1.0", "0.1.0"}
		if knows {
			want = []string{"2.0.0", "2.0.0"}
		}
		require.Equal(t, want, r.asked, "the version is found out once")
	}
}

func TestAReceiverThatConfirmsOtherNumbersGetsEverythingAgainInTheOldVersion(t *testing.T) {
	reg := engine.NewRegistry()
	engine.Must(reg.NewGauge("g", "G.")).Set(1)
	r := &receiver{t: t, knowsV2: true, lies: func(h http.Header) { h.Set(samplesWritten, "0") }}
	w := r.writer(reg)
	require.NoError(t, w.Send(t.Context()))
	require.Equal(t, []string{"2.0.0", "0.1.0"}, r.asked)

	r = &receiver{t: t}
	w = r.writer(reg, WithProtocol(V2))
	require.ErrorIs(t, w.Send(t.Context()), ErrProtocol, "without Auto that is an error")
	require.Equal(t, []string{"2.0.0"}, r.asked)

	r = &receiver{t: t}
	require.NoError(t, r.writer(reg, WithProtocol(V1)).Send(t.Context()))
	require.Equal(t, []string{"0.1.0"}, r.asked)
}

func TestBatchesAreBoundedAndHoldEverySeriesOnce(t *testing.T) {
	reg := engine.NewRegistry()
	c := engine.Must(reg.NewCounterVec("a_total", "A.", []string{"x"}, engine.WithMaxSeries(engine.NoLimit)))
	h := engine.Must(reg.NewHistogramVec("h", "H.", []string{"x"}, engine.WithMaxSeries(engine.NoLimit)))
	for i := range 12_000 {
		c.With(strconv.Itoa(i)).Inc()
	}
	for i := range 2_000 {
		h.With(strconv.Itoa(i)).Observe(1)
	}
	r := &receiver{t: t, knowsV2: true}
	w := r.writer(reg)
	require.NoError(t, w.Send(t.Context()))
	require.Len(t, r.stored, 12_000+2_000*14)
	require.Len(t, r.latest(), 12_000+2_000*14, "no series twice")
	require.Greater(t, len(r.asked), 7)
}

// Labels are not all that can be long.
func TestBatchesAreBoundedByTheirHelpAndTheirNativeBuckets(t *testing.T) {
	reg := engine.NewRegistry()
	for i := range 4 {
		engine.Must(reg.NewGauge("g"+strconv.Itoa(i), strings.Repeat("h", maxBytes/2)))
	}
	r := &receiver{t: t, knowsV2: true}
	require.NoError(t, r.writer(reg).Send(t.Context()))
	require.Len(t, r.stored, 4)
	require.Len(t, r.asked, 2)

	var b batch
	wide := &histogram.NativeSnapshot{Positive: histogram.NativeBuckets{Deltas: make([]int64, maxBytes/16)}}
	b.addNative(span{}, 0, wide)
	require.False(t, b.full())
	b.addNative(span{}, 0, wide)
	require.True(t, b.full())
	b.reset()
	require.False(t, b.full())
}

func TestTimesOfSendsOnlyGrow(t *testing.T) {
	reg := engine.NewRegistry()
	engine.Must(reg.NewGauge("g", "G.")).Set(1)
	r := &receiver{t: t}
	w := r.writer(reg, WithProtocol(V1))
	before := int64(0)
	for range 20 {
		require.NoError(t, w.Send(t.Context()))
		require.Greater(t, r.stored[0].millis, before)
		before = r.stored[0].millis
		r.stored = nil
	}
}

func TestAnswersThatMayChangeAreWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &receiver{t: t, knowsV2: true, refuse: func(n int, _ []received) (*http.Response, error) {
			switch n {
			case 1:
				return isAway(0, nil)
			case 2:
				return refuses(http.StatusTooManyRequests, "", "Retry-After", "7")
			case 3:
				return refuses(http.StatusServiceUnavailable, "")
			}
			return nil, nil
		}}
		w := r.writer(one())
		begin := time.Now()
		require.NoError(t, w.Send(t.Context()))
		require.Len(t, r.asked, 4)
		require.Len(t, r.stored, 1)
		require.GreaterOrEqual(t, time.Since(begin), 7*time.Second, "the receiver has asked for it")
		require.Less(t, time.Since(begin), 10*time.Second)
	})
}

func TestAReceiverThatStaysAwayEndsTheSendInItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &receiver{t: t, refuse: isAway}
		w := r.writer(one(), WithTimeout(20*time.Second))
		begin := time.Now()
		err := w.Send(t.Context())
		require.ErrorContains(t, err, "1 samples in 1 batches did not arrive")
		require.ErrorContains(t, err, "connection refused")
		require.LessOrEqual(t, time.Since(begin), 20*time.Second)
		require.Greater(t, len(r.asked), 3)
		require.Empty(t, r.stored)
	})
}

func TestABatchThatIsRefusedCostsOnlyItself(t *testing.T) {
	reg := engine.NewRegistry()
	c := engine.Must(reg.NewCounterVec("a_total", "A.", []string{"x"}, engine.WithMaxSeries(engine.NoLimit)))
	for i := range 3 * maxSamples {
		c.With(strconv.Itoa(i)).Inc()
	}
	r := &receiver{t: t, knowsV2: true, refuse: func(n int, _ []received) (*http.Response, error) {
		if n == 2 {
			return refuses(http.StatusBadRequest, "out of bounds")
		}
		return nil, nil
	}}
	err := r.writer(reg).Send(t.Context())
	require.ErrorContains(t, err, "5000 samples in 1 batches did not arrive")
	require.ErrorContains(t, err, "out of bounds")
	require.Len(t, r.stored, 2*maxSamples)
	require.Len(t, r.asked, 3, "it is not sent again")
}

func TestAReceiverThatRefusesNativeHistogramsGetsTheRest(t *testing.T) {
	reg := one()
	native := engine.WithNative(histogram.NativeDefaults())
	engine.Must(reg.NewHistogram("h", "H.", native)).Observe(1)
	engine.Must(reg.NewHistogram("both", "", native, engine.WithBuckets(1))).Observe(1)
	r := &receiver{t: t, refuse: func(n int, _ []received) (*http.Response, error) {
		if n == 2 { // the first one is of version 2.0, which it does not know
			return refuses(http.StatusInternalServerError, "native histograms are disabled")
		}
		return nil, nil
	}}
	var log bytes.Buffer
	w := r.writer(reg, WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	rest := map[string]string{
		"__name__=g": "1", "__name__=both_bucket,le=1.0": "1", "__name__=both_bucket,le=+Inf": "1",
		"__name__=both_count": "1", "__name__=both_sum": "1",
	}
	for range 2 {
		err := w.Send(t.Context())
		require.ErrorIs(t, err, ErrNatives)
		require.ErrorContains(t, err, "everything has arrived but 1 histograms")
		require.Equal(t, rest, r.latest())
	}
	require.True(t, reg.Unregister("h"))
	require.NoError(t, w.Send(t.Context()), "nothing is lost any more")
	require.Len(t, r.asked, 5)
	require.Equal(t, 1, strings.Count(log.String(), "refuses native histograms"), "it is told once")
}

func TestAnErrorSaysThatMoreWasNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &receiver{t: t, refuse: isAway}
		err := r.writer(counters(3*maxSamples), WithTimeout(time.Second)).Send(t.Context())
		require.EqualError(t, err, "quipu: remote: 5000 samples in 1 batches did not arrive, and what comes after "+
			"them was not sent: POST http://receiver.example/write: connection refused")
	})
}

func TestAPageOfAProxyIsNotBelieved(t *testing.T) {
	for _, p := range []Protocol{Auto, V1, V2} {
		proxy := testkit.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("<!doctype html><title>Sign in</title>"))
		})
		w, err := New(proxy.URL, WithRegistry(one()), WithProtocol(p))
		require.NoError(t, err)
		require.ErrorContains(t, w.Send(t.Context()), "a web page", p)
	}
}

func TestAReceiverThatHangsOrLiesIsNotBelieved(t *testing.T) {
	release := make(chan struct{})
	hangs := testkit.NewRecorder(t, func(http.ResponseWriter, *http.Request) { <-release })
	defer close(release)
	w, err := New(hangs.URL, WithRegistry(one()), WithTimeout(50*time.Millisecond))
	require.NoError(t, err)
	require.ErrorIs(t, w.Send(t.Context()), context.DeadlineExceeded)

	moved := testkit.NewRecorder(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusMovedPermanently)
	})
	w, err = New(moved.URL, WithRegistry(one()))
	require.NoError(t, err)
	require.ErrorContains(t, w.Send(t.Context()), "301")
}
