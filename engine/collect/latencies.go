// SPDX-License-Identifier: Apache-2.0

package collect

import (
	"math"
	"runtime/metrics"

	"github.com/quipu-metrics/quipu/engine"
)

const latencySource = "/sched/latencies:seconds"

// latencies is the histogram of the time that goroutines spent ready but not running. The runtime's 160 buckets are too
// many for a page; every bound here is one of the runtime's, so that merging them is exact. (The runtime's buckets leave
// out their upper bound, so what took exactly that long to the nanosecond is counted one bucket too high.) The runtime
// keeps no sum.
type latencies struct {
	metric engine.Collected
	sample *metrics.Sample
	layout latencyLayout
	counts []uint64
}

// latencyLayout merges the buckets of the runtime.
type latencyLayout struct {
	bounds []float64 // without +Inf
	into   []int     // by bucket of the runtime: where it goes
	middle []float64 // by bucket of the runtime: what to take for the values in it
}

// The bounds begin at a microsecond or so, grow at least fourfold and end at a second or so.
const (
	leastLatency    = 1e-6
	greatestLatency = 1.1
	latencyGrowth   = 4
)

// newLatencyLayout makes a layout from the runtime's bounds, of which there is one more than buckets.
func newLatencyLayout(bounds []float64) latencyLayout {
	var l latencyLayout
	for i := 0; i+1 < len(bounds); i++ {
		lower, upper := bounds[i], bounds[i+1]
		l.into = append(l.into, len(l.bounds))
		l.middle = append(l.middle, middle(lower, upper))
		if n := len(l.bounds); upper >= leastLatency && upper <= greatestLatency &&
			(n == 0 || upper >= latencyGrowth*l.bounds[n-1]) {
			l.bounds = append(l.bounds, math.Round(upper*1e9)/1e9) // they are whole nanoseconds
		}
	}
	return l
}

// middle is a value between the bounds. Latencies are not negative; the runtime's outermost bounds may be infinite.
func middle(lower, upper float64) float64 {
	switch {
	case upper <= 0:
		return 0
	case math.IsInf(upper, 1):
		return max(lower, 0)
	}
	return (max(lower, 0) + upper) / 2
}

// merge sets the buckets of the layout to the counts of the runtime's, and returns an estimate of the sum.
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
