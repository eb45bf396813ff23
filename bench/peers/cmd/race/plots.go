// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"image/color"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/quipu-metrics/quipu/bench/peers"
)

// colors are readable side by side by people who do not see all of them alike (Okabe and Ito).
var colors = map[string]color.Color{
	"quipu":           color.RGBA{R: 0xD5, G: 0x5E, A: 0xFF},
	"client_golang":   color.RGBA{G: 0x72, B: 0xB2, A: 0xFF},
	"victoriametrics": color.RGBA{R: 0x00, G: 0x9E, B: 0x73, A: 0xFF},
	"otel":            color.RGBA{R: 0x99, G: 0x99, B: 0x99, A: 0xFF},
}

// plots draws everything there is data for.
func (d *data) plots(dir string) error {
	draws := []struct {
		file string
		draw func() (*plot.Plot, error)
	}{
		{"updates.svg", func() (*plot.Plot, error) { return d.bars("One update or lookup", updates[:10]) }},
		{"updates-parallel.svg", func() (*plot.Plot, error) {
			var names []string
			for _, s := range updates[:10] {
				names = append(names, s+"Parallel")
			}
			return d.bars(fmt.Sprintf("One update or lookup, %d goroutines", d.race.Header.GOMAXPROCS), names)
		}},
		{"scrapes.svg", func() (*plot.Plot, error) {
			return d.bars("One scrape", []string{"Scrape1k", "Scrape100k", "Scrape1M", "ScrapeHistograms10k", "ScrapeGzip100k"})
		}},
		{"goroutines-counter.svg", func() (*plot.Plot, error) {
			return d.lines("Counter.Inc by several goroutines", "CounterIncGoroutines", "goroutines", "ns/op", false)
		}},
		{"goroutines-histogram.svg", func() (*plot.Plot, error) {
			return d.lines("Histogram.Observe by several goroutines", "HistogramObserveGoroutines", "goroutines", "ns/op", false)
		}},
		{"goroutines-lookup.svg", func() (*plot.Plot, error) {
			return d.lines("Lookup of two labels by several goroutines", "Lookup2Goroutines", "goroutines", "ns/op", false)
		}},
		{"scrape-time.svg", func() (*plot.Plot, error) {
			return d.lines("Time of a scrape", "ScrapeSeries", "series", "ns/op", true)
		}},
		{"scrape-bytes.svg", func() (*plot.Plot, error) {
			return d.lines("Bytes of a page", "ScrapeSeries", "series", "page-B", true)
		}},
		{"scrape-allocated.svg", func() (*plot.Plot, error) {
			return d.lines("Bytes allocated by a scrape (none are not drawn)", "ScrapeSeries", "series", "B/op", true)
		}},
	}
	for _, x := range draws {
		p, err := x.draw()
		if err != nil {
			return fmt.Errorf("%s: %w", x.file, err)
		}
		if p == nil {
			continue // nothing measured
		}
		if err := p.Save(20*vg.Centimeter, 11*vg.Centimeter, filepath.Join(dir, x.file)); err != nil {
			return fmt.Errorf("%s: %w", x.file, err)
		}
	}
	return nil
}

// logBars draws bars on a logarithmic axis: from the axis up, where zero would be infinitely far below.
type logBars struct {
	xs, ys []float64
	width  float64
	fill   color.Color
}

func (b logBars) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for i := range b.xs {
		left, right := x(b.xs[i]-b.width/2), x(b.xs[i]+b.width/2)
		bottom, top := y(p.Y.Min), y(b.ys[i])
		c.FillPolygon(b.fill, []vg.Point{{X: left, Y: bottom}, {X: left, Y: top}, {X: right, Y: top}, {X: right, Y: bottom}})
	}
}

// Thumbnail makes the bars an entry of the legend.
func (b logBars) Thumbnail(c *draw.Canvas) {
	c.FillPolygon(b.fill, []vg.Point{
		{X: c.Min.X, Y: c.Min.Y}, {X: c.Min.X, Y: c.Max.Y}, {X: c.Max.X, Y: c.Max.Y}, {X: c.Max.X, Y: c.Min.Y},
	})
}

// nanoseconds labels a logarithmic axis of times.
type nanoseconds struct{}

func (nanoseconds) Ticks(low, high float64) []plot.Tick { return decades(low, high, "ns") }

// quantities labels a logarithmic axis of anything else.
type quantities struct{}

func (quantities) Ticks(low, high float64) []plot.Tick { return decades(low, high, "") }

// zeros takes what powers of ten do not need off their labels.
var zeros = strings.NewReplacer(".00", "", ".0", "")

func decades(low, high float64, unit string) []plot.Tick {
	var ticks []plot.Tick
	for v := math.Pow(10, math.Floor(math.Log10(low))); v <= high*1.0001; v *= 10 {
		if v < low*0.9999 {
			continue
		}
		label := withUnit(v, unit)
		if unit == "" {
			label = strings.TrimSuffix(withUnit(v, "B"), "B")
		}
		label = strings.TrimSpace(zeros.Replace(label))
		ticks = append(ticks, plot.Tick{Value: v, Label: label})
	}
	return ticks
}

// bars draws the ns/op of scenarios, a group of bars each.
func (d *data) bars(title string, scenarios []string) (*plot.Plot, error) {
	scenarios = slices.DeleteFunc(slices.Clone(scenarios), func(s string) bool { return d.race.Scenarios[s] == nil })
	if len(scenarios) == 0 {
		return nil, nil
	}
	p := plot.New()
	p.Title.Text = title + " (logarithmic, less is better)"
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, nanoseconds{}
	p.Legend.Top, p.Legend.Left = true, true
	low, high := math.Inf(1), 0.0
	width := 0.8 / float64(len(peers.Libraries()))
	for i, l := range peers.Libraries() {
		b := logBars{width: width * 0.92, fill: colors[l.Name]}
		for k, s := range scenarios {
			if v, ok := d.race.Figure(s, l.Name, "ns/op"); ok && v > 0 {
				b.xs = append(b.xs, float64(k)-0.4+width*(float64(i)+0.5))
				b.ys = append(b.ys, v)
				low, high = min(low, v), max(high, v)
			}
		}
		p.Add(b)
		p.Legend.Add(l.Name, b)
	}
	p.Y.Min, p.Y.Max = math.Pow(10, math.Floor(math.Log10(low))), math.Pow(10, math.Ceil(math.Log10(high)))*3
	p.X.Min, p.X.Max = -0.6, float64(len(scenarios))-0.4
	var names []string
	for _, s := range scenarios {
		names = append(names, strings.TrimSuffix(strings.TrimPrefix(s, "Scrape"), "Parallel"))
	}
	p.NominalX(names...)
	p.X.Tick.Label.Rotation = 0.35
	p.X.Tick.Label.XAlign, p.X.Tick.Label.YAlign = draw.XRight, draw.YTop
	return p, nil
}

// lines draws a figure over the points of a curve, a line for each library.
func (d *data) lines(title, name, xLabel, unit string, logX bool) (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text, p.X.Label.Text = title, xLabel
	p.Y.Scale = plot.LogScale{}
	p.Y.Tick.Marker = nanoseconds{}
	if unit != "ns/op" {
		p.Y.Label.Text, p.Y.Tick.Marker = "bytes", quantities{}
	}
	if logX {
		p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, quantities{}
	}
	p.Legend.Top, p.Legend.Left = true, true
	p.Add(plotter.NewGrid())
	low, high := math.Inf(1), 0.0
	for _, l := range peers.Libraries() {
		var points plotter.XYs
		for s := range d.race.Scenarios {
			text, ok := strings.CutPrefix(s, name+"/")
			if !ok {
				continue
			}
			n, err := strconv.ParseFloat(text, 64)
			if err != nil {
				return nil, err
			}
			if v, ok := d.race.Figure(s, l.Name, unit); ok && v > 0 {
				points = append(points, plotter.XY{X: n, Y: v})
				low, high = min(low, v), max(high, v)
			}
		}
		if len(points) == 0 {
			continue
		}
		slices.SortFunc(points, func(a, b plotter.XY) int { return int(math.Copysign(1, a.X-b.X)) })
		line, dots, err := plotter.NewLinePoints(points)
		if err != nil {
			return nil, err
		}
		line.Color, dots.Color = colors[l.Name], colors[l.Name]
		line.Width, dots.Shape = vg.Points(1.5), draw.CircleGlyph{}
		p.Add(line, dots)
		p.Legend.Add(l.Name, line, dots)
	}
	if high == 0 {
		return nil, nil
	}
	p.Y.Min, p.Y.Max = math.Pow(10, math.Floor(math.Log10(low))), math.Pow(10, math.Ceil(math.Log10(high)))*3
	return p, nil
}
