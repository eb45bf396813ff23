// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// svg collects the elements of a picture. Text is set in whatever sans-serif font the reader has,
// so nothing may depend on the width of a text: texts are anchored at the end that must be in
// place, and have room to spare at the other.
type svg struct {
	width, height float64
	elements      strings.Builder
}

const (
	ink       = "#222222"
	gridColor = "#dddddd"
	charWidth = 7.5 // of a text in size 12, more than in any usual font
)

// anchor is the point of a text that its coordinates are about.
type anchor string

const (
	atStart  anchor = "start"
	atMiddle anchor = "middle"
	atEnd    anchor = "end"
)

func (s *svg) text(x, y float64, a anchor, size int, text string) {
	fmt.Fprintf(&s.elements, `<text x="%.1f" y="%.1f" text-anchor="%s" font-size="%d" fill="%s">%s</text>`+"\n",
		x, y, a, size, ink, html.EscapeString(text))
}

func (s *svg) line(x1, y1, x2, y2 float64, color string) {
	fmt.Fprintf(&s.elements, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s"/>`+"\n", x1, y1, x2, y2, color)
}

// path draws a line through points.
func (s *svg) path(points [][2]float64, color string) {
	var coordinates []string
	for _, p := range points {
		coordinates = append(coordinates, fmt.Sprintf("%.1f,%.1f", p[0], p[1]))
	}
	fmt.Fprintf(&s.elements, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>`+"\n",
		strings.Join(coordinates, " "), color)
}

// mark draws the sign of a library. The signs differ in shape, too, for readers who do not see the
// colors.
func (s *svg) mark(x, y float64, m mark) {
	switch m.shape {
	case circle:
		fmt.Fprintf(&s.elements, `<circle cx="%.1f" cy="%.1f" r="5.5" fill="%s" stroke="#ffffff"/>`+"\n", x, y, m.color)
		return
	case square:
		s.polygon(m.color, x-4.5, y-4.5, x+4.5, y-4.5, x+4.5, y+4.5, x-4.5, y+4.5)
	case diamond:
		s.polygon(m.color, x, y-6.5, x+6.5, y, x, y+6.5, x-6.5, y)
	case triangle:
		s.polygon(m.color, x, y-6, x+6, y+4.5, x-6, y+4.5)
	}
}

func (s *svg) polygon(color string, coordinates ...float64) {
	s.elements.WriteString(`<polygon points="`)
	for i := 0; i < len(coordinates); i += 2 {
		fmt.Fprintf(&s.elements, "%.1f,%.1f ", coordinates[i], coordinates[i+1])
	}
	fmt.Fprintf(&s.elements, `" fill="%s" stroke="#ffffff"/>`+"\n", color)
}

// String returns the picture, on white, which can be read in dark mode as well.
func (s *svg) String() string {
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f" `+
		`font-family="Helvetica, Arial, sans-serif">`+"\n"+
		`<rect width="100%%" height="100%%" fill="#ffffff"/>`+"\n%s</svg>\n",
		s.width, s.height, s.width, s.height, s.elements.String())
}

// logScale maps values to coordinates, from low at start to high at end.
type logScale struct{ low, high, start, end float64 }

func (l logScale) at(v float64) float64 {
	return l.start + (l.end-l.start)*math.Log(v/l.low)/math.Log(l.high/l.low)
}

// newLogScale returns a scale that begins and ends with a tick and has the values between them. Its
// ticks are powers of ten, and 2 and 5 times these where there are few powers.
func newLogScale(low, high, start, end float64) (scale logScale, ticks []float64) {
	steps := []float64{1, 2, 5}
	if high/low > 200 {
		steps = steps[:1]
	}
	var all []float64
	for e := math.Floor(math.Log10(low)); e <= math.Ceil(math.Log10(high)); e++ {
		for _, step := range steps {
			all = append(all, step*math.Pow(10, e))
		}
	}
	first, last := 0, len(all)-1
	for first+1 < last && all[first+1] <= low {
		first++
	}
	for last-1 > first && all[last-1] >= high {
		last--
	}
	ticks = all[first : last+1]
	return logScale{ticks[0], ticks[len(ticks)-1], start, end}, ticks
}
