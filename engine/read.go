// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"iter"
	"time"

	"github.com/quipu-metrics/quipu/encode"
)

// ReadOptions say which families [Registry.Read] shows, and how long it waits for them.
type ReadOptions struct {
	// Names are the families to show, as exposed; all when empty. Others cost nothing.
	Names []string

	// NoSelf leaves out the registry's own metrics (quipu_...).
	NoSelf bool

	// WithoutSource, if it is not nil, tells which sources the loop does without: those are neither
	// called nor shown. A source that reads a registry which shows it in turn would wait for
	// itself.
	WithoutSource func(s Source) bool

	// Deadline is when the functions of func metrics and collectors are not waited for any longer,
	// as in [Exposition].
	Deadline time.Time
}

// Family is a family of series that [Registry.Read] shows. It is valid until the loop over the
// families takes its next step, and must not be used by several goroutines at once.
type Family struct {
	shown  shown
	walk   walk
	sample Sample
	inLoop bool // a loop over samples uses sample
}

func newFamilyReader() any { return new(Family) }

// Read walks the families of the registry and their series: everything that a page shows, in the
// order in which a page shows it.
//
//	for f := range reg.Read(engine.ReadOptions{NoSelf: true}) {
//		for s := range f.Samples() {
//			fmt.Println(f.Name(), s.Labels(), s.Value())
//		}
//	}
//
// The loop variables are used again for every step: see [Sample]. Several loops may run at once,
// and updates wait for none of them. Calls of functions and collectors begin when the loop begins,
// as they do for a page. In steady state a loop allocates nothing, except a few small objects for
// each function that it calls. BenchmarkRead measures it. A nil registry has no families.
func (r *Registry) Read(o ReadOptions) iter.Seq[*Family] {
	return func(yield func(*Family) bool) { r.read(&o, yield) }
}

func (r *Registry) read(o *ReadOptions, yield func(*Family) bool) {
	if r == nil {
		return
	}
	f := r.readers.get(newFamilyReader).(*Family)
	defer f.release(r)
	f.sample.open()
	f.walk.names, f.walk.noSelf, f.walk.escaping = o.Names, o.NoSelf, encode.NoEscaping
	f.walk.withoutSource = o.WithoutSource
	f.walk.begin(r, o.Deadline, nil)
	named := "" // the family of a source that has been shown
	for shown := range f.walk.all {
		if shown.metrics != nil && f.walk.areEmpty(shown.metrics) {
			continue
		}
		f.shown = shown
		if shown.metrics == nil {
			if f.Name() == named {
				continue // Samples goes on to the families of this name of other sources
			}
			named = f.Name()
		}
		if !yield(f) {
			return
		}
	}
}

// release keeps the reader for the next loop.
func (f *Family) release(r *Registry) {
	f.walk.end()
	f.shown = shown{}
	f.sample.state.forget()
	f.sample.begin("")
	r.readers.put(f)
}

// Name returns the name of the family as pages show it.
func (f *Family) Name() string {
	if f.shown.metrics == nil {
		return f.header().name
	}
	return f.shown.metrics[0].name
}

// Help returns the help text, which may be empty.
func (f *Family) Help() string {
	if f.shown.metrics == nil {
		return f.header().help
	}
	return f.shown.metrics[0].def.help
}

// Unit returns the unit, which may be empty.
func (f *Family) Unit() string {
	if f.shown.metrics == nil {
		return f.header().unit
	}
	return f.shown.metrics[0].def.unit
}

// Type returns the type.
func (f *Family) Type() encode.Type {
	if f.shown.metrics == nil {
		return f.header().typ
	}
	return f.shown.metrics[0].def.typ
}

// MaxSeries returns how many series the family may have, its overflow series not included: see
// [WithMaxSeries]. It is the sum for several metrics of one name, 0 if none of them has labels and
// for the families of sources and the registry's own, and [NoLimit] if there is no limit.
func (f *Family) MaxSeries() (most int) {
	for _, metric := range f.shown.metrics {
		_, self := metric.fam.def.supplier.(*selfSeries)
		switch def := &metric.fam.def; {
		case self || len(def.labels) == 0 && !def.open:
		case def.maxSeries >= mostSeries:
			return NoLimit
		default:
			most += def.maxSeries
		}
	}
	return most
}

// SeriesBudget returns how many series count against the budget of the registry, and how many it
// has room for: see [WithSeriesBudget]. Both are 0 without a budget, and for a nil registry. It may
// be called at any time.
func (r *Registry) SeriesBudget() (used, most int) {
	if r == nil || r.budget == nil {
		return 0, 0
	}
	return r.budget.Used(), r.budget.Most()
}

// header returns the header of a family of sources.
func (f *Family) header() *sourceHeader { return f.walk.sources.shown[f.shown.source].header }

// Samples walks the series of the family. Its loop variable is used again for every step: see
// [Sample]. A loop inside another one over the same family has a Sample of its own, which it
// allocates. A loop in a function so small that the compiler inlines it may allocate a few bytes
// for each family.
func (f *Family) Samples() iter.Seq[*Sample] {
	// A function literal is inlined into the loop, which then allocates nothing. A method value is
	// not.
	return func(yield func(*Sample) bool) { f.samples(yield) }
}

func (f *Family) samples(yield func(*Sample) bool) {
	s := &f.sample
	if f.inLoop {
		s = new(Sample) // that of the loop around this one is valid until its next step
		s.open()
	} else {
		f.inLoop = true
		defer func() { f.inLoop = false }()
	}
	if f.shown.metrics == nil {
		f.sourceSamples(s, yield)
		return
	}
	for _, metric := range f.shown.metrics {
		if !f.metricSamples(metric, s, yield) {
			return
		}
	}
}

// metricSamples walks the series of one metric, and reports whether the loop goes on.
func (f *Family) metricSamples(at *placed, s *Sample, yield func(*Sample) bool) (more bool) {
	fam := at.fam
	more = true
	show := func(labels string) bool {
		text, ok := f.walk.labelsAt(at, labels, &s.joined)
		if !ok {
			return true
		}
		s.begin(text)
		fam.kind.present(s, fam.def.buckets, fam.objectives)
		more = yield(s)
		return more
	}
	if fam.def.supplier != nil {
		f.walk.supplied(fam, &s.state, show)
		return more
	}
	for n := range fam.nodes {
		fam.kind.read(fam, n, &s.state)
		if !show(n.Labels) {
			break
		}
	}
	return more
}

// sourceSamples walks the series that all sources have written for the family.
func (f *Family) sourceSamples(s *Sample, yield func(*Sample) bool) {
	all := f.walk.sources.shown
	for i := f.shown.source; i < len(all) && all[i].first == f.shown.source; i++ {
		more := true
		f.walk.sources.each(i, &s.state, &s.joined, func(p *sourcePoint, h *sourceHeader, labels string) bool {
			s.begin(labels)
			h.kind.present(s, h.bounds, h.objectives)
			if p.millis != 0 {
				s.time = time.UnixMilli(p.millis)
			}
			more = yield(s)
			return more
		})
		if !more {
			return
		}
	}
}
