// SPDX-License-Identifier: Apache-2.0

package live

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

// details are the series of a metric, kept while somebody looks at it.
type details struct {
	points int

	sample int // counts the samples since the beginning
	epoch  int // grows when rows are numbered anew, or a chosen series has new buckets
	index  map[string]int
	rows   []row
	hidden int // series beyond maxRows, in the latest sample

	chosen    map[string]*choice
	exemplars []exemplar

	key     []byte
	room    cells
	unknown int // hidden, in the sample under way
}

const (
	maxRows      = 50_000 // about 20 MB for common labels
	maxExemplars = 100
)

// row is one series.
type row struct {
	labels []engine.Label
	sample int // at which it was there
	reading
	whole     uint64 // the value, if exact is set: a float64 has fewer digits
	exact     bool
	estimates []engine.Estimate // of a summary, and of all observations of a histogram
}

// choice is a series whose past is kept because somebody looks at it by itself.
type choice struct {
	watchers int
	track    *track
}

// exemplar is an exemplar with the series that it belongs to.
type exemplar struct {
	series int
	labels []engine.Label
	value  float64
	time   time.Time
}

func newDetails(points int) *details {
	return &details{points: points, index: map[string]int{}, chosen: map[string]*choice{}}
}

// appendKey appends a text that differs for different labels.
func appendKey(dst []byte, labels []engine.Label) []byte {
	for _, l := range labels {
		dst = append(append(append(append(dst, l.Name...), 0xff), l.Value...), 0xff)
	}
	return dst
}

// read notes one series. The reading has no buckets.
func (d *details) read(s *engine.Sample, one *reading, now time.Time, isRate bool) {
	d.key = appendKey(d.key[:0], s.Labels())
	i, ok := d.index[string(d.key)]
	if !ok {
		if len(d.rows) >= maxRows {
			d.unknown++
			return
		}
		i = len(d.rows)
		d.index[string(d.key)] = i
		d.rows = append(d.rows, row{labels: cloneLabels(s.Labels())})
	}
	w := &d.rows[i]
	w.sample, w.reading = d.sample+1, *one
	w.whole, w.exact = s.Int()
	if h := s.Histogram(); h != nil {
		w.estimates = appendEstimatesOf(w.estimates[:0], h)
	}
	if q := s.Summary(); q != nil {
		w.estimates = append(w.estimates[:0], q.Estimates...)
	}
	d.addExemplars(i, s.Exemplars())
	if c := d.chosen[string(d.key)]; c != nil {
		all := *one
		if h := s.Histogram(); h != nil {
			all.add(h, c.track.last.bounds, &d.room)
		}
		if c.track.add(all, now, isRate) {
			d.epoch++
		}
	}
}

// end ends a sample.
func (d *details) end() {
	if d.sample++; len(d.rows) == maxRows && d.unknown > 0 {
		d.forget()
	}
	d.hidden, d.unknown = d.unknown, 0
	for key, c := range d.chosen {
		if i, ok := d.index[key]; !ok || d.rows[i].sample != d.sample {
			c.track.skip()
		}
	}
	d.keepLatest()
}

// begin begins a sample.
func (d *details) begin() { d.exemplars = d.exemplars[:0] }

// addExemplars adds the exemplars of a series, unless there are enough that are later.
func (d *details) addExemplars(series int, list []engine.Exemplar) {
	for _, e := range list {
		if len(d.exemplars) == 2*maxExemplars {
			d.keepLatest()
		}
		if len(d.exemplars) < maxExemplars || e.Time.After(d.exemplars[maxExemplars-1].time) {
			d.exemplars = append(d.exemplars, exemplar{series, cloneLabels(e.Labels), e.Value, e.Time})
		}
	}
}

// keepLatest keeps the latest exemplars, the last one first.
func (d *details) keepLatest() {
	slices.SortStableFunc(d.exemplars, func(a, b exemplar) int { return b.time.Compare(a.time) })
	if len(d.exemplars) > maxExemplars {
		d.exemplars = slices.Delete(d.exemplars, maxExemplars, len(d.exemplars))
	}
}

// forget drops the rows of series that have left.
func (d *details) forget() {
	kept := d.rows[:0]
	clear(d.index)
	for i := range d.rows {
		if w := &d.rows[i]; w.sample == d.sample {
			d.index[string(appendKey(nil, w.labels))] = len(kept)
			kept = append(kept, *w)
		}
	}
	if len(kept) < len(d.rows) {
		d.epoch++
	}
	clear(d.rows[len(kept):])
	d.rows, d.exemplars = kept, d.exemplars[:0]
}

// choose keeps the past of a series from now on.
func (d *details) choose(key string) *choice {
	c := d.chosen[key]
	if c == nil {
		c = &choice{track: newTrack(d.points)}
		d.chosen[key] = c
	}
	c.watchers++
	return c
}

// release ends a choice.
func (d *details) release(key string) {
	if c := d.chosen[key]; c != nil {
		if c.watchers--; c.watchers == 0 {
			delete(d.chosen, key)
		}
	}
}

func appendEstimatesOf(dst []engine.Estimate, h *engine.HistogramSnapshot) []engine.Estimate {
	for _, q := range shownQuantiles {
		e := engine.Estimate{Quantile: q, Error: math.NaN()}
		if h.Native != nil {
			e.Value = h.Native.Quantile(q)
		} else {
			e.Value = histogram.Quantile(q, h.Bounds, h.Counts)
		}
		dst = append(dst, e)
	}
	return dst
}

func cloneLabels(labels []engine.Label) []engine.Label {
	labels = slices.Clone(labels)
	for i := range labels {
		labels[i].Name, labels[i].Value = strings.Clone(labels[i].Name), strings.Clone(labels[i].Value)
	}
	return labels
}
