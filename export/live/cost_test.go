// SPDX-License-Identifier: Apache-2.0

package live

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

// registryOf returns a registry with a metric of each kind that has so many series.
func registryOf(series int) *engine.Registry {
	reg := engine.NewRegistry()
	c := must(reg.NewCounterVec("c_total", "", []string{"a", "b"}, engine.WithMaxSeries(series)))
	g := must(reg.NewGaugeVec("g", "", []string{"a", "b"}, engine.WithMaxSeries(series)))
	h := must(reg.NewHistogramVec("h", "", []string{"a", "b"}, engine.WithMaxSeries(series)))
	for i := range series {
		a, b := fmt.Sprint(i%100), fmt.Sprint(i)
		c.With(a, b).Add(float64(i))
		g.With(a, b).Set(float64(i) / 3)
		for v := range 20 {
			h.With(a, b).Observe(float64(v*v) / 50)
		}
	}
	return reg
}

// watchOnce takes a sample and composes the message for a view, which is what a page that is open
// costs once in an interval.
func watchOnce(w *watcher, n int, room []byte) []byte {
	w.recorder.sample(second(n))
	_, room = w.compose(room)
	return room
}

// A page that shows a metric of 10 000 series costs less than 2 % of one CPU.
func TestAPageOf10000SeriesCostsLittle(t *testing.T) {
	if testing.Short() {
		t.Skip("it measures times: they are longer under the race detector")
	}
	for _, name := range []string{"c_total", "g", "h"} {
		w := watching(newRecorder(registryOf(10_000), time.Second, 300), view{kind: viewMetric, metric: name})
		room := watchOnce(w, 0, nil)
		best := time.Hour
		for i := range 20 {
			begin := time.Now()
			room = watchOnce(w, i+1, room)
			best = min(best, time.Since(begin))
		}
		t.Logf("%s: %v, %d bytes", name, best, len(room))
		require.Less(t, best, 20*time.Millisecond, name)
	}
}

func BenchmarkWatch(b *testing.B) {
	reg := registryOf(10_000)
	for _, v := range []view{{kind: viewList}, {kind: viewMetric, metric: "c_total"}, {kind: viewMetric, metric: "h"}} {
		name := "list"
		if v.kind == viewMetric {
			name = v.metric
		}
		b.Run(name, func(b *testing.B) {
			w := watching(newRecorder(reg, time.Second, 300), v)
			room := watchOnce(w, 0, nil)
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				n++
				room = watchOnce(w, n, room)
			}
			b.ReportMetric(float64(len(room)), "bytes/message")
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)*100, "%CPU")
		})
	}
}

// An update costs the same whether somebody watches or not.
func BenchmarkUpdate(b *testing.B) {
	for _, watched := range []bool{false, true} {
		b.Run(fmt.Sprintf("watched=%v", watched), func(b *testing.B) {
			reg := registryOf(1000)
			c := must(reg.NewCounter("updated_total", ""))
			if watched {
				h := hubOf(reg)
				w := must(h.join(view{kind: viewMetric, metric: "h"}))
				done := make(chan struct{})
				go func() {
					var room []byte
					for {
						select {
						case <-w.wake:
							_, room = w.compose(room)
						case <-done:
							return
						}
					}
				}()
				defer h.leave(w)
				defer close(done)
			}
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					c.Inc()
				}
			})
		})
	}
}
