// SPDX-License-Identifier: Apache-2.0

package parsers

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

// step is the value of every observation of the live test, so a sum gives the exact number of
// observations.
const step = 0.5

// live is a registry in use: it has stable series, which only grow, and others, which come and go.
type live struct {
	reg        *engine.Registry
	counters   *engine.CounterVec
	gauges     *engine.GaugeVec
	histograms *engine.HistogramVec
	natives    *engine.HistogramVec
	summaries  *engine.SummaryVec
	open       *engine.CounterVec
}

func newLive(t *testing.T) *live {
	l := &live{reg: engine.NewRegistry(engine.WithMaxSeries(60))}
	var errs [6]error
	names := []string{"a", "b"}
	l.counters, errs[0] = l.reg.NewCounterVec("live_total", "C.", names)
	l.gauges, errs[1] = l.reg.NewGaugeVec("live", "G.\n", nil)
	l.histograms, errs[2] = l.reg.NewHistogramVec("live_seconds", "H.", names, engine.WithBuckets(0.1, step, 1))
	l.natives, errs[3] = l.reg.NewHistogramVec("live_native", "N.", names,
		engine.WithNative(histogram.NativeDefaults()), engine.WithBuckets(1))
	l.summaries, errs[4] = l.reg.NewSummaryVec("live_summary", "S.", names)
	l.open, errs[5] = l.reg.NewCounterVec("live_open_total", "O.", nil)
	for _, err := range errs {
		require.NoError(t, err)
	}
	return l
}

// update updates the series with these labels in every metric.
func (l *live) update(a, b string) {
	exemplar := engine.Labels{"id": b}
	l.counters.With(a, b).Inc()
	l.counters.With(a, b).Add(step)
	l.counters.With(a, b).AddWithExemplar(1, exemplar)
	l.gauges.WithLabels(engine.Labels{"a": a, "b": b}).Add(step)
	l.histograms.With(a, b).Observe(step)
	l.histograms.With(a, b).ObserveWithExemplar(step, exemplar)
	l.natives.With(a, b).Observe(step)
	l.natives.With(a, b).ObserveWithExemplar(step, exemplar)
	l.summaries.With(a, b).Observe(step)
	l.open.WithLabels(engine.Labels{"a": a, "b": b, "c": hostile[len(b)%9]}).Inc()
}

// remove deletes the series with these labels.
func (l *live) remove(a, b string) {
	l.counters.Delete(a, b)
	l.gauges.DeleteLabels(engine.Labels{"a": a, "b": b})
	l.histograms.Delete(a, b)
	l.natives.Delete(a, b)
	l.summaries.Delete(a, b)
	l.open.DeleteLabels(engine.Labels{"a": a, "b": b, "c": hostile[len(b)%9]})
}

// TestPagesTakenWhileSeriesComeAndGoParseAndNeverGoDown reads pages in all formats while series are
// updated, created and deleted, metrics are defined and removed, and a metric overflows.
func TestPagesTakenWhileSeriesComeAndGoParseAndNeverGoDown(t *testing.T) {
	l := newLive(t)
	var stop atomic.Bool
	var work sync.WaitGroup
	loop := func(f func(i int)) {
		work.Go(func() {
			for i := 0; !stop.Load(); i++ {
				f(i)
				if i%8 == 0 {
					time.Sleep(100 * time.Microsecond) // leave time for the reader
				}
			}
		})
	}
	updates := make([]atomic.Uint64, 10)
	stable := func(i int) (string, string) { return "stable", hostile[i%len(updates)] }
	for i := range updates { // before the flood
		l.update(stable(i))
		updates[i].Add(1)
	}
	for range 2 {
		loop(func(i int) {
			l.update(stable(i))
			updates[i%len(updates)].Add(1)
		})
	}
	for worker := range 2 {
		loop(func(i int) {
			a, b := fmt.Sprint("churn ", worker), hostile[i%20]
			l.update(a, b)
			l.remove(a, b)
		})
	}
	loop(func(i int) { l.update("flood", fmt.Sprint(i)) }) // soon the metrics are full
	loop(func(i int) {
		h, err := l.reg.NewHistogram("comes_and_goes", hostile[i%20])
		if err == nil {
			h.Observe(step)
		}
		l.reg.Unregister("comes_and_goes")
	})

	last := map[string]float64{}
	for i, begin := 0, time.Now(); i < 10*len(formats) || time.Since(begin) < 2*time.Second; i++ {
		format := formats[i%len(formats)]
		var page strings.Builder
		_, err := l.reg.Expose(&page, engine.Exposition{Format: format})
		require.NoError(t, err)
		samples, err := Parse([]byte(page.String()), format.ContentType())
		require.NoError(t, err)
		judge(t, samples, last)
	}
	stop.Store(true)
	work.Wait()
	require.Greater(t, len(last), 10*len(updates))

	// At the end the totals are exact.
	for i := range updates {
		a, b := stable(i)
		n := updates[i].Load()
		require.Positive(t, n)
		require.EqualValues(t, float64(n)*(2+step), l.counters.With(a, b).Value())
		for _, h := range []engine.HistogramSnapshot{
			l.histograms.With(a, b).Snapshot(), l.natives.With(a, b).Snapshot()} {
			require.EqualValues(t, 2*n, h.Count)
			require.EqualValues(t, float64(2*n)*step, h.Sum)
		}
		require.EqualValues(t, 2*n, l.natives.With(a, b).Snapshot().Native.Count)
		require.EqualValues(t, n, l.summaries.With(a, b).Snapshot().Count)
	}
}

// judge compares the samples of one page with each other, and samples that only grow with those of
// earlier pages.
func judge(t *testing.T, samples []Sample, last map[string]float64) {
	page := map[string]*Sample{}
	for i := range samples {
		page[samples[i].Key()] = &samples[i]
	}
	find := func(s *Sample, name, le string) *Sample {
		other := Sample{Name: name, Labels: map[string]string{}}
		for k, v := range s.Labels {
			other.Labels[k] = v
		}
		if le != "" {
			other.Labels["le"] = le
		}
		require.Contains(t, page, other.Key())
		return page[other.Key()]
	}
	for i := range samples {
		s := &samples[i]
		value := s.Value
		switch {
		case s.Native != nil:
			value = float64(s.Native.Count)
			require.Equal(t, value, find(s, s.Name+"_count", "").Value, "both kinds of buckets count the same")
			require.Equal(t, value*step, s.Native.Sum, s.Key())
		case s.Type == "histogram" && strings.HasSuffix(s.Name, "_count"):
			name := strings.TrimSuffix(s.Name, "_count")
			require.Equal(t, value, find(s, name+"_bucket", "+Inf").Value)
			if name != "quipu_scrape_duration_seconds" {
				require.Equal(t, value*step, find(s, name+"_sum", "").Value, s.Key())
			}
		case s.Type == "summary" && strings.HasSuffix(s.Name, "_count"):
			require.Equal(t, value*step, find(s, strings.TrimSuffix(s.Name, "_count")+"_sum", "").Value, s.Key())
		}
		grows := s.Type == "counter" || s.Type == encode.Histogram.String() ||
			s.Type == "summary" && !strings.HasSuffix(s.Name, "summary")
		if a := s.Labels["a"]; grows && (a == "stable" || strings.HasPrefix(s.Name, "quipu_")) {
			require.GreaterOrEqual(t, value, last[s.Key()], s.Key())
			last[s.Key()] = value
		}
	}
}
