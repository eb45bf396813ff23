// SPDX-License-Identifier: Apache-2.0

package otlp

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// No answer makes a delta be lost or counted twice, but those that leave open whether it arrived.
func TestADeltaThatDidNotArriveIsPartOfTheNext(t *testing.T) {
	answer := func(status int) func(w http.ResponseWriter) bool {
		return func(w http.ResponseWriter) bool { http.Error(w, "no", status); return true }
	}
	for name, fault := range map[string]func(w http.ResponseWriter) bool{
		"refused":     answer(http.StatusBadRequest),
		"unavailable": answer(http.StatusServiceUnavailable),
		"broken":      func(http.ResponseWriter) bool { panic(http.ErrAbortHandler) },
		"a page":      func(w http.ResponseWriter) bool { _, _ = w.Write([]byte("<html>")); return true },
		"all of it":   func(w http.ResponseWriter) bool { return answerWith(1, "not now")(1, w) },
	} {
		t.Run(name, func(t *testing.T) {
			r := newReceiver(t)
			var down atomic.Bool
			r.fault = func(_ int, w http.ResponseWriter) bool { return down.Load() && fault(w) }
			reg, c := counters(1)
			e := r.exporter(reg, WithDelta())
			require.NoError(t, e.Send(t.Context()))
			for _, more := range []float64{10, 100} {
				c.With("0").Add(more)
				down.Store(true)
				ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
				require.Error(t, e.Send(ctx))
				cancel()
				down.Store(false)
			}
			c.With("0").Add(1000)
			require.NoError(t, e.Send(t.Context()))
			require.NoError(t, e.Send(t.Context()))
			sums, points := r.values()
			require.Equal(t, 3, points)
			require.Equal(t, map[string]float64{"a_total{x=0}": 1111}, sums)
			var end uint64
			for _, req := range r.stored {
				p := req.metrics[0].points[0]
				require.GreaterOrEqual(t, p.start, end)
				end = p.time
			}
		})
	}
}

func TestADeltaOfWhichAPartIsRejectedIsNotSentAgain(t *testing.T) {
	r := newReceiver(t)
	r.fault = func(n int, w http.ResponseWriter) bool { return n == 1 && answerWith(1, "one is too old")(1, w) }
	reg, _ := counters(2)
	e := r.exporter(reg, WithDelta())
	partial := (*PartialError)(nil)
	require.True(t, errors.As(e.Send(t.Context()), &partial))
	require.NoError(t, e.Send(t.Context()))
	sums, _ := r.values()
	require.Equal(t, map[string]float64{"a_total{x=0}": 0, "a_total{x=1}": 0}, sums)
}

func TestASeriesThatBeginsAgainIsSentFromItsBeginning(t *testing.T) {
	r := newReceiver(t)
	reg, c := counters(1)
	e := r.exporter(reg, WithDelta())
	require.NoError(t, e.Send(t.Context()))
	require.True(t, c.Delete("0"))
	time.Sleep(150 * time.Millisecond) // times of creation are tenths of a second
	c.With("0").Add(5)
	require.NoError(t, e.Send(t.Context()))
	sums, _ := r.values()
	require.Equal(t, map[string]float64{"a_total{x=0}": 6}, sums)
}

// A send that ends early says nothing about the series that it did not reach.
func TestSeriesThatManySendsDidNotReachAreKept(t *testing.T) {
	r := newReceiver(t)
	r.fault = func(n int, w http.ResponseWriter) bool {
		if fails := n > 2 && n <= 2+3*patience; fails {
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		}
		return false
	}
	reg, _ := counters(maxPoints + 10)
	e := r.exporter(reg, WithDelta())
	require.NoError(t, e.Send(t.Context()))
	for r.asked < 2+3*patience {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond) // too little for a repetition
		require.Error(t, e.Send(ctx))
		cancel()
	}
	require.NoError(t, e.Send(t.Context()))
	sums, points := r.values()
	require.Equal(t, 2*(maxPoints+10), points)
	for name, sum := range sums {
		require.Equal(t, 1.0, sum, name)
	}
}
