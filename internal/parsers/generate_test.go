// SPDX-License-Identifier: Apache-2.0

package parsers

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/quipu-metrics/quipu/encode"
)

// family is a generated family: the input of the encoder and, by an independent path, the expected
// output of a parser.
type family struct {
	name, help, unit string
	typ              encode.Type
	unknown          bool // OpenMetrics shows this counter as unknown in spite of its _total
	bounds           []float64
	series           []series
}

type series struct {
	labels    map[string]string
	names     []string // the order of labels
	millis    int64    // the time of the value, 0 for that of the scrape
	gauge     float64
	counter   encode.CounterSample
	histogram encode.HistogramSample
	summary   encode.SummarySample
}

// generator makes families from a seed. Its texts include those that the fuzzer came up with.
type generator struct {
	*rand.Rand
	texts []string
	names []string // parts of names that need quotes; nil for other names

	// What the fuzzer came up with for a source.
	sourceNames, sourceLabels []string
	sourceValues              []float64
}

func newGenerator(seed uint64, texts ...string) *generator {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 7)), texts: []string{
		"plain", "", "\n", `"`, `\`, `\n`, `ends in \`, "\t", "a\x00b", "\r", "\u00fc\u20ac\U0001d11e", "} 1\n# EOF",
		`",x="1`, " # {a=\"b\"} 1", "\u2028", "\uFFFD", "a,b=c{d}", strings.Repeat(`long\`, 100),
	}}
	for _, s := range texts {
		g.texts = append(g.texts, strings.ToValidUTF8(s, "\ufffd"), strings.ToValidUTF8(s, "\ufffd"))
	}
	return g
}

// name makes a name of one without quotes, and keeps it apart from others, however it is escaped.
func (g *generator) name(plain string) string {
	if g.names == nil || g.IntN(4) == 0 {
		return plain
	}
	return plain + g.names[g.IntN(len(g.names))]
}

func (g *generator) text() string { return g.texts[g.IntN(len(g.texts))] }

func (g *generator) float() float64 {
	special := []float64{0, math.Copysign(0, -1), 1, -1, 0.1, 1e6, 5e-324, 1 << 53, 1<<53 - 1,
		math.MaxFloat64, math.NaN(),
		math.Inf(1), math.Inf(-1), 1700000000.123}
	switch g.IntN(4) {
	case 0:
		return special[g.IntN(len(special))]
	case 1:
		return float64(g.IntN(1e9)) / math.Pow10(g.IntN(9))
	case 2:
		return math.Float64frombits(g.Uint64())
	default:
		return float64(g.IntN(1e6))
	}
}

func (g *generator) uint() uint64 {
	if g.IntN(8) == 0 {
		return g.Uint64() >> g.IntN(64)
	}
	return g.Uint64N(1e6)
}

// time returns a time in quarters of a second, which are exact in doubles, in milliseconds and in
// microseconds, or 0.
func (g *generator) time() float64 {
	if g.IntN(2) == 0 {
		return 0
	}
	return float64(1_700_000_000+g.IntN(1e6)) + float64(g.IntN(4))/4
}

func (g *generator) exemplar() *encode.Exemplar {
	if g.IntN(3) > 0 {
		return nil
	}
	var l []byte
	for i := range g.IntN(3) {
		l = encode.AppendLabel(l, g.name(fmt.Sprintf("e%d", i)), g.text())
	}
	return &encode.Exemplar{Labels: string(l), Value: g.float(), Timestamp: g.time()}
}

func (g *generator) families(n int) []family {
	suffixes := []string{"", "_total", "_info", "_seconds", "_bytes_total"}
	units := []string{"", "seconds", "bytes"}
	out := make([]family, n)
	for i := range out {
		f := family{
			name: g.name(fmt.Sprintf("f%d:x_%d", i, i)) + suffixes[g.IntN(len(suffixes))],
			help: g.text(), unit: units[g.IntN(len(units))], typ: encode.Type(g.IntN(7)),
		}
		switch f.typ {
		case encode.Counter:
			f.unknown = g.IntN(4) == 0
		case encode.Histogram:
			bound := -5.0
			for range g.IntN(5) {
				bound += float64(g.IntN(1e4)+1) / 100
				f.bounds = append(f.bounds, bound)
			}
		case encode.Summary:
			f.bounds = []float64{0, 0.5, 0.99, 1}[g.IntN(4):]
		}
		for j := range 1 + g.IntN(4) {
			f.series = append(f.series, g.one(&f, j))
		}
		out[i] = f
	}
	return out
}

func (g *generator) one(f *family, j int) series {
	s := series{labels: map[string]string{}, gauge: g.float()}
	if j > 0 {
		s.names = []string{"series"}
		s.labels["series"] = strconv.Itoa(j)
		for i := range g.IntN(4) {
			name := g.name(fmt.Sprintf("_l%d", i))
			s.names, s.labels[name] = append(s.names, name), g.text()
		}
	}
	s.counter = encode.CounterSample{Int: g.uint(), Created: g.time(), Exemplar: g.exemplar()}
	if g.IntN(2) == 0 {
		s.counter.Frac = g.Float64()
	}
	s.summary = encode.SummarySample{Count: g.uint(), Sum: g.float(), Created: g.time()}
	for range f.bounds {
		s.summary.Quantiles = append(s.summary.Quantiles, g.float())
	}
	s.histogram = encode.HistogramSample{Sum: g.float(), Created: g.time()}
	classic := g.IntN(3) > 0
	if classic {
		for range len(f.bounds) + 1 {
			s.histogram.Counts = append(s.histogram.Counts, g.Uint64N(1e6))
			s.histogram.Exemplars = append(s.histogram.Exemplars, g.exemplar())
		}
	}
	if g.IntN(2) == 0 || !classic {
		s.histogram.Native = g.native()
		if classic {
			// One count and one sum serve both.
			for i := range s.histogram.Counts {
				s.histogram.Counts[i] = 0
			}
			s.histogram.Counts[0] = s.histogram.Native.Count
			s.histogram.Sum = s.histogram.Native.Sum
		}
	}
	return s
}

func (g *generator) native() *encode.NativeSample {
	n := &encode.NativeSample{Schema: int32(g.IntN(13) - 4), Sum: g.float()}
	if g.IntN(2) == 0 {
		n.ZeroThreshold, n.ZeroCount = 1e-9, g.Uint64N(1000)
	}
	n.Count = n.ZeroCount
	for _, side := range []*encode.Buckets{&n.Positive, &n.Negative} {
		last := int64(0)
		for i := range g.IntN(4) {
			span := encode.Span{Offset: int32(g.IntN(300)), Length: uint32(1 + g.IntN(40))}
			if i == 0 {
				span.Offset -= 150
			}
			side.Spans = append(side.Spans, span)
			for range span.Length {
				count := int64(g.IntN(1000))
				side.Deltas = append(side.Deltas, count-last)
				last = count
				n.Count += uint64(count)
			}
		}
	}
	for range g.IntN(3) {
		if e := g.exemplar(); e != nil {
			e.Timestamp = 1_700_000_000 // Prometheus drops exemplars without a time
			n.Exemplars = append(n.Exemplars, e)
		}
	}
	return n
}

// encodePage renders families. If piece is above zero, each family ends and continues after that
// many series.
func encodePage(families []family, format encode.Format, piece int) []byte {
	return encodeEscaped(families, format, piece, encode.NoEscaping)
}

func encodeEscaped(families []family, format encode.Format, piece int, escaping encode.Escaping) []byte {
	var dst []byte
	for i := range families {
		f := &families[i]
		ef := encode.NewFamily(f.name, f.help, f.unit, f.typ, f.bounds)
		if f.unknown {
			ef = encode.NewUnknownCounter(f.name, f.help, f.unit)
		}
		ef = ef.Escaped(escaping)
		start := len(dst)
		dst = ef.Begin(dst, format)
		for j := range f.series {
			if piece > 0 && j > 0 && j%piece == 0 {
				dst = ef.End(dst, start, format)
				start = len(dst)
				dst = ef.Continue(dst, format)
			}
			s := &f.series[j]
			var l []byte
			for _, name := range s.names {
				l = encode.AppendLabel(l, name, s.labels[name])
			}
			switch f.typ {
			case encode.Counter:
				dst = ef.AppendCounter(dst, format, string(l), &s.counter)
			case encode.Histogram:
				dst = ef.AppendHistogram(dst, format, string(l), &s.histogram)
			case encode.Summary:
				dst = ef.AppendSummary(dst, format, string(l), &s.summary)
			default:
				dst = ef.AppendGauge(dst, format, string(l), s.gauge)
			}
		}
		dst = ef.End(dst, start, format)
	}
	return encode.AppendTrailer(dst, format)
}
