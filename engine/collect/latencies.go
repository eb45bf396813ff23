// SPDX-License-Identifier: Apache-2.0

package collect

import (
	"math"
	"runtime/metrics"

	"github.com/quipu-metrics/quipu/engine"
)

const latencySource = "/sched/latencies:seconds"

// latencies is the histogram of the time that goroutines spent ready but not running. The runtime
// has 160 buckets, too many for a page, so they are merged. Every bound here is also a bound of the
// runtime, so merging moves no observation across a bound. (The runtime's buckets exclude their
// upper bound; a latency that equals a bound to the nanosecond is counted one bucket too high.) The
// runtime keeps no sum.
type latencies struct {
	metric engine.Collected
	sample *metrics.Sample
	layout latencyLayout
	counts []uint64
}

// latencyLayout says how the runtime's buckets are merged.
type latencyLayout struct {
	bounds []float64 // without +Inf
	into   []int     // for each bucket of the runtime, the bucket that it belongs to
	middle []float64 // for each bucket of the runtime, the assumed value of its observations
}

// The bounds begin near a microsecond, grow at least fourfold and end near a second.
const (
	leastLatency    = 1e-6
	greatestLatency = 1.1
	latencyGrowth   = 4
)

// newLatencyLayout makes a layout from the runtime's bounds. There is one more bound than buckets.
func newLatencyLayout(bounds []float64) latencyLayout {
	var l latencyLayout
	for i := 0; i+1 < len(bounds); i++ {
		lower, upper := bounds[i], bounds[i+1]
		l.into = append(l.into, len(l.bounds))
		l.middle = append(l.middle, middle(lower, upper))
		if n := len(l.bounds); upper >= leastLatency && upper <= greatestLatency &&
			(n == 0 || upper >= latencyGrowth*l.bounds[n-1]) {
			l.bounds = append(l.bounds, math.Round(upper*1e9)/1e9) // bounds are whole nanoseconds
		}
	}
	return l
}

// middle returns a value between the bounds. Latencies are not negative, and the runtime's
// outermost bounds may be infinite.
func middle(lower, upper float64) float64 {
	switch {
	case upper <= 0:
		return 0
	case math.IsInf(upper, 1):
		return max(lower, 0)
	}
	return (max(lower, 0) + upper) / 2
}

// merge adds up the counts of the runtime's buckets in the buckets of the layout, and returns an
// estimate of the sum.
func (l *latencyLayout) merge(to, counts []uint64) (sum float64) {
	clear(to)
	for i, count := range counts {
		to[l.into[i]] += count
		sum += float64(count) * l.middle[i]
	}
	return sum
}

func (l *latencies) define(d *engine.Definitions, sample *metrics.Sample) {
	l.sample = sample
	first := []metrics.Sample{{Name: latencySource}}
	metrics.Read(first)
	if first[0].Value.Kind() == metrics.KindFloat64Histogram {
		l.layout = newLatencyLayout(first[0].Value.Float64Histogram().Buckets)
	}
	l.counts = make([]uint64, len(l.layout.bounds)+1)
	l.metric = d.Histogram("go_sched_latencies_seconds",
		"Time that goroutines spent ready before they ran. The sum is an estimate from the middles of buckets.", nil,
		engine.WithBuckets(l.layout.bounds...))
}

func (l *latencies) emit(e *engine.Emission) {
	if l.sample.Value.Kind() != metrics.KindFloat64Histogram {
		return
	}
	sum := l.layout.merge(l.counts, l.sample.Value.Float64Histogram().Counts)
	e.EmitHistogram(l.metric, l.counts, sum)
}
