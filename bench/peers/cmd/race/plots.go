// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/quipu-metrics/quipu/bench/peers"
)

// shape is the form of a library's marks.
type shape int

const (
	circle shape = iota
	square
	diamond
	triangle
)

// mark is the sign of a library.
type mark struct {
	shape shape
	color string
}

// marks have colors that people tell apart who do not see all of them alike (Okabe and Ito).
var marks = map[string]mark{
	"quipu":           {circle, "#d55e00"},
	"client_golang":   {square, "#0072b2"},
	"victoriametrics": {diamond, "#009e73"},
	"otel":            {triangle, "#888888"},
}

// plots writes the pictures.
func (d *data) plots(dir string) error {
	for file, picture := range d.pictures() {
		if picture == nil {
			continue // nothing measured
		}
		if err := os.WriteFile(filepath.Join(dir, file), []byte(picture.String()), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// pictures draws everything there is data for, by the names of the files.
func (d *data) pictures() map[string]*svg {
	var parallel []string
	for _, s := range updates {
		parallel = append(parallel, s+"Parallel")
	}
	return map[string]*svg{
		"updates.svg": d.dots("One update or lookup", updates),
		"updates-parallel.svg": d.dots(
			fmt.Sprintf("One update or lookup, by %d goroutines at once", d.race.Header.GOMAXPROCS), parallel),
		"scrapes.svg": d.dots("One scrape",
			[]string{
				"ScrapeFew", "Scrape1k", "Scrape100k", "Scrape1M", "ScrapeHistograms10k", "ScrapeGzip100k",
				"ScrapeGzipHistograms10k", "ScrapeOverHTTP",
			}),
		"goroutines-counter.svg": d.lines("Counter.Inc by several goroutines",
			"CounterIncGoroutines", "goroutines", "ns/op"),
		"goroutines-histogram.svg": d.lines("Histogram.Observe by several goroutines",
			"HistogramObserveGoroutines", "goroutines", "ns/op"),
		"goroutines-lookup.svg": d.lines("Lookup of two labels by several goroutines",
			"Lookup2Goroutines", "goroutines", "ns/op"),
		"scrape-time.svg": d.lines("Time of a scrape", "ScrapeSeries", "series", "ns/op"),
		"scrape-allocated.svg": d.lines("Memory allocated by a scrape, where it is not 0",
			"ScrapeSeries", "series", "B/op"),
	}
}

const (
	plotWidth = 760
	rowHeight = 30
	plotTop   = 88 // below the title, the legend and the labels of the axis
	margin    = 24
)

// heading writes the title, and the legend for the libraries that the picture shows.
func (s *svg) heading(title string, libraries []string) {
	s.text(margin, 26, atStart, 15, title+" (logarithmic scale, less is better)")
	x := float64(margin)
	for _, l := range libraries {
		s.mark(x+6, 46, marks[l])
		s.text(x+18, 50, atStart, 12, l)
		x += 18 + charWidth*float64(len(l)) + 24
	}
}

// withoutZeros takes the decimals off that round figures do not need.
var withoutZeros = strings.NewReplacer(".00", "", ".0", "")

func tickLabel(v float64, unit string) string { return withoutZeros.Replace(withUnit(v, unit)) }

// dots draws the ns/op of scenarios: a row for each, with a mark for each library.
func (d *data) dots(title string, scenarios []string) *svg {
	const unit = "ns/op"
	scenarios = slices.DeleteFunc(slices.Clone(scenarios), func(s string) bool { return d.race.Scenarios[s] == nil })
	low, high, longest := math.Inf(1), 0.0, 0
	var libraries []string
	for _, l := range peers.Libraries() {
		shown := false
		for _, s := range scenarios {
			longest = max(longest, len(s))
			if v, ok := d.race.Figure(s, l.Name, unit); ok && v > 0 {
				low, high, shown = min(low, v), max(high, v), true
			}
		}
		if shown {
			libraries = append(libraries, l.Name)
		}
	}
	if high == 0 {
		return nil
	}
	s := &svg{width: plotWidth, height: plotTop + rowHeight*float64(len(scenarios)) + 16}
	s.heading(title, libraries)
	left, right, bottom := margin+charWidth*float64(longest)+12, float64(plotWidth-2*margin), s.height-16
	scale, ticks := newLogScale(low, high, left, right)
	for _, v := range ticks {
		s.line(scale.at(v), plotTop, scale.at(v), bottom, gridColor)
		s.text(scale.at(v), plotTop-6, atMiddle, 12, tickLabel(v, unit))
	}
	for i, scenario := range scenarios {
		y := plotTop + rowHeight*(float64(i)+0.5)
		s.text(left-12, y+4, atEnd, 12, scenario)
		s.line(left, y, right, y, gridColor)
		for k, l := range libraries {
			if v, ok := d.race.Figure(scenario, l, unit); ok && v > 0 {
				// One below the other, so that equal figures do not hide each other.
				s.mark(scale.at(v), y+4*(float64(k)-float64(len(libraries)-1)/2), marks[l])
			}
		}
	}
	return s
}

// lines draws a figure over the points of a curve, a line for each library.
func (d *data) lines(title, name, xLabel, unit string) *svg {
	curves := make(map[string][][2]float64)
	var libraries []string
	var xs []float64
	low, high := math.Inf(1), 0.0
	for _, l := range peers.Libraries() {
		for s := range d.race.Scenarios {
			text, ok := strings.CutPrefix(s, name+"/")
			if !ok {
				continue
			}
			n, err := strconv.Atoi(text)
			v, ok := d.race.Figure(s, l.Name, unit)
			if err != nil || !ok || v <= 0 {
				continue
			}
			curves[l.Name] = append(curves[l.Name], [2]float64{float64(n), v})
			if !slices.Contains(xs, float64(n)) {
				xs = append(xs, float64(n))
			}
			low, high = min(low, v), max(high, v)
		}
		if curves[l.Name] != nil {
			libraries = append(libraries, l.Name)
		}
	}
	if high == 0 {
		return nil
	}
	slices.Sort(xs)
	s := &svg{width: plotWidth, height: 400}
	s.heading(title, libraries)
	const left, right, top, bottom = 90.0, plotWidth - 40.0, 76.0, 340.0
	y, ticks := newLogScale(low, high, bottom, top)
	for _, v := range ticks {
		s.line(left, y.at(v), right, y.at(v), gridColor)
		s.text(left-10, y.at(v)+4, atEnd, 12, tickLabel(v, unit))
	}
	// At equal distances: the points are 1, 2, 3, ... goroutines, or 1000, 10 000, ... series.
	step := (right - left - 60) / max(1, float64(len(xs)-1))
	x := make(map[float64]float64)
	for i, v := range xs {
		x[v] = left + 30 + step*float64(i)
		s.line(x[v], top, x[v], bottom, gridColor)
		s.text(x[v], bottom+20, atMiddle, 12, withoutZeros.Replace(count(v)))
	}
	s.text((left+right)/2, bottom+44, atMiddle, 12, xLabel)
	for _, l := range slices.Backward(libraries) {
		points := curves[l]
		slices.SortFunc(points, func(a, b [2]float64) int { return int(a[0] - b[0]) })
		for i, p := range points {
			points[i] = [2]float64{x[p[0]], y.at(p[1])}
		}
		s.path(points, marks[l].color)
		for _, p := range points {
			s.mark(p[0], p[1], marks[l])
		}
	}
	return s
}
