// SPDX-License-Identifier: Apache-2.0

package metricdoc

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/textpage"
)

// Parse reads a page of any program, in text format 0.0.4 or OpenMetrics 1.0. It takes what
// Prometheus takes. An error names the line.
func Parse(page string) (*Metrics, error) {
	read, err := textpage.Read(page)
	if err != nil {
		return nil, fmt.Errorf("quipu: metricdoc: the page cannot be read: %w", err)
	}
	families := make([]*Family, len(read))
	for i := range read {
		families[i] = fromPage(&read[i])
	}
	return newMetrics(families), nil
}

// fromPage makes a family of one of a page, whose histograms and summaries have several samples for
// each series.
func fromPage(from *textpage.Family) *Family {
	f := &Family{Name: from.Name, Help: from.Help, Unit: from.Unit, Type: typeOf(from.Type)}
	label := kindOf(f.Type).part
	at := map[string]int{}
	var series []*parts
	for i := range from.Samples {
		s := &from.Samples[i]
		key := textpage.Sample{Labels: without(s.Labels, label)}
		if label == "" {
			f.add(Series{Labels: labelsOf(key.Labels), Value: s.Value})
			continue
		}
		n, ok := at[key.Series()]
		if !ok {
			n = len(series)
			at[key.Series()] = n
			series = append(series, &parts{labels: labelsOf(key.Labels), seen: map[string]bool{}})
		}
		if !series[n].take(s, strings.TrimPrefix(s.Name, f.Name), label) {
			repeated := Series{Labels: series[n].labels}
			f.twice = repeated.text()
		}
	}
	for _, p := range series {
		f.add(p.series(label))
	}
	f.Native = label == "le" && len(f.Bounds) == 0
	return f
}

// without returns labels without one of them.
func without(labels map[string]string, name string) map[string]string {
	if _, ok := labels[name]; !ok {
		return labels
	}
	rest := make(map[string]string, len(labels))
	for n, v := range labels {
		if n != name {
			rest[n] = v
		}
	}
	return rest
}

func labelsOf(labels map[string]string) []engine.Label {
	list := make([]engine.Label, 0, len(labels))
	for name, value := range labels {
		list = append(list, engine.Label{Name: name, Value: value})
	}
	slices.SortFunc(list, func(a, b engine.Label) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// parts are the samples of one series of a histogram or a summary.
type parts struct {
	labels     []engine.Label
	points     []point // of buckets, cumulative, or of quantiles
	sum, count float64
	seen       map[string]bool // suffixes, and the texts of bounds or quantiles
}

type point struct{ at, value float64 }

// take adds a sample. One that fits nowhere is left out. It reports whether the sample is the first
// one of its suffix, and of its bound or quantile.
func (p *parts) take(s *textpage.Sample, suffix, label string) (first bool) {
	text, ok := s.Labels[label]
	key := suffix + "=" + text
	first, p.seen[key] = !p.seen[key], true
	switch at, err := strconv.ParseFloat(text, 64); {
	case suffix == "_sum":
		p.sum = s.Value
	case suffix == "_count":
		p.count = s.Value
	case ok && err == nil && !math.IsNaN(at):
		p.points = append(p.points, point{at, s.Value})
	}
	return first
}

// series returns the series of the samples.
func (p *parts) series(label string) Series {
	s := Series{Labels: p.labels, Value: math.NaN()}
	slices.SortStableFunc(p.points, func(a, b point) int { return cmp.Compare(a.at, b.at) })
	if label == "le" {
		s.Histogram = p.histogram()
	} else {
		s.Summary = &engine.SummarySample{Sum: p.sum, Count: whole(p.count)}
		for _, q := range p.points {
			s.Summary.Estimates = append(s.Summary.Estimates, engine.Estimate{Quantile: q.at, Value: q.value})
		}
	}
	return s
}

func (p *parts) histogram() *engine.HistogramSnapshot {
	h := &engine.HistogramSnapshot{Sum: p.sum, Count: whole(p.count)}
	if n := len(p.points); h.Count == 0 && n > 0 && math.IsInf(p.points[n-1].at, 1) {
		h.Count = whole(p.points[n-1].value) // OpenMetrics has no _count beside a negative bound
	}
	last := uint64(0)
	for _, b := range p.points {
		if n := len(h.Bounds); math.IsInf(b.at, 1) || n > 0 && h.Bounds[n-1] == b.at {
			continue // the count of all is that of the +Inf bucket
		}
		h.Bounds = append(h.Bounds, b.at)
		total := max(whole(b.value), last)
		h.Counts, last = append(h.Counts, total-last), total
	}
	if h.Bounds != nil {
		h.Counts = append(h.Counts, max(h.Count, last)-last)
	}
	return h
}

// whole returns a count. Pages of other programs may have fractions, NaN or worse.
func whole(v float64) uint64 {
	if !(v > 0) {
		return 0
	}
	return uint64(min(v, 1<<62))
}
