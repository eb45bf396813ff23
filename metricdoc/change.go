// SPDX-License-Identifier: Apache-2.0

package metricdoc

import (
	"math"
	"time"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

// Change is what happened to a series between two moments. Numbers that are not known are NaN.
type Change struct {
	Family *Family
	Series *Series // at the later moment
	Rate   float64 // events or observations, or the unit of a counter, per second

	// Value is that of a gauge or a counter, and the mean of the observations between the moments.
	Value float64

	// P50 is a quantile, as P90 and P99 are: of a histogram's observations between the moments,
	// or the one that a summary shows.
	P50 float64
	P90 float64
	P99 float64
}

// Changes compares the metrics of a program at two moments, and returns a change for each series of
// the later one. A counter that has gone down began again at 0. before may be nil: nothing but the
// values of gauges and counters, and the quantiles of summaries, is known then.
func Changes(before, after *Metrics, elapsed time.Duration) (list []Change) {
	earlier := map[string]*Series{}
	if before != nil {
		for i := range before.Families {
			f := &before.Families[i]
			for j := range f.Series {
				earlier[f.Name+f.Series[j].text()] = &f.Series[j]
			}
		}
	}
	for i := range after.Families {
		f := &after.Families[i]
		for j := range f.Series {
			s := &f.Series[j]
			nan := math.NaN()
			c := Change{Family: f, Series: s, Rate: nan, Value: s.Value, P50: nan, P90: nan, P99: nan}
			kindOf(f.Type).change(&c, earlier[f.Name+s.text()], elapsed.Seconds())
			list = append(list, c)
		}
	}
	return list
}

// noChange leaves a change as it is: the value of a gauge says all.
func noChange(*Change, *Series, float64) {}

func counterChange(c *Change, before *Series, seconds float64) {
	if before != nil && seconds > 0 {
		c.Rate = increase(before.Value, c.Series.Value) / seconds
	}
}

// increase returns by how much a counter has gone up.
func increase(before, after float64) float64 {
	if after < before {
		return after
	}
	return after - before
}

func histogramChange(c *Change, before *Series, seconds float64) {
	h := c.Series.Histogram
	if before == nil || before.Histogram == nil || seconds <= 0 {
		return
	}
	b := before.Histogram
	if h.Count < b.Count || len(h.Counts) != len(b.Counts) {
		b = &engine.HistogramSnapshot{Counts: make([]uint64, len(h.Counts))} // it began again
	}
	n := float64(h.Count - b.Count)
	c.Rate = n / seconds
	if n > 0 {
		c.Value = (h.Sum - b.Sum) / n
	}
	counts := make([]uint64, len(h.Counts))
	for i := range counts {
		counts[i] = h.Counts[i] - min(b.Counts[i], h.Counts[i])
	}
	c.P50 = histogram.Quantile(0.5, h.Bounds, counts)
	c.P90 = histogram.Quantile(0.9, h.Bounds, counts)
	c.P99 = histogram.Quantile(0.99, h.Bounds, counts)
}

func summaryChange(c *Change, before *Series, seconds float64) {
	s := c.Series.Summary
	for _, e := range s.Estimates {
		switch e.Quantile {
		case 0.5:
			c.P50 = e.Value
		case 0.9:
			c.P90 = e.Value
		case 0.99:
			c.P99 = e.Value
		}
	}
	if before == nil || before.Summary == nil || seconds <= 0 {
		return
	}
	b := before.Summary
	if s.Count < b.Count {
		b = new(engine.SummarySample)
	}
	n := float64(s.Count - b.Count)
	c.Rate = n / seconds
	if n > 0 {
		c.Value = (s.Sum - b.Sum) / n
	}
}
