// SPDX-License-Identifier: Apache-2.0

package meter

import (
	"context"
	"fmt"
	"maps"
	"sync"

	"github.com/prometheus/otlptranslator"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/embedded"

	"github.com/quipu-metrics/quipu/contrib/otel/internal/naming"
	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
)

// Provider is a metric.MeterProvider whose instruments are metrics of a registry. All methods may
// be called concurrently, and so may those of its meters and instruments.
type Provider struct {
	embedded.MeterProvider

	registry *engine.Registry
	settings settings
	namer    *naming.Namer
	consts   engine.Labels // of the resource, for all series
	source   *source
	spans    spans
	overflow engine.Label // of the series that takes sets beyond a limit

	mu       sync.Mutex
	meters   map[scope]*meter
	families map[string]family   // by name
	owners   map[owner]ownership // of the parts of families
	streams  map[owner]*stream   // of observable instruments
	lost     *engine.CounterVec  // nil until a measurement is lost
}

// scope identifies a meter.
type scope struct {
	name, version, schema string
	attributes            attribute.Set
}

// family is what all metrics of one name have in common, as pages show them together.
type family struct {
	typ  encode.Type
	help string // the first one that was given
}

// owner is a part of a family: the series with these labels of a meter.
type owner struct{ family, meter string }

// ownership is who may have a part of a family.
type ownership struct {
	kind kind
	unit string
}

// NewProvider returns a provider on a registry, and attaches a source to the registry: that of
// observable instruments and of target_info. Several providers on one registry are possible, if
// their series differ.
func NewProvider(reg *engine.Registry, options ...Option) (*Provider, error) {
	p := &Provider{
		registry: reg,
		settings: settings{strategy: otlptranslator.UnderscoreEscapingWithSuffixes},
		consts:   engine.Labels{},
		meters:   make(map[scope]*meter),
		families: make(map[string]family),
		owners:   make(map[owner]ownership),
		streams:  make(map[owner]*stream),
	}
	if reg == nil {
		return nil, fmt.Errorf("quipu: OpenTelemetry: %w: the registry is nil", ErrOption)
	}
	for i, option := range options {
		err := fmt.Errorf("%w: option %d is nil", ErrOption, i+1)
		if option != nil {
			err = option(&p.settings)
		}
		if err != nil {
			return nil, fmt.Errorf("quipu: OpenTelemetry: %w", err)
		}
	}
	p.namer = naming.New(p.settings.strategy)
	if err := p.open(); err != nil {
		return nil, fmt.Errorf("quipu: OpenTelemetry: %w", err)
	}
	return p, nil
}

// overflowSet is the set of the series that takes the measurements of all sets beyond a limit, as
// OpenTelemetry specifies it.
var overflowSet = attribute.NewSet(attribute.Bool("otel.metric.overflow", true))

// open translates the resource and attaches the source.
func (p *Provider) open() error {
	p.source = &source{namer: p.namer}
	overflow := engine.Labels{}
	if err := p.namer.AddLabels(overflow, "", overflowSet); err != nil {
		return err
	}
	p.overflow = appendLabels(nil, overflow)[0]
	if set := p.settings.resource; set != nil {
		p.source.target = engine.Labels{}
		if err := p.namer.AddLabels(p.source.target, "", *set); err != nil {
			return fmt.Errorf("%w: WithResource: %w", ErrOption, err)
		}
		if keep := p.settings.resourceLabels; keep != nil {
			kept, _ := set.Filter(keep)
			if err := p.namer.AddLabels(p.consts, "", kept); err != nil {
				return fmt.Errorf("%w: WithResourceLabels: %w", ErrOption, err)
			}
		}
	}
	return p.registry.Attach(p.source)
}

// Meter returns the meter of an instrumentation scope: the same one for the same name, version,
// schema URL and attributes.
func (p *Provider) Meter(name string, options ...metric.MeterOption) metric.Meter {
	c := metric.NewMeterConfig(options...)
	s := scope{name, c.InstrumentationVersion(), c.SchemaURL(), c.InstrumentationAttributes()}
	p.mu.Lock()
	defer p.mu.Unlock()
	m := p.meters[s]
	if m == nil {
		m = &meter{provider: p, scope: s, instruments: make(map[instrumentKey]*instrument)}
		m.err = m.label()
		p.meters[s] = m
	}
	return m
}

const scopePrefix = "otel_scope_"

// label sets the labels that the series of a meter have. Name, version and schema URL are constant
// labels, also those without a value: they tell meters apart of which one has a version and another
// one has none. Attributes cannot be, because two meters may have different ones.
func (m *meter) label() error {
	p, s := m.provider, m.scope
	m.consts, m.labels = maps.Clone(p.consts), engine.Labels{}
	if p.settings.noScope {
		return nil
	}
	if err := p.namer.AddLabels(m.labels, scopePrefix, s.attributes); err != nil {
		return fmt.Errorf("attributes of the meter %q: %w", s.name, err)
	}
	for name, value := range (engine.Labels{"name": s.name, "version": s.version, "schema_url": s.schema}) {
		delete(m.labels, scopePrefix+name)
		m.consts[scopePrefix+name] = value
	}
	return nil
}

// Shutdown ends the collection of observable instruments: no callback begins after it, and
// target_info leaves the pages. Metrics of synchronous instruments stay in the registry. It never
// fails; its form is that of the SDK's provider.
func (p *Provider) Shutdown(context.Context) error {
	p.registry.Detach(p.source)
	return nil
}
