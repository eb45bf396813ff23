// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/gone"
)

// gatherer turns the series of a registry into those of a receiver, as Prometheus does when it
// scrapes: a histogram with classic buckets is a series for each bucket and two more.
type gatherer struct {
	batch batch
	gone  gone.Tracker[kind]
	more  []engine.Label // labels that all series get, sorted by name

	flush func() bool // sends a full batch and empties it; reports false when the send is over

	shape   shape
	meta    metadata
	labels  []engine.Label // of the series under way, sorted, without its name
	base    []byte         // the same as text
	numbers []string       // the labels of the buckets or quantiles of shape
	named   bool           // the family is in the batch

	quantiles []float64
}

// begin begins a family.
func (g *gatherer) begin(name, help, unit string, typ encode.Type) {
	g.meta = metadata{strings.Clone(name), strings.Clone(help), strings.Clone(unit), typeOf(typ)}
	g.shape = shape{Name: g.meta.name, Numbers: g.shape.Numbers[:0]}
	g.numbers, g.named = g.numbers[:0], false
}

// add adds a series of the family under way. It reports false when the send is over.
func (g *gatherer) add(s *engine.Sample) bool {
	if g.batch.full() && !g.flush() {
		return false
	}
	if !g.named || len(g.batch.families) == 0 {
		g.batch.addFamily(g.meta)
		g.named = true
	}
	g.setLabels(s.Labels())
	created := int64(0)
	if at := s.Created(); !at.IsZero() {
		created = at.UnixMilli()
	}
	h, q := s.Histogram(), s.Summary()
	switch {
	case h != nil:
		g.addHistogram(h, s.Exemplars(), created)
	case q != nil:
		g.addSummary(q, created)
	default:
		g.batch.add(g.text("", "", ""), bitsOf(s.Value()), created)
		for _, e := range s.Exemplars() {
			g.batch.addExemplar(&e)
		}
	}
	g.gone.Add(&g.shape, g.base)
	return true
}

func (g *gatherer) addHistogram(h *engine.HistogramSnapshot, exemplars []engine.Exemplar, created int64) {
	g.shape.Kind.native, g.shape.Kind.classic = h.Native != nil, h.Counts != nil
	g.setNumbers(h.Bounds)
	if h.Native != nil {
		g.batch.addNative(g.text("", "", ""), created, h.Native)
		if h.Counts == nil {
			g.batch.onlyNative++
			for i := range exemplars {
				g.batch.addExemplar(&exemplars[i])
			}
		}
	}
	if h.Counts == nil {
		return
	}
	total := uint64(0)
	for i, n := range h.Counts {
		total += n
		g.batch.add(g.text("_bucket", "le", g.number(i)), bitsOf(float64(total)), created)
		for j := range exemplars {
			if at, _ := slices.BinarySearch(h.Bounds, exemplars[j].Value); at == i {
				g.batch.addExemplar(&exemplars[j])
			}
		}
	}
	g.batch.add(g.text("_sum", "", ""), bitsOf(h.Sum), created)
	g.batch.add(g.text("_count", "", ""), bitsOf(float64(total)), created)
}

func (g *gatherer) addSummary(q *engine.SummarySample, created int64) {
	g.shape.Kind.summary = true
	g.quantiles = g.quantiles[:0]
	for _, e := range q.Estimates {
		g.quantiles = append(g.quantiles, e.Quantile)
	}
	g.setNumbers(g.quantiles)
	for i, e := range q.Estimates {
		g.batch.add(g.text("", "quantile", g.number(i)), bitsOf(e.Value), created)
	}
	g.batch.add(g.text("_sum", "", ""), bitsOf(q.Sum), created)
	g.batch.add(g.text("_count", "", ""), bitsOf(float64(q.Count)), created)
}

// bitsOf returns the bits of a value of the program.
func bitsOf(v float64) uint64 { return math.Float64bits(gone.Unmarked(v)) }

// setLabels sets the labels of the series under way: those it has, and those that all get and it
// does not have. An empty value is the same as no label.
func (g *gatherer) setLabels(own []engine.Label) {
	g.labels, g.base = g.labels[:0], g.base[:0]
	more := g.more
	for _, l := range own {
		if l.Value == "" {
			continue
		}
		for len(more) > 0 && more[0].Name < l.Name {
			g.labels, more = append(g.labels, more[0]), more[1:]
		}
		if len(more) > 0 && more[0].Name == l.Name {
			more = more[1:]
		}
		g.labels = append(g.labels, l)
	}
	g.labels = append(g.labels, more...)
	for _, l := range g.labels {
		g.base = gone.AppendLabel(g.base, l.Name, l.Value)
	}
}

// text appends the labels of a series of a receiver to the batch: those of the series under way,
// its name with a suffix, and one more label, if that has a name. They are sorted by name.
func (g *gatherer) text(suffix, name, value string) span {
	b := &g.batch
	from := len(b.text)
	named, added := false, name == ""
	add := func(before string) { // what comes before this label; the name stands before le and quantile
		if !named && nameLabel < before {
			b.text, named = gone.AppendPart(gone.AppendPart(b.text, nameLabel, ""), g.shape.Name, suffix), true
		}
		if !added && name < before {
			b.text, added = gone.AppendLabel(b.text, name, value), true
		}
	}
	for i := range g.labels {
		add(g.labels[i].Name)
		b.text = gone.AppendLabel(b.text, g.labels[i].Name, g.labels[i].Value)
	}
	add("\xff") // which no name is greater than
	return span{from, len(b.text)}
}

// nameLabel is the label that has the name of a series.
const nameLabel = "__name__"

// setNumbers sets the bounds or quantiles of the series under way. They are mostly those of the
// series before.
func (g *gatherer) setNumbers(numbers []float64) {
	if slices.Equal(g.shape.Numbers, numbers) && len(g.numbers) == len(numbers) {
		return
	}
	g.shape.Numbers, g.numbers = append(g.shape.Numbers[:0], numbers...), g.numbers[:0]
	for _, v := range numbers {
		g.numbers = append(g.numbers, numberOf(v))
	}
}

// number returns the label value of a bound or a quantile. After the last bound comes +Inf.
func (g *gatherer) number(i int) string {
	if i < len(g.numbers) {
		return g.numbers[i]
	}
	return "+Inf"
}

// numberOf returns a number as Prometheus 3 stores it in the labels le and quantile, whatever the
// format of the page: with a point or an exponent.
func numberOf(v float64) string {
	text := strconv.FormatFloat(v, 'g', -1, 64)
	if !strings.ContainsAny(text, ".eIN") {
		text += ".0"
	}
	return text
}
