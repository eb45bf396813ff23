// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/quipu-metrics/quipu/atomicf"
	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/internal/labeltext"
	"github.com/quipu-metrics/quipu/quantile"
	"github.com/quipu-metrics/quipu/shard"
)

// kind is everything in which one kind of metric differs from the others: counter.go, gauge.go,
// histogram.go, summary.go and func.go have one each. No other file asks what kind a family is of;
// a page asks once for each family.
type kind struct {
	*rules

	metric    func(f *family) any           // what the constructor returns
	newSeries func(f *family) *series       // a series without labels; nil if functions supply the values
	life      func(n *shard.Node) *life     // of a series of a metric with expiry
	updated   func(n *shard.Node) bool      // whether such a series was updated since the last call
	buffered  bool                          // whether updates wait in core.log before it sees them
	steps     func(d *definition) []float64 // bounds or quantiles that are labels of samples; may be nil
	exemplars func(d *definition) int       // how many exemplars a series keeps; nil: none

	read   func(f *family, n *shard.Node, s *state)     // reads a series that the program updates
	append func(w *pageWriter, labels string, s *state) // appends one series to a page
	expose func(f *family, w *pageWriter)               // reads and appends all series

	// present shows one series to a reader; the last two are the bounds of its family or its
	// objectives.
	present func(s *Sample, bounds []float64, objectives []quantile.Objective)

	form form                                                         // of the series that a collector emits
	fits func(d *definition, value float64, parts int) (fault, error) // checks a series that is supplied
	take func(*state, supplied)                                       // makes it a state
}

// family is a registered metric: its definition and its series.
type family struct {
	core *core
	kind *kind
	def  definition
	home placed // on the pages of its own registry

	consts string // text of the constant labels
	where  string // the file and line of the definition
	number uint64 // in the order of definitions

	limitsLogged    atomic.Bool
	displacedLogged atomic.Bool
	mountLogged     atomic.Bool // see warnMounted

	objectives []quantile.Objective // of a summary

	metric   any                             // what the constructor returned; set before the family is published
	only     *shard.Node                     // the one series of a metric without labels
	index    *shard.Map                      // the series of a metric with labels
	fn       atomic.Pointer[runner[float64]] // of a func metric
	replaced atomic.Bool                     // fn has been replaced, which is logged once

	exemplars       exemplarMap
	quotedExemplars atomic.Bool // an exemplar had a label whose name needs quotes

	shared        atomicf.Count // lookups that met a limit, and so share a series or are dropped
	cut, repaired atomicf.Count // label values of lookups

	discardOnce sync.Once
	discard     *shard.Node   // takes the updates of misused lookups; never exposed
	reported    atomic.Uint32 // faults without a call site and notices that have been logged, a bit each
	sites       siteList      // call sites of misuse
}

// series is the part that all metric types begin with.
type series struct {
	node shard.Node // must be the first field: see seriesOf
	fam  *family
}

// Name returns the name of the metric, with the registry's prefix.
func (s *series) Name() string { return s.fam.def.name }

// definedBy returns the family, which is nil in a metric that no constructor made.
func (s *series) definedBy() *family { return s.fam }

// newFamily makes a family and the series of a metric without labels.
func newFamily(c *core, k *kind, d definition) *family {
	f := &family{core: c, kind: k, def: d, where: callerNow(), number: c.defined.Add(1)}
	if d.targets != nil {
		f.objectives = d.targets.List()
	}
	f.home = placed{place: place{def: &f.def, name: d.name}, fam: f, enc: f.newEncoder(d.name)}
	f.home.setQuoted()
	f.consts = string(labeltext.AppendSet(nil, d.consts, true))
	switch {
	case d.fn != nil:
		f.fn.Store(d.fn) // before a scrape can see the family
		f.def.fn = nil
	case d.supplier != nil:
	case !d.vec:
		f.only = f.newSeries()
		f.only.Labels = f.consts
	default:
		config := shard.Config{
			Names: d.labels, Const: d.consts, MaxSeries: d.maxSeries, LabelLimits: d.labelLimits,
			Budget: c.budget, MaxValue: c.maxValue, Overflow: OverflowValue, OverflowPair: d.overflow,
			Rejected: &f.shared, New: f.newSeries, Expiry: f.expiry(),
		}
		if !d.open && d.labels == nil {
			config.Names = []string{} // nil would mean an open map
		}
		f.index = shard.New(config)
	}
	f.metric = k.metric(f)
	return f
}

// newEncoder renders the header of the family under the name that it has on a page.
func (f *family) newEncoder(name string) *encode.Family {
	var steps []float64
	if f.kind.steps != nil {
		steps = f.kind.steps(&f.def)
	}
	return encode.NewFamily(name, f.def.help, f.def.unit, f.def.typ, steps)
}

// newSeries makes a series that nobody knows yet. It has no labels yet.
func (f *family) newSeries() *shard.Node {
	s := f.kind.newSeries(f)
	s.fam = f
	s.node.Created = bornOf(f.core.clock(), f.core.epochMillis)
	return &s.node
}

// nodes walks the series that the program updates.
func (f *family) nodes(yield func(*shard.Node) bool) {
	if f.only != nil {
		yield(f.only)
		return
	}
	f.index.All()(yield)
}

// created returns when a series was created, in seconds since 1970, or 0 if the reader of the
// sample does not want to know.
func (f *family) created(n *shard.Node, s *state) float64 {
	if !s.withCreated {
		return 0
	}
	// A quotient, so that a page shows at most three decimals.
	return float64(bornMillis(n.Created, f.core.epochMillis)) / 1000
}

// discarded returns the series that takes the updates of misused lookups.
func (f *family) discarded() *shard.Node {
	f.discardOnce.Do(func() { f.discard = f.newSeries() })
	return f.discard
}

// enterBudget counts a metric without labels against the budget of its registry. Metrics with
// labels count their series themselves.
func (f *family) enterBudget() {
	if b := f.core.budget; b != nil && f.index == nil {
		b.Count(f.seriesCount())
	}
}

// leaveBudget is the opposite of enterBudget, for a metric that is removed from its registry.
func (f *family) leaveBudget() {
	switch b := f.core.budget; {
	case b == nil:
	case f.index != nil:
		f.index.Release()
	default:
		b.Count(-f.seriesCount())
	}
}

// seriesCount counts the series, the overflow series included. The number of series of a collector
// is known only while it runs.
func (f *family) seriesCount() int {
	switch {
	case f.index != nil:
		return f.index.Size()
	case f.only == nil && f.fn.Load() == nil:
		return 0
	default:
		return 1
	}
}

// Info describes a registered metric.
type Info struct {
	Name       string              // as exposed, with the registry's prefix
	Help       string              // may be empty
	Type       string              // counter, gauge, histogram or summary
	Unit       string              // may be empty
	Labels     []string            // the declared label names; nil without labels and for open label sets
	Const      Labels              // the constant labels
	Series     int                 // how many series there are now
	Bounds     []float64           // the upper bounds of the classic buckets of a histogram, +Inf not included
	Native     bool                // whether a histogram has native buckets
	Objectives map[float64]float64 // the quantiles of a summary and their errors
	Metric     any                 // what its constructor returned, such as a *CounterVec; or the collector
}

// info describes the family.
func (f *family) info() Info {
	return Info{
		Name: f.def.name, Help: f.def.help, Type: f.def.typ.String(), Unit: f.def.unit,
		Labels: slices.Clone(f.def.labels), Const: maps.Clone(f.def.consts), Series: f.seriesCount(), Metric: f.metric,
		Bounds: slices.Clone(f.def.buckets), Native: f.def.native != nil, Objectives: f.objectiveErrors(),
	}
}

// objectiveErrors returns the objectives as [WithObjectives] takes them.
func (f *family) objectiveErrors() map[float64]float64 {
	if len(f.objectives) == 0 {
		return nil
	}
	errors := make(map[float64]float64, len(f.objectives))
	for _, o := range f.objectives {
		errors[o.Quantile] = o.Epsilon
	}
	return errors
}

// warnLimits logs, once for each metric, that a second definition has other limits, which do not
// hold. The caller holds no lock: the handler of the log is the user's.
func (f *family) warnLimits(limits []difference) {
	if len(limits) > 0 && !f.limitsLogged.Swap(true) {
		f.core.warn("quipu: a second definition has other limits; the first ones hold", "metric", f.def.name,
			"detail", describe(limits, f.where))
	}
}

// warnDisplaced logs, once for each metric, that its own labels replace constant labels of the
// registry.
func (f *family) warnDisplaced() {
	if len(f.def.displaced) > 0 && !f.displacedLogged.Swap(true) {
		f.core.warn("quipu: the metric's own labels take the place of the registry's constant labels",
			"metric", f.def.name, "labels", f.def.displaced)
	}
}

// warnMounted logs, once for each metric, that its own labels replace labels of a mount.
func (f *family) warnMounted(displaced []string) {
	if len(displaced) > 0 && !f.mountLogged.Swap(true) {
		f.core.warn("quipu: the metric's own labels take the place of the labels of a mount",
			"metric", f.def.name, "labels", displaced)
	}
}
