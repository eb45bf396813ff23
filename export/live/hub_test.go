// SPDX-License-Identifier: Apache-2.0

package live

import (
	"net/url"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

var listView = url.Values{"view": {"list"}}

func hubOf(reg *engine.Registry) *hub {
	return &Handler(reg).(*handler).hub
}

func TestNothingRunsWhileNobodyWatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int64
		reg := engine.NewRegistry()
		must(reg.NewGaugeFunc("g", "", func() float64 { return float64(calls.Add(1)) }))
		h := hubOf(reg)
		time.Sleep(time.Minute)
		require.Zero(t, calls.Load())
		require.Nil(t, h.recorder)

		first := must(h.join(view{kind: viewList}))
		second := must(h.join(view{kind: viewMetric, metric: "g"}))
		time.Sleep(10*time.Second + time.Millisecond)
		require.EqualValues(t, 11, calls.Load(), "one sampler for both")
		require.Same(t, first.recorder, second.recorder)
		h.leave(first)
		time.Sleep(10 * time.Second)
		require.EqualValues(t, 21, calls.Load())
		h.leave(second)
		time.Sleep(time.Minute)
		require.LessOrEqual(t, calls.Load(), int64(22))
		require.Nil(t, h.recorder, "the past is gone")

		// synctest.Test fails if the goroutine is still there. Another watcher begins anew.
		third := must(h.join(view{kind: viewList}))
		synctest.Wait()
		require.Equal(t, 1, third.recorder.samples)
		h.leave(third)
	})
}

func TestNoMoreWatchersThanTheLimit(t *testing.T) {
	h := hubOf(engine.NewRegistry())
	h.most = 2
	a, b := must(h.join(view{})), must(h.join(view{}))
	_, err := h.join(view{})
	require.ErrorIs(t, err, errFull)
	h.leave(a)
	h.leave(must(h.join(view{})))
	h.leave(b)
}

func TestAWatcherThatDoesNotReadMissesSamplesAndHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg := engine.NewRegistry()
		c := must(reg.NewCounter("c_total", ""))
		h := hubOf(reg)
		slow := must(h.join(view{kind: viewList}))
		for range 30 {
			c.Inc()
			time.Sleep(time.Second)
		}
		synctest.Wait()
		<-slow.wake
		require.EqualValues(t, 30, composed(t, slow).data["value"].([]any)[0])
		select {
		case <-slow.wake:
			require.Fail(t, "one message is enough")
		default:
		}
		h.leave(slow)
	})
}

// Watchers come, go and read while metrics and series do, and while updates run. The race detector
// and the invariants of a message look on.
func TestWatchersComeAndGo(t *testing.T) {
	reg := engine.NewRegistry()
	v := must(reg.NewHistogramVec("h", "", []string{"l"}, engine.WithBuckets(1, 2), engine.WithMaxSeries(50)))
	h := hubOf(reg)
	h.every = time.Millisecond
	done := make(chan struct{})
	var updates, watchers sync.WaitGroup
	updates.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-done:
				return
			default:
			}
			label := string(rune('a' + i%40))
			v.With(label).Observe(float64(i % 3))
			if i%64 == 0 {
				v.Delete(label)
			}
			if i%500 == 0 {
				reg.Unregister("extra")
				_, _ = reg.NewGauge("extra", "")
			}
			runtime.Gosched()
		}
	})
	views := []view{
		{kind: viewList}, {kind: viewLimits}, {kind: viewSelf}, {kind: viewMetric, metric: "h"},
		{kind: viewMetric, metric: "extra"}, {kind: viewMetric, metric: "h", series: keyOf([]string{"l", "b"})},
	}
	for n := range 4 {
		watchers.Go(func() {
			for i := range 40 {
				w, err := h.join(views[(n+i)%len(views)])
				require.NoError(t, err)
				for range 5 {
					<-w.wake
					if event, data := w.compose(nil); event != "" {
						require.True(t, strings.HasSuffix(string(data), "}"))
					}
				}
				h.leave(w)
			}
		})
	}
	watchers.Wait()
	close(done)
	updates.Wait()
	require.Empty(t, h.watchers)
	require.Nil(t, h.recorder)
}
