// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

func TestASeriesThatGoesEndsAtTheNextSend(t *testing.T) {
	reg := engine.NewRegistry()
	c := engine.Must(reg.NewCounterVec("a_total", "A.", []string{"x"}))
	h := engine.Must(reg.NewHistogramVec("h", "H.", []string{"x"}, engine.WithBuckets(1)))
	s := engine.Must(reg.NewSummaryVec("s", "S.", []string{"x"}, engine.WithObjectives(map[float64]float64{0.5: 0.1})))
	n := engine.Must(reg.NewHistogramVec("n", "N.", []string{"x"}, engine.WithNative(histogram.NativeDefaults())))
	for _, x := range []string{"1", "2"} {
		c.With(x).Inc()
		h.With(x).Observe(2)
		s.With(x).Observe(2)
		n.With(x).Observe(2)
	}
	r := &receiver{t: t}
	w := r.writer(reg)
	require.NoError(t, w.Send(t.Context()))
	require.Len(t, r.latest(), 2*(1+4+3+1))

	for _, deleted := range []bool{c.Delete("1"), h.Delete("1"), s.Delete("1"), n.Delete("1")} {
		require.True(t, deleted)
	}
	require.NoError(t, w.Send(t.Context()))
	last := r.latest()
	require.Len(t, last, 2*(1+4+3+1))
	for labels, value := range last {
		require.Equal(t, strings.Contains(labels, "x=1"), value == "stale", labels)
	}
	require.NoError(t, w.Send(t.Context()))
	require.Len(t, r.latest(), 1+4+3+1, "they end once")

	c.With("1").Add(5)
	require.NoError(t, w.Send(t.Context()))
	require.Equal(t, "5", r.latest()["__name__=a_total,x=1"], "a series may come back")
}

func TestASeriesThatIsDeletedAndMadeAgainBetweenTwoSendsDoesNotEnd(t *testing.T) {
	reg := engine.NewRegistry()
	c := engine.Must(reg.NewCounterVec("a_total", "A.", []string{"x"}))
	c.With("1").Add(7)
	c.With("2").Inc()
	r := &receiver{t: t}
	w := r.writer(reg)
	require.NoError(t, w.Send(t.Context()))
	r.latest()
	c.Delete("1")
	c.With("1").Inc()
	require.NoError(t, w.Send(t.Context()))
	require.Equal(t, map[string]string{"__name__=a_total,x=1": "1", "__name__=a_total,x=2": "1"}, r.latest())
}

// A failed send must not forget what has gone, and the next one must not send a series twice.
func TestMarkersThatDidNotArriveAreSentAgain(t *testing.T) {
	reg := engine.NewRegistry()
	c := engine.Must(reg.NewCounterVec("a_total", "A.", []string{"x"}))
	for i := range 20 {
		c.With(strconv.Itoa(i)).Inc()
	}
	r := &receiver{t: t}
	w := r.writer(reg)
	require.NoError(t, w.Send(t.Context()))
	r.latest()
	for i := range 10 {
		c.Delete(strconv.Itoa(i))
	}
	r.refuse = isAway
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.Error(t, w.Send(ctx))
	r.refuse = nil
	c.Delete("10")
	require.NoError(t, w.Send(t.Context()))
	require.Len(t, r.stored, 20, "no series twice")
	require.Equal(t, 11, r.endings())
	require.NoError(t, w.Send(t.Context()))
	require.Len(t, r.latest(), 9)
}

// endings returns how many series ended, and forgets what the receiver has stored.
func (r *receiver) endings() (n int) {
	for _, value := range r.latest() {
		if value == "stale" {
			n++
		}
	}
	return n
}

// numbered returns a Vec with so many series.
func numbered(reg *engine.Registry, n int) *engine.CounterVec {
	c := engine.Must(reg.NewCounterVec("a_total", "A.", []string{"x"}, engine.WithMaxSeries(engine.NoLimit)))
	for i := range n {
		c.With(strconv.Itoa(i)).Inc()
	}
	return c
}

func TestMarkersOfABatchThatFailsAreSentAgain(t *testing.T) {
	for name, answer := range map[string]func() (*http.Response, error){
		"refused":  func() (*http.Response, error) { return refuses(http.StatusBadRequest, "out of order") },
		"too late": func() (*http.Response, error) { return refuses(429, "", "Retry-After", "60") },
		"no time":  func() (*http.Response, error) { return isAway(0, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				reg := engine.NewRegistry()
				c := numbered(reg, 10)
				r := &receiver{t: t, knowsV2: true}
				w := r.writer(reg)
				require.NoError(t, w.Send(t.Context()))
				for i := range 4 {
					c.Delete(strconv.Itoa(i))
				}
				r.refuse = markersOnly(answer)
				require.ErrorContains(t, w.Send(t.Context()), "4 samples in 1 batches did not arrive")
				c.With("0").Inc() // it comes back
				c.Delete("9")
				r.refuse = nil
				r.latest()
				require.NoError(t, w.Send(t.Context()))
				require.Equal(t, 4, r.endings(), "three of before, and one more")
				require.NoError(t, w.Send(t.Context()))
				require.Zero(t, r.endings(), "they end once")
			})
		})
	}
}

func TestABatchOfMarkersThatIsRefusedCostsOnlyItself(t *testing.T) {
	reg := engine.NewRegistry()
	c := numbered(reg, 3*maxSamples)
	r := &receiver{t: t, knowsV2: true}
	w := r.writer(reg)
	require.NoError(t, w.Send(t.Context()))
	for i := range 3 * maxSamples {
		c.Delete(strconv.Itoa(i))
	}
	r.refuse = func(n int, _ []received) (*http.Response, error) {
		if n == 5 {
			return refuses(http.StatusBadRequest, "")
		}
		return nil, nil
	}
	require.Error(t, w.Send(t.Context()))
	require.Equal(t, 2*maxSamples, r.endings())
	require.NoError(t, w.Send(t.Context()))
	require.Equal(t, maxSamples, r.endings())
	require.NoError(t, w.Send(t.Context()))
	require.Empty(t, r.stored)
}

func TestMarkersAreKeptForFiveMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg := engine.NewRegistry()
		c := numbered(reg, 0)
		r := &receiver{t: t, knowsV2: true}
		r.refuse = markersOnly(func() (*http.Response, error) { return refuses(http.StatusBadRequest, "never") })
		w := r.writer(reg)
		for i := range 240 { // an hour with 10 new series in each send, and no end of any
			for j := range 10 {
				c.With(strconv.Itoa(i*10 + j)).Inc()
				c.Delete(strconv.Itoa(i*10 + j - 10))
			}
			require.Equal(t, i == 0, w.Send(t.Context()) == nil)
			time.Sleep(15 * time.Second)
		}
		r.refuse = nil
		r.latest()
		require.NoError(t, w.Send(t.Context()))
		ended := r.endings()
		require.GreaterOrEqual(t, ended, 5*4*10, "10 series in each of 4 sends a minute")
		require.LessOrEqual(t, ended, 6*4*10+10)
		require.NoError(t, w.Send(t.Context()))
		require.Zero(t, r.endings())
	})
}

func TestAReceiverThatIsAwayForLongCostsNoMoreThanFiveMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg := engine.NewRegistry()
		c := numbered(reg, 0)
		r := &receiver{t: t, knowsV2: true, refuse: isAway}
		w := r.writer(reg, WithTimeout(10*time.Second))
		for i := range 240 {
			c.With(strconv.Itoa(i)).Inc()
			c.Delete(strconv.Itoa(i - 1))
			require.Error(t, w.Send(t.Context()))
			time.Sleep(10 * time.Second)
		}
		r.refuse = nil
		require.NoError(t, w.Send(t.Context()))
		require.LessOrEqual(t, r.endings(), 6*6)
	})
}
