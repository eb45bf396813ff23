// SPDX-License-Identifier: Apache-2.0

package parsers

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

// In the past a counter had another name in OpenMetrics than elsewhere, and an infinity another sum
// in protobuf.
func TestTwoHundredRandomRegistriesReadTheSameInEveryFormat(t *testing.T) {
	samples, unknown := 0, 0
	for seed := range uint64(200) {
		reg := randomRegistry(t, seed)
		want := readAs(t, reg, engine.Exposition{Format: encode.Text})
		samples += len(want)
		for _, e := range []engine.Exposition{
			{Format: encode.OpenMetrics}, {Format: encode.OpenMetrics, Created: true},
			{Format: encode.Protobuf}, {Format: encode.Protobuf, WholeFamilies: true},
		} {
			got := readAs(t, reg, e)
			for key, sample := range want {
				have, ok := got[key]
				require.True(t, ok, "seed %d: %v has no %s", seed, e.Format, key)
				require.True(t, sameFloat(sample.Value, have.Value), "seed %d: %s is %v in text, %v in %v", seed, key,
					sample.Value,
					have.Value, e.Format)
				if e.Format == encode.OpenMetrics && have.Type != sample.Type {
					require.Equal(t, []string{"counter", "unknown"}, []string{sample.Type, have.Type}, key)
					unknown++
					continue
				}
				require.Equal(t, sample.Type, have.Type, key)
			}
			for key := range got {
				require.Contains(t, want, key, "seed %d: %v has more than text", seed, e.Format)
			}
		}
	}
	require.Greater(t, samples, 10_000, "the registries have something in them")
	require.Greater(t, unknown, 100, "and counters that OpenMetrics does not know as such")
}

// readAs reads a page and returns its samples by name and labels, without the registry's own
// metrics and creation times. It replaces a native histogram without other buckets by the samples
// that the text formats show of it.
func readAs(t *testing.T, reg *engine.Registry, e engine.Exposition) map[string]Sample {
	t.Helper()
	var page bytes.Buffer
	e.NoSelf = true
	_, err := reg.Expose(&page, e)
	require.NoError(t, err)
	list, err := Parse(page.Bytes(), e.Format.ContentType())
	require.NoError(t, err, "%v\n%s", e.Format, page.Bytes())
	samples, natives := map[string]Sample{}, []Sample{}
	for _, s := range list {
		switch {
		case s.Native != nil:
			natives = append(natives, s)
		case e.Created && strings.HasSuffix(s.Name, "_created"): // no random metric has such a name
		default:
			samples[s.Key()] = s
		}
	}
	for _, n := range natives {
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			s := Sample{Name: n.Name + suffix, Labels: maps.Clone(n.Labels),
				Value: float64(n.Native.Count), Type: n.Type}
			switch suffix {
			case "_bucket":
				s.Labels["le"] = "+Inf"
			case "_sum":
				s.Value = n.Native.Sum
			}
			if have, ok := samples[s.Key()]; ok {
				require.True(t, sameFloat(s.Value, have.Value),
					"%s: classic %v, native %v", s.Key(), have.Value, s.Value)
			}
			samples[s.Key()] = s
		}
	}
	return samples
}

// randomRegistry makes a registry of metrics of every kind. Many of their names, labels and values
// are awkward. A metric that cannot be defined because its name is taken is left out.
func randomRegistry(t *testing.T, seed uint64) *engine.Registry {
	t.Helper()
	g := newGenerator(seed)
	var options []engine.RegistryOption
	if g.IntN(3) == 0 {
		options = append(options, engine.WithPrefix("app_"))
	}
	if g.IntN(2) == 0 {
		options = append(options, engine.WithConstLabels(engine.Labels{"zone": g.text(), "a": "the registry's"}))
	}
	now := time.Unix(1_700_000_000, 0)
	reg := engine.NewRegistry(append(options, engine.WithClock(func() time.Time { return now }),
		engine.WithLogger(slog.New(slog.DiscardHandler)))...)
	for range 8 + g.IntN(16) {
		if err := g.define(reg); err != nil {
			require.True(t, errors.Is(err, engine.ErrTaken), err.Error())
		}
	}
	return reg
}

// define defines a random metric and updates it.
func (g *generator) define(reg *engine.Registry) error {
	suffixes := []string{"", "", "_total", "_total", "_seconds", "_info", "_count", "_total_total"}
	name := fmt.Sprintf("m%d%s", g.IntN(6), suffixes[g.IntN(len(suffixes))]) // few names, so that they meet
	var labels []string
	if n := g.IntN(4); n > 0 {
		labels = []string{"a", "b", "c"}[:n-1]
	}
	var options []engine.MetricOption
	if g.IntN(2) == 0 {
		options = append(options, engine.WithConstLabels(engine.Labels{"part": fmt.Sprint(g.IntN(4))}))
	}
	set := func(i int) engine.Labels {
		if labels == nil {
			return engine.Labels{"open": fmt.Sprint(i), fmt.Sprintf("l%d", g.IntN(3)): g.text()}
		}
		set := engine.Labels{}
		for _, name := range labels {
			set[name] = g.text()
		}
		return set
	}
	const help = "H."
	series := g.IntN(6)
	switch g.IntN(7) {
	case 0:
		v, err := reg.NewCounterVec(name, help, labels, options...)
		for i := range series {
			if err == nil {
				c := v.WithLabels(set(i))
				c.Add(float64(g.uint()))
				c.Add(max(0, g.float()))
				c.AddWithExemplar(1, engine.Labels{"id": fmt.Sprint(i)})
			}
		}
		return err
	case 1:
		v, err := reg.NewGaugeVec(name, help, labels, options...)
		for i := range series {
			if err == nil {
				v.WithLabels(set(i)).Set(g.float())
			}
		}
		return err
	case 2, 3:
		switch g.IntN(3) {
		case 0:
			options = append(options, engine.WithBuckets(-1, 0, 0.3, 1e6))
		case 1:
			options = append(options, engine.WithNative(histogram.NativeDefaults()))
		default:
			options = append(options, engine.WithBuckets(0.1, 10), engine.WithNative(histogram.NativeDefaults()))
		}
		v, err := reg.NewHistogramVec(name, help, labels, options...)
		for i := range series {
			if err != nil {
				break
			}
			h := v.WithLabels(set(i))
			for range g.IntN(20) {
				h.Observe(g.float())
			}
			h.ObserveWithExemplar(1, engine.Labels{"id": fmt.Sprint(i)})
		}
		return err
	case 4:
		v, err := reg.NewSummaryVec(name, help, labels, options...)
		for i := range series {
			if err != nil {
				break
			}
			s := v.WithLabels(set(i))
			for range g.IntN(50) {
				s.Observe(g.float())
			}
		}
		return err
	case 5:
		value := g.float()
		_, err := reg.NewGaugeFunc(name, help, func() float64 { return value }, options...)
		return err
	default:
		return reg.Register(&randomCollector{name: name, value: max(0, g.float()),
			counts: []uint64{g.uint() >> 2, g.uint() >> 2}, options: options})
	}
}

// randomCollector emits a counter and a histogram.
type randomCollector struct {
	name               string
	value              float64
	counts             []uint64
	options            []engine.MetricOption
	counter, histogram engine.Collected
}

func (c *randomCollector) Define(d *engine.Definitions) {
	c.counter = d.Counter(c.name, "H.", []string{"row"}, c.options...)
	c.histogram = d.Histogram(c.name+"_buckets", "H.", nil, append(c.options, engine.WithBuckets(1))...)
}

func (c *randomCollector) Collect(e *engine.Emission) {
	for _, row := range []string{"", "1", "\n"} {
		e.Emit(c.counter, c.value, row)
	}
	e.EmitHistogram(c.histogram, c.counts, c.value)
}
