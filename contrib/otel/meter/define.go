// SPDX-License-Identifier: Apache-2.0

package meter

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric/embedded"

	"github.com/quipu-metrics/quipu/engine"
)

// meter is a metric.Meter.
type meter struct {
	embedded.Meter

	provider *Provider
	scope    scope
	consts   engine.Labels // constant labels of its series
	labels   engine.Labels // further labels of its series: the attributes of the scope
	err      error         // of the scope: no instrument can be shown

	instruments map[instrumentKey]*instrument // guarded by Provider.mu
}

// instrumentKey identifies an instrument of a meter. Names that differ in case only are the same.
// Descriptions, advice and types of numbers do not matter: the first ones hold.
type instrumentKey struct {
	kind       kind
	name, unit string
}

// instrument is what the instruments of one key share: a stream for each metric. Streams of one
// kind stand in one of the lists.
type instrument struct {
	meter *meter
	key   instrumentKey
	err   error

	counters   []*handles[engine.Counter]
	gauges     []*handles[engine.Gauge]
	histograms []*handles[engine.Histogram]
	observed   []*stream

	// lost counts measurements, or is nil. It is there if the instrument has no metric because its
	// creation has failed.
	lost *engine.Counter

	spans *spans // of the provider

	metrics []string // the names of its metrics, those that views drop among them

	called bool // an observable instrument has had its callbacks
}

// enabled reports whether measurements go anywhere.
func (i *instrument) enabled() bool {
	return len(i.counters)+len(i.gauges)+len(i.histograms)+len(i.observed) > 0
}

// instrument returns the instrument of a definition, and creates it if there is none. With an error
// there is an instrument too. The first error is reported to OpenTelemetry's handler as well,
// because many libraries ignore it.
func (m *meter) instrument(d definition) (*instrument, error) {
	p := m.provider
	p.mu.Lock()
	defer p.mu.Unlock()
	key := instrumentKey{d.kind, strings.ToLower(d.name), d.unit}
	if i := m.instruments[key]; i != nil {
		return i, i.err
	}
	i := &instrument{meter: m, key: key, spans: &p.spans}
	err := errors.Join(m.err, checkName(d.name))
	if m.err == nil {
		err = errors.Join(err, m.addStreams(i, d))
	}
	if err != nil {
		i.err = fmt.Errorf("quipu: %v %q of the meter %q: %w", d.kind, d.name, m.scope.name, err)
		if !i.enabled() {
			i.lost = p.lostCounter(d.name)
		}
		otel.Handle(i.err)
	}
	m.instruments[key] = i
	return i, i.err
}

// addStreams defines the metrics of an instrument: one for each view that matches, if their names
// differ.
func (m *meter) addStreams(i *instrument, d definition) (err error) {
	matched := false
	for v := range m.provider.settings.views {
		view := &m.provider.settings.views[v]
		if !view.matches(m.scope.name, d.name) {
			continue
		}
		matched = true
		err = errors.Join(err, m.addStream(i, view.apply(d)))
	}
	if !matched {
		err = m.addStream(i, d)
	}
	return err
}

// addStream defines one metric.
func (m *meter) addStream(i *instrument, d definition) error {
	p := m.provider
	name, err := p.namer.Metric(d.name, d.unit, kinds[d.kind].naming)
	if err != nil {
		return err
	}
	if slices.Contains(i.metrics, name) {
		return nil // another view is about it: the first one holds
	}
	if d.drop {
		i.metrics = append(i.metrics, name)
		return nil
	}
	f, known := p.families[name]
	if !known {
		f = family{typ: kinds[d.kind].typ, help: d.help}
	}
	if f.typ != kinds[d.kind].typ {
		return fmt.Errorf("%w: %s is a %s already", ErrConflict, name, f.typ)
	}
	part, mine := m.part(name), ownership{d.kind, d.unit}
	if theirs, ok := p.owners[part]; ok && theirs != mine {
		return fmt.Errorf("%w: %s is that of the %v with the unit %q", ErrConflict, name, theirs.kind, theirs.unit)
	}
	d.help = f.help
	if err := m.define(i, name, d); err != nil {
		return err
	}
	i.metrics = append(i.metrics, name)
	p.families[name], p.owners[part] = f, mine
	return nil
}

// define makes the metric of a definition, which no other instrument is in the way of.
func (m *meter) define(i *instrument, name string, d definition) error {
	p := m.provider
	options := d.metricOptions(&p.settings, m.consts, p.overflow)
	switch d.kind {
	case counterKind:
		v, err := p.registry.NewCounterVec(name, d.help, nil, options...)
		if err != nil {
			return err
		}
		i.counters = append(i.counters, newHandles(p, d, m.labels, v.LookupLabels))
	case upDownCounterKind, gaugeKind:
		v, err := p.registry.NewGaugeVec(name, d.help, nil, options...)
		if err != nil {
			return err
		}
		i.gauges = append(i.gauges, newHandles(p, d, m.labels, v.LookupLabels))
	case histogramKind:
		v, err := p.registry.NewHistogramVec(name, d.help, nil, options...)
		if err != nil {
			return err
		}
		i.histograms = append(i.histograms, newHandles(p, d, m.labels, v.LookupLabels))
	default:
		part := m.part(name)
		if p.streams[part] == nil {
			p.streams[part] = newStream(name, d, m)
		}
		i.observed = append(i.observed, p.streams[part])
	}
	return nil
}

// part returns the part of a family that the meter has.
func (m *meter) part(family string) owner {
	return owner{family, fmt.Sprintf("%q %q", m.consts, m.labels)}
}

// lostCounter returns the counter of measurements that an instrument loses because its creation has
// failed. The caller holds the mutex.
func (p *Provider) lostCounter(instrument string) *engine.Counter {
	if p.lost == nil {
		const help = "Measurements of OpenTelemetry instruments that have no metric, because their creation failed."
		v, err := p.registry.NewCounterVec("quipu_otel_lost_measurements_total", help, []string{"instrument"})
		if err != nil {
			otel.Handle(err)
			return nil
		}
		p.lost = v
	}
	return p.lost.With(instrument)
}
