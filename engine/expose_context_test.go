// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
)

var errGaveUp = errors.New("gave up")

func TestAPageWhoseContextIsDoneWaitsForNoFunctionAnyLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, log := logged()
		for i := range 3 {
			_, err := r.NewGaugeFunc(fmt.Sprint("slow_", i), "", func() float64 { time.Sleep(450 * time.Millisecond); return 1 })
			require.NoError(t, err)
		}
		require.NoError(t, r.Register(sleepAndEmit(&sleeper{takes: 450 * ms})))
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(100*time.Millisecond, func() { cancel(errGaveUp) })
		begin := time.Now()
		var page bytes.Buffer
		n, err := r.Expose(&page, engine.Exposition{Context: ctx})
		require.Same(t, errGaveUp, err)
		require.Equal(t, 100*time.Millisecond, time.Since(begin))
		require.EqualValues(t, page.Len(), n)
		require.Empty(t, log.String(), "that a page is given up is no function's fault")
		time.Sleep(time.Second)
		require.Zero(t, failures(t, scrape(t, r), "timeout"))
	})
}

func TestAPageWhoseContextIsDoneWritesNothingMore(t *testing.T) {
	for _, e := range []engine.Exposition{{}, {Format: encode.Protobuf}, {Format: encode.Protobuf, WholeFamilies: true}} {
		r := engine.NewRegistry()
		v, err := r.NewGaugeVec("g", "", []string{"i"})
		require.NoError(t, err)
		for i := range 10_000 {
			v.With(fmt.Sprint(i)).Inc()
		}
		define(t, r, "z", func() float64 { return 1 }) // so that a whole family is not the whole page
		ctx, cancel := context.WithCancelCause(t.Context())
		e.Context, e.NoSelf = ctx, true
		w := &cancelling{cancel: func() { cancel(errGaveUp) }}
		n, err := r.Expose(w, e)
		require.Same(t, errGaveUp, err, "%v", e)
		require.Equal(t, 1, w.writes, "%v", e)
		require.EqualValues(t, w.bytes, n, "%v", e)

		w = &cancelling{}
		n, err = r.Expose(w, e)
		require.Same(t, errGaveUp, err, "%v", e)
		require.Zero(t, w.writes, "done before the page began")
		require.Zero(t, n)
	}
}

// cancelling gives up when it is first written to.
type cancelling struct {
	cancel        func()
	writes, bytes int
}

func (c *cancelling) Write(b []byte) (int, error) {
	c.cancel()
	c.writes++
	c.bytes += len(b)
	return len(b), nil
}
