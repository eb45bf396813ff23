// SPDX-License-Identifier: Apache-2.0

package meter

import (
	"context"
	"fmt"
	"slices"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/embedded"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
)

// int64Observable is an observable instrument of any kind. The interface that it embeds is nil: it
// has the methods that only the API itself can define, and that nobody calls.
type int64Observable struct {
	metric.Int64Observable
	embedded.Int64ObservableCounter
	embedded.Int64ObservableUpDownCounter
	embedded.Int64ObservableGauge
	*instrument
}

type float64Observable struct {
	metric.Float64Observable
	embedded.Float64ObservableCounter
	embedded.Float64ObservableUpDownCounter
	embedded.Float64ObservableGauge
	*instrument
}

// stream is one metric of an observable instrument, and of those of other meters with the same
// labels.
type stream struct {
	name, help string
	typ        encode.Type
	adds       bool           // observations of one set are added up; otherwise the last one counts
	labels     []engine.Label // of the meter
	keep       attribute.Filter
}

func newStream(name string, d definition, m *meter) *stream {
	return &stream{
		name: name, help: d.help, typ: kinds[d.kind].typ, adds: d.kind != observableGaugeKind, keep: d.keep,
		labels: appendLabels(appendLabels(nil, m.consts), m.labels),
	}
}

// int64Observable creates an instrument with its callbacks. If it is there already, it keeps the
// callbacks that it has: [meter.RegisterCallback] adds others.
func (m *meter) int64Observable(d definition, callbacks []metric.Int64Callback) (*int64Observable, error) {
	i, err := m.instrument(d)
	if i.takesCallbacks(len(callbacks)) {
		for _, f := range callbacks {
			m.provider.source.add(&callback{name: d.name, run: func(ctx context.Context, c *call) error {
				return f(ctx, &int64Observer{observer: observer{call: c, instrument: i}})
			}})
		}
	}
	return &int64Observable{instrument: i}, err
}

func (m *meter) float64Observable(d definition, callbacks []metric.Float64Callback) (*float64Observable, error) {
	i, err := m.instrument(d)
	if i.takesCallbacks(len(callbacks)) {
		for _, f := range callbacks {
			m.provider.source.add(&callback{name: d.name, run: func(ctx context.Context, c *call) error {
				return f(ctx, &float64Observer{observer: observer{call: c, instrument: i}})
			}})
		}
	}
	return &float64Observable{instrument: i}, err
}

// takesCallbacks reports whether the instrument has metrics and no callbacks yet, if there are any.
func (i *instrument) takesCallbacks(n int) bool {
	i.meter.provider.mu.Lock()
	defer i.meter.provider.mu.Unlock()
	if n == 0 || i.called || !i.enabled() {
		return false
	}
	i.called = true
	return true
}

// instrumentOf returns the instrument behind an observable of this package, or nil.
func instrumentOf(o metric.Observable) *instrument {
	switch o := o.(type) {
	case *int64Observable:
		return o.instrument
	case *float64Observable:
		return o.instrument
	}
	return nil
}

// RegisterCallback calls f at each collection, until the registration is undone. f may observe
// these instruments, which must be of this meter.
func (m *meter) RegisterCallback(f metric.Callback, instruments ...metric.Observable) (metric.Registration, error) {
	if f == nil {
		return &registration{}, fmt.Errorf("quipu: RegisterCallback: %w: the function is nil", ErrCallback)
	}
	var known []*instrument
	for n, o := range instruments {
		i := instrumentOf(o)
		if i == nil || i.meter != m {
			return &registration{}, fmt.Errorf("quipu: RegisterCallback: %w: instrument %d is not of the meter %q",
				ErrCallback, n+1, m.scope.name)
		}
		known = append(known, i)
	}
	c := &callback{name: "of the meter " + m.scope.name, run: func(ctx context.Context, c *call) error {
		return f(ctx, &multiObserver{call: c, instruments: known})
	}}
	m.provider.source.add(c)
	return &registration{source: m.provider.source, callback: c}, nil
}

// registration is a metric.Registration. Without a source it stands for none.
type registration struct {
	embedded.Registration
	source   *source
	callback *callback
}

// Unregister ends the calls of the callback. One that is under way goes on.
func (r *registration) Unregister() error {
	if r.source != nil {
		r.source.remove(r.callback)
	}
	return nil
}

// observer takes the observations of one instrument in one call of its callback.
type observer struct {
	call       *call
	instrument *instrument
}

type int64Observer struct {
	embedded.Int64Observer
	observer
}

func (o *int64Observer) Observe(n int64, options ...metric.ObserveOption) {
	o.call.observe(o.instrument, float64(n), options)
}

type float64Observer struct {
	embedded.Float64Observer
	observer
}

func (o *float64Observer) Observe(v float64, options ...metric.ObserveOption) {
	o.call.observe(o.instrument, v, options)
}

// multiObserver takes the observations of several instruments.
type multiObserver struct {
	embedded.Observer
	call        *call
	instruments []*instrument
}

func (o *multiObserver) ObserveInt64(of metric.Int64Observable, n int64, options ...metric.ObserveOption) {
	o.observe(of, float64(n), options)
}

func (o *multiObserver) ObserveFloat64(of metric.Float64Observable, v float64, options ...metric.ObserveOption) {
	o.observe(of, v, options)
}

func (o *multiObserver) observe(of metric.Observable, v float64, options []metric.ObserveOption) {
	i := instrumentOf(of)
	if i == nil || !slices.Contains(o.instruments, i) {
		otel.Handle(fmt.Errorf("quipu: an observation was dropped: %w: it is not registered for the instrument",
			ErrCallback))
		return
	}
	o.call.observe(i, v, options)
}
