// SPDX-License-Identifier: Apache-2.0

package prometheus

import (
	"time"
	"unsafe"

	client "github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/quipu-metrics/quipu/atomicf"
	"github.com/quipu-metrics/quipu/contrib/clientgolang/internal/page"
	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/shard"
)

// gauge implements [Gauge]. The node of its series stands first, as in a counter.
type gauge struct {
	series
	level atomicf.Level
}

var gauges = kind{
	message: dto.MetricType_GAUGE, text: encode.Gauge,
	cell: func(n *shard.Node) cell { return gaugeOf(n) },
	newNode: func(f *family) *shard.Node {
		g := &gauge{series: newSeries(f)}
		return &g.Node
	},
}

func gaugeOf(n *shard.Node) *gauge { return (*gauge)(unsafe.Pointer(n)) }

// NewGauge returns a gauge without variable labels: see [NewCounter].
func NewGauge(opts GaugeOpts) Gauge {
	if f := newFamily(&gauges, definition{Opts: Opts(opts), variable: UnconstrainedLabels(nil)}); f != nil {
		return f.only.(*gauge)
	}
	return client.NewGauge(opts)
}

// These methods implement [Gauge].

func (g *gauge) Set(v float64)     { g.level.Set(v) }
func (g *gauge) Inc()              { g.level.Inc() }
func (g *gauge) Dec()              { g.level.Dec() }
func (g *gauge) Add(v float64)     { g.level.Add(v) }
func (g *gauge) Sub(v float64)     { g.level.Add(-v) }
func (g *gauge) SetToCurrentTime() { g.level.Set(float64(time.Now().UnixNano()) / 1e9) }

// Collect implements [Collector].
func (g *gauge) Collect(ch chan<- Metric) { ch <- g }

// Write implements [Metric].
func (g *gauge) Write(m *dto.Metric) error { return g.write(m, g) }

func (g *gauge) fill(m *dto.Metric, b *builder) {
	m.Gauge = b.gauges.One()
	m.Gauge.Value = b.floats.Of(g.level.Load())
}

func (g *gauge) appendTo(w *page.Writer, enc *encode.Family, labels string) {
	w.Buf = enc.AppendGauge(w.Buf, w.Format, labels, g.level.Load())
}

// GaugeVec is a gauge with variable labels. All methods may be called concurrently.
type GaugeVec struct{ vec }

// NewGaugeVec returns a gauge with these variable labels.
func NewGaugeVec(opts GaugeOpts, labelNames []string) *GaugeVec {
	return V2.NewGaugeVec(GaugeVecOpts{GaugeOpts: opts, VariableLabels: UnconstrainedLabels(labelNames)})
}

// NewGaugeVec returns a gauge with labels that may have constraints.
func (v2) NewGaugeVec(opts GaugeVecOpts) *GaugeVec {
	f := newFamily(&gauges, definition{Opts: Opts(opts.GaugeOpts), variable: opts.VariableLabels, vec: true})
	if f == nil {
		return &GaugeVec{vec{theirs: client.V2.NewGaugeVec(opts).MetricVec}}
	}
	return &GaugeVec{newVec(f)}
}

// WithLabelValues returns the gauge with these label values: see [CounterVec.WithLabelValues].
func (v *GaugeVec) WithLabelValues(lvs ...string) Gauge {
	if n := v.find(lvs); n != nil {
		return gaugeOf(n)
	}
	return must(v.GetMetricWithLabelValues(copied(lvs)...))
}

// GetMetricWithLabelValues is WithLabelValues with an error in the place of the panic.
func (v *GaugeVec) GetMetricWithLabelValues(lvs ...string) (Gauge, error) {
	return as[Gauge](v.get(lvs))
}

// With is WithLabelValues with a map from names to values, which it does not keep.
func (v *GaugeVec) With(labels Labels) Gauge {
	if n := v.findSet(labels); n != nil {
		return gaugeOf(n)
	}
	return must(v.GetMetricWith(copiedSet(labels)))
}

// GetMetricWith is With. It returns an error where With panics.
func (v *GaugeVec) GetMetricWith(labels Labels) (Gauge, error) { return as[Gauge](v.getSet(labels)) }

// CurryWith returns the Vec with the values of some labels fixed: see [CounterVec.CurryWith].
func (v *GaugeVec) CurryWith(labels Labels) (*GaugeVec, error) {
	c, err := v.curry(labels)
	if err != nil {
		return nil, err
	}
	return &GaugeVec{c}, nil
}

// MustCurryWith is CurryWith. It panics where CurryWith returns an error.
func (v *GaugeVec) MustCurryWith(labels Labels) *GaugeVec { return must(v.CurryWith(labels)) }
