// SPDX-License-Identifier: Apache-2.0

package live

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
)

// recorder samples a registry and keeps the recent past. One goroutine calls sample, and those of
// the watchers read under mu. None of it is on the path of an update.
type recorder struct {
	reg    *engine.Registry
	every  time.Duration
	points int

	mu      sync.Mutex
	samples int // how many were taken
	times   ring[int64]
	metrics []*metric // in the order of the page
	byName  map[string]*metric
	changes int // how often the list of metrics has changed
	spare   cells
}

// metric is a family of the registry.
type metric struct {
	name, help, unit string
	typ              encode.Type
	labels           []string // of the series that were first on the page
	sample           int      // at which it was there
	changes          int      // how often it has come, or one of the above has changed

	series      int
	limit       int     // of the series; 0 if there is none
	total       reading // of all series
	seriesTrend ring[uint32]
	track       *track // nil beyond maxMetrics

	watchers int      // of its details
	details  *details // nil while nobody watches them
}

// maxMetrics bounds the metrics whose past is kept. Others show their present only.
const maxMetrics = 2000

func newRecorder(reg *engine.Registry, every time.Duration, points int) *recorder {
	return &recorder{
		reg: reg, every: every, points: points, times: ring[int64]{most: points}, byName: map[string]*metric{},
	}
}

// sample reads the registry once.
func (r *recorder) sample(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.samples++
	r.times.push(now.UnixMilli())
	before := len(r.metrics)
	same := true
	list := r.metrics[:0:0]
	for f := range r.reg.Read(engine.ReadOptions{Deadline: now.Add(min(r.every, time.Second))}) {
		m := r.metricOf(f)
		r.read(m, f, now)
		same = same && len(list) < before && r.metrics[len(list)] == m
		list = append(list, m)
	}
	if !same || len(list) != before {
		r.changes++
	}
	if r.metrics = list; len(r.byName) > len(list) {
		r.forget()
	}
}

// metricOf returns the metric of a family.
func (r *recorder) metricOf(f *engine.Family) *metric {
	m := r.byName[f.Name()]
	if m == nil {
		m = r.newMetric(f.Name())
	}
	if m.typ != f.Type() {
		m.restart(r.points)
	}
	if m.help != f.Help() || m.unit != f.Unit() || m.typ != f.Type() {
		m.help, m.unit, m.typ = strings.Clone(f.Help()), strings.Clone(f.Unit()), f.Type()
		r.changes++
		m.changes++
	}
	return m
}

// restart drops the past of values: that of another type says nothing about this one.
func (m *metric) restart(points int) {
	if m.track != nil {
		m.track = newTrack(points)
	}
	if m.details != nil {
		for _, c := range m.details.chosen {
			c.track = newTrack(points)
		}
	}
}

func (r *recorder) newMetric(name string) *metric {
	m := &metric{name: strings.Clone(name), seriesTrend: ring[uint32]{most: r.points}}
	if len(r.byName) < maxMetrics {
		m.track = newTrack(r.points)
	}
	r.byName[m.name] = m
	return m
}

// forget drops the metrics that have left the registry, unless somebody looks at them.
func (r *recorder) forget() {
	for name, m := range r.byName {
		if m.sample == r.samples {
			continue
		}
		if m.watchers == 0 {
			delete(r.byName, name)
			continue
		}
		m.series = 0
		m.seriesTrend.push(0)
		if m.track != nil {
			m.track.skip()
		}
		m.details.begin()
		m.details.end()
	}
}

// read adds a point for one metric.
func (r *recorder) read(m *metric, f *engine.Family, now time.Time) {
	if m.sample != r.samples-1 {
		m.changes++
	}
	m.sample, m.series = r.samples, 0
	if m.details != nil {
		m.details.begin()
	}
	if m.limit = f.MaxSeries(); m.limit == engine.NoLimit {
		m.limit = 0
	}
	var all reading
	for s := range f.Samples() {
		if m.series == 0 && m.addNames(s.Labels()) {
			r.changes++
			m.changes++
		}
		m.series++
		one := valueOf(s)
		all.value += one.value
		all.sum += one.sum
		if h := s.Histogram(); h != nil {
			all.add(h, m.total.bounds, &r.spare)
		}
		if m.details != nil {
			m.details.read(s, &one, now, m.isRate())
		}
	}
	m.total = all
	m.seriesTrend.push(uint32(m.series))
	if m.track != nil && m.track.add(all, now, m.isRate()) {
		m.changes++
	}
	if m.details != nil {
		m.details.end()
	}
}

// isRate tells metrics whose growth matters from those whose value does.
func (m *metric) isRate() bool {
	return m.typ == encode.Counter || m.hasObservations()
}

// hasObservations reports whether the value of a series is a number of observations.
func (m *metric) hasObservations() bool { return m.typ == encode.Histogram || m.typ == encode.Summary }

// valueOf returns the reading of a series without its buckets.
func valueOf(s *engine.Sample) (r reading) {
	if h := s.Histogram(); h != nil {
		return reading{value: float64(h.Count), sum: h.Sum}
	}
	if q := s.Summary(); q != nil {
		return reading{value: float64(q.Count), sum: q.Sum}
	}
	return reading{value: s.Value()}
}

// addNames adds the names of labels to a sorted list, and reports whether one was new. Series of
// open label sets have different names, and the first one is not always the same.
func (m *metric) addNames(labels []engine.Label) (added bool) {
	for _, l := range labels {
		if at, known := slices.BinarySearch(m.labels, l.Name); !known {
			m.labels = slices.Insert(m.labels, at, strings.Clone(l.Name))
			added = true
		}
	}
	return added
}
