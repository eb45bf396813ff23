// SPDX-License-Identifier: Apache-2.0

package live

import (
	"math"
	"slices"
	"time"
)

// track is the recent past of a metric, or of one of its series: a point for each sample since it
// began. A value that cannot be known, such as a rate at the first point, is NaN.
type track struct {
	last reading
	at   time.Time // of last

	trend     ring[float32] // the value of a gauge, the rate per second of others
	quantiles [len(shownQuantiles)]ring[float32]
	heat      ring[cells] // observations between two samples
	schema    int         // of the native buckets in heat
}

// newTrack returns a track of so many points.
func newTrack(points int) *track {
	t := &track{trend: ring[float32]{most: points}, heat: ring[cells]{most: points}}
	for i := range t.quantiles {
		t.quantiles[i].most = points
	}
	return t
}

// skip appends a point without a value.
func (t *track) skip() {
	nan := float32(math.NaN())
	t.trend.push(nan)
	if t.heat.len() > 0 {
		t.heat.push(nil)
		for i := range t.quantiles {
			t.quantiles[i].push(nan)
		}
	}
}

// quantileWindow is the number of samples whose observations the quantiles of a point describe.
const quantileWindow = 10

// add appends a point for a reading. isRate tells counters and histograms from gauges. It reports
// whether the buckets are new: a page that shows the past of others has to begin again.
func (t *track) add(now reading, at time.Time, isRate bool) (newBuckets bool) {
	first := t.trend.len() == 0
	trend := now.value
	if isRate {
		trend = math.NaN()
		// A sum falls when one of its series leaves: the rate is unknown then.
		if seconds := at.Sub(t.at).Seconds(); !first && seconds > 0 && now.value >= t.last.value {
			trend = (now.value - t.last.value) / seconds
		}
	}
	t.trend.push(float32(trend))
	if now.counts != nil || t.heat.len() > 0 {
		newBuckets = t.addBuckets(&now, first)
	}
	t.last, t.at = now, at
	return newBuckets
}

// addBuckets appends a column to heat. All columns have the same buckets afterwards: of native ones
// the coarsest so far. If the bounds are others, nothing is known about their past.
func (t *track) addBuckets(now *reading, first bool) (newBuckets bool) {
	before, begin := t.last.counts, t.heat.len() == 0
	if now.counts == nil { // all series have left
		now.bounds, now.schema = t.last.bounds, t.schema
	}
	changed := !begin && !sameBounds(now.bounds, t.last.bounds)
	if changed {
		for i := range t.heat.len() {
			*t.heat.at(i) = nil
		}
	}
	switch {
	case begin || changed:
		t.schema = now.schema
	case now.schema > t.schema:
		now.counts, now.schema = now.counts.coarser(now.schema-t.schema), t.schema
	case now.schema < t.schema:
		for i := range t.heat.len() {
			*t.heat.at(i) = t.heat.at(i).coarser(t.schema - now.schema)
		}
		before = before.coarser(t.schema - now.schema)
		t.schema = now.schema
	}
	var made cells
	if !first && !changed {
		made = now.counts.since(before)
	}
	t.heat.push(made)
	window := cells{}
	for i := max(0, t.heat.len()-quantileWindow); i < t.heat.len(); i++ {
		window = window.plus(*t.heat.at(i))
	}
	for i, v := range window.quantiles(now.bounds, t.schema) {
		t.quantiles[i].push(float32(v))
	}
	return changed || begin && !first
}

// sameBounds reports whether two readings have the same buckets, or native ones both.
func sameBounds(a, b []float64) bool { return (a == nil) == (b == nil) && slices.Equal(a, b) }

// ring keeps the latest values, as many as it was made for.
type ring[T any] struct {
	values []T
	most   int
	next   int // where the oldest is, once the ring is full
}

func (r *ring[T]) len() int { return len(r.values) }

// at returns a value by its age: 0 is the oldest.
func (r *ring[T]) at(i int) *T { return &r.values[(r.next+i)%len(r.values)] }

func (r *ring[T]) push(v T) {
	if len(r.values) < r.most {
		r.values = append(r.values, v)
		return
	}
	r.values[r.next] = v
	r.next = (r.next + 1) % r.most
}
