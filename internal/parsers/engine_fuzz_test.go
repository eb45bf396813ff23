// SPDX-License-Identifier: Apache-2.0

package parsers

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

// FuzzEngine defines metrics of every type with any names and texts. If the engine accepts a
// definition, every parser must read it back from a page of every format. A refused definition must
// leave nothing behind.
func FuzzEngine(f *testing.F) {
	for i, text := range hostile[:len(hostile)-1] { // the last one would only make the fuzzer slow
		f.Add("name", "label", text, hostile[(i+5)%len(hostile)], hostile[(i+9)%len(hostile)], float64(i)/8)
	}
	for i, name := range []string{"", "_", ":", "a:b", "1a", "\u00fc", "a b", "a\n", "__a", "a_total",
		"a_bucket", "a_count", "a_sum",
		"a_created", "a_info", "_total", "total", "le", "quantile", "quipu_series", "job", "overflow"} {
		v := []float64{0, math.Copysign(0, -1), 1, -1, 0.1, 5e-324, math.MaxFloat64, 1 << 53,
			math.NaN(), math.Inf(1), math.Inf(-1)}[i%11]
		f.Add(name, "label", "value", "other", "help", v)
		f.Add("name", name, "value", "other", "help", v)
	}
	f.Fuzz(func(t *testing.T, name, label, value, other, help string, v float64) {
		b := newBook(t)
		b.fuzzed(name, label, value, other, help, v)
		for _, format := range formats {
			page := b.expose(engine.Exposition{Format: format, NoSelf: true})
			require.Empty(t, b.compare(page, format, format.ContentType()))
			if format == encode.Protobuf {
				checkNativeExemplars(t, b.families(format), page)
			}
		}
	})
}

// fuzzed defines, where possible, one metric of each type, declared and open, and one of the types
// under the bare name.
func (b *book) fuzzed(name, label, value, other, help string, v float64) {
	values := []string{value, other, value + other}
	consts := engine.Labels{"const": other}
	option := engine.WithConstLabels(consts)
	if c, err := b.reg.NewCounterVec(name, help, []string{label}, option); err == nil {
		e := b.define(encode.Counter, name, help, "", nil, consts)
		for _, text := range values {
			one := c.With(text)
			l := b.enter(e, false, one, label, text)
			one.Add(math.Abs(v)) // a NaN is dropped
			if trace := (engine.Labels{"id": text}); len(text) < 60 {
				one.AddWithExemplar(2, trace)
				b.exemplar(e, l, 2, trace)
			}
		}
	}
	if g, err := b.reg.NewGaugeVec(name+"_g", help, nil, option); err == nil {
		e := b.define(encode.Gauge, name+"_g", help, "", nil, consts)
		for _, text := range values {
			if encode.ValidLabelName(label) && label[0] != '_' && label != "const" {
				one := g.WithLabels(engine.Labels{label: text, "z": other})
				b.enter(e, true, one, label, text, "z", other)
				one.Set(v)
			}
		}
	}
	if math.IsNaN(v) || math.IsInf(v, 0) || math.Abs(v) > 1e300 {
		v = 7
	}
	if v == 0 {
		v = 0 // a bound of -0 is one of 0
	}
	bounds := []float64{v - math.Abs(v) - 1, v, v + math.Abs(v) + 1}
	for _, native := range []bool{false, true} {
		full, options := name+"_h", []engine.MetricOption{option, engine.WithBuckets(bounds...)}
		if native {
			full, options = name+"_n", append(options, engine.WithNative(histogram.NativeDefaults()))
		}
		h, err := b.reg.NewHistogramVec(full, help, []string{"z", label}, options...)
		if err != nil {
			continue
		}
		e := b.define(encode.Histogram, full, help, "", bounds, consts)
		for _, text := range values {
			one := h.With(other, text)
			l := b.enter(e, false, one, "z", other, label, text)
			one.Observe(v)
			one.Observe(-v)
			one.ObserveWithExemplar(v, engine.Labels{})
			b.exemplar(e, l, v, engine.Labels{})
		}
	}
	objectives := engine.WithObjectives(map[float64]float64{0.5: 0.1})
	if s, err := b.reg.NewSummary(name+"_s", help, option, objectives); err == nil {
		b.enter(b.define(encode.Summary, name+"_s", help, "", []float64{0.5}, consts), false, s)
		s.Observe(v)
	}
	// A collision must not spoil the metrics that exist, and a failed definition must not leave
	// half of itself behind.
	_, err := b.reg.NewGauge(name, help)
	if err == nil {
		require.NotContains(b.t, b.entries, name)
		require.True(b.t, b.reg.Unregister(name))
	}
}
