// SPDX-License-Identifier: Apache-2.0

package bridge

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/quipu-metrics/quipu/engine"
)

// Option configures [Gatherer] and [Collector].
type Option struct{ apply func(*reader) }

// WithoutSelf leaves out the metrics that a registry has about itself (quipu_...). It is needed
// where several quipu registries are registered with one registry of client_golang, which refuses
// names that are there twice.
func WithoutSelf() Option {
	return Option{func(r *reader) { r.options.NoSelf = true }}
}

// WithTimeout bounds how long a call waits for func metrics, collectors and sources of the
// registry, by default 2 seconds as for a page. client_golang passes no deadline on.
func WithTimeout(d time.Duration) Option {
	return Option{func(r *reader) { r.timeout = d }}
}

// reader reads a registry for client_golang.
type reader struct {
	registry *engine.Registry
	options  engine.ReadOptions
	timeout  time.Duration
}

func newReader(reg *engine.Registry, options []Option) *reader {
	r := &reader{registry: reg}
	r.options.WithoutSource = isBridge
	for _, o := range options {
		if o.apply != nil {
			o.apply(r)
		}
	}
	return r
}

// now returns the options of a loop that begins now.
func (r *reader) now() engine.ReadOptions {
	o := r.options
	if r.timeout > 0 {
		o.Deadline = time.Now().Add(r.timeout)
	}
	return o
}

// Gatherer returns a gatherer of the families that a page of the registry shows, except for those
// that [Attach] has brought. They are sorted as client_golang sorts them, and belong to the caller.
// Gather may be called concurrently with anything, and never returns an error: what a page would
// lack is missing, and counted by the registry.
func Gatherer(reg *engine.Registry, options ...Option) prometheus.Gatherer {
	return (*gatherer)(newReader(reg, options))
}

type gatherer reader

// Gather implements [prometheus.Gatherer].
func (g *gatherer) Gather() ([]*dto.MetricFamily, error) {
	r := (*reader)(g)
	var families []*dto.MetricFamily
	var b builder
	for f := range r.registry.Read(r.now()) {
		family := &dto.MetricFamily{Type: messageType(f.Type()).Enum(), Name: new(strings.Clone(f.Name()))}
		family.Help = new(strings.Clone(f.Help()))
		if unit := f.Unit(); unit != "" {
			family.Unit = new(strings.Clone(unit))
		}
		for s := range f.Samples() {
			family.Metric = append(family.Metric, b.metric(f.Type(), s))
		}
		if len(family.Metric) == 0 {
			continue
		}
		slices.SortStableFunc(family.Metric, compare)
		families = append(families, family)
	}
	slices.SortFunc(families, func(a, b *dto.MetricFamily) int { return strings.Compare(a.GetName(), b.GetName()) })
	return families, nil
}

// compare orders the metrics of a family as client_golang does.
func compare(a, b *dto.Metric) int {
	if n := cmp.Compare(len(a.Label), len(b.Label)); n != 0 {
		return n
	}
	for i := range a.Label {
		if n := strings.Compare(a.Label[i].GetValue(), b.Label[i].GetValue()); n != 0 {
			return n
		}
	}
	return cmp.Compare(a.GetTimestampMs(), b.GetTimestampMs())
}
