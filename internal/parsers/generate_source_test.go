// SPDX-License-Identifier: Apache-2.0

package parsers

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

// script is a source that writes the same points at every call.
type script struct{ points []engine.Point }

func (s *script) Emit(_ context.Context, w *engine.Writer) error {
	for _, p := range s.points {
		w.Write(p)
	}
	w.StateSet("states", "S.", map[string]bool{"on": true, "off": false})
	return nil
}

// source makes a source of random points, many of which cannot be shown: names and labels that
// collide or are invalid, values that their type cannot have, buckets that do not add up.
func (g *generator) source() *script {
	s := &script{}
	for range 20 + g.IntN(60) {
		s.points = append(s.points, g.point())
	}
	return s
}

// pick returns one of a few texts, or one of the fuzzer's.
func (g *generator) pick(extra []string, usual ...string) string {
	if len(extra) > 0 && g.IntN(4) == 0 {
		return extra[g.IntN(len(extra))]
	}
	return usual[g.IntN(len(usual))]
}

func (g *generator) number() float64 {
	if len(g.sourceValues) > 0 && g.IntN(4) == 0 {
		return g.sourceValues[g.IntN(len(g.sourceValues))]
	}
	return g.float()
}

func (g *generator) point() engine.Point {
	suffix := []string{"", "", "_total", "_total", "_info", "_count", "_sum", "_bucket", "_created", "_seconds"}
	p := engine.Point{
		Name:  g.pick(g.sourceNames, fmt.Sprintf("m%d%s", g.IntN(6), suffix[g.IntN(len(suffix))])),
		Help:  g.pick(g.texts, "H.", "H.", "H.", "H."),
		Type:  encode.Type(g.IntN(7)),
		Value: g.number(),
	}
	switch g.IntN(10) {
	case 0:
		p.Unit = g.pick(g.texts, "seconds", "info")
	case 1:
		p.Type = encode.Type(g.IntN(9))
	}
	for range g.IntN(4) {
		name := g.pick(g.sourceLabels, "a", "a", "b", "zone", "part", "le", "quantile", "__x", "x y", p.Name)
		p.Labels = append(p.Labels, engine.Label{Name: name, Value: g.pick(g.texts, "1", "2", "")})
	}
	switch p.Type {
	case encode.Info:
		p.Value = 1
	case encode.StateSet:
		p.Value = float64(g.IntN(3))
		p.Labels = append(p.Labels, engine.Label{Name: p.Name, Value: g.pick(g.texts, "on", "off")})
	}
	if g.IntN(4) > 0 {
		p.Histogram, p.Summary = g.histogram(), g.summary()
	}
	for range g.IntN(3) {
		e := engine.Exemplar{Value: g.number(), Bucket: g.IntN(6) - 1, Time: g.moment()}
		for range g.IntN(3) {
			name := g.pick(g.sourceLabels, "trace_id", "id", "a", "")
			e.Labels = append(e.Labels, engine.Label{Name: name, Value: g.text()})
		}
		p.Exemplars = append(p.Exemplars, e)
	}
	p.Created, p.Time = g.moment(), g.moment()
	return p
}

// moment returns a time: most are none, some are far away.
func (g *generator) moment() time.Time {
	switch g.IntN(12) {
	case 0:
		return time.Unix(-5, 250e6)
	case 1:
		return time.Date(9999+g.IntN(3), 12, 31, 23, 59, 59, 0, time.UTC)
	case 2:
		return time.Unix(math.MaxInt64>>g.IntN(64), 0)
	case 3:
		return time.Unix(0, 0)
	case 4, 5, 6:
		return time.UnixMilli(1_700_000_000_000 + 250*int64(g.IntN(1e6)))
	default:
		return time.Time{}
	}
}

func (g *generator) histogram() *engine.HistogramSnapshot {
	h := &engine.HistogramSnapshot{Sum: g.number()}
	if g.IntN(3) > 0 {
		bound := float64(g.IntN(3) - 2)
		for range g.IntN(4) {
			h.Bounds = append(h.Bounds, bound)
			h.Counts = append(h.Counts, g.uint()>>2)
			bound += float64(g.IntN(40)) / 8 // sometimes it does not increase
		}
		if g.IntN(3) == 0 {
			h.Bounds = append(h.Bounds, math.Inf(1))
		}
		if g.IntN(10) > 0 {
			h.Counts = append(h.Counts, g.uint())
		}
	}
	if g.IntN(2) == 0 {
		n := g.native()
		h.Native = &histogram.NativeSnapshot{
			Schema: int(n.Schema), ZeroThreshold: n.ZeroThreshold, ZeroCount: n.ZeroCount, Count: n.Count,
			Positive: n.Positive, Negative: n.Negative, Sum: n.Sum,
		}
		if h.Counts != nil && g.IntN(4) > 0 {
			clear(h.Counts)
			h.Counts[g.IntN(len(h.Counts))] = n.Count
		}
		switch g.IntN(12) {
		case 0:
			h.Native.Count = g.Uint64()
		case 1:
			h.Native.Schema = g.IntN(200) - 100
		case 2:
			h.Native.ZeroThreshold = g.number()
		case 3:
			h.Native.Sum, h.Native.Count = math.NaN(), g.uint()
		case 4:
			if d := h.Native.Positive.Deltas; len(d) > 0 {
				d[g.IntN(len(d))] = int64(g.Uint64())
			}
		case 5:
			if s := h.Native.Negative.Spans; len(s) > 0 {
				s[g.IntN(len(s))] = encode.Span{Offset: int32(g.Uint32()), Length: g.Uint32()}
			}
		}
	}
	return h
}

func (g *generator) summary() *engine.SummarySample {
	s := &engine.SummarySample{Count: g.uint(), Sum: g.number()}
	q := float64(g.IntN(3)-1) / 8
	for range g.IntN(4) {
		s.Estimates = append(s.Estimates, engine.Estimate{Quantile: q, Error: g.number(), Value: g.number()})
		q += float64(g.IntN(5)) / 8
	}
	return s
}
