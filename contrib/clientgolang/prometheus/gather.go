// SPDX-License-Identifier: Apache-2.0

package prometheus

import (
	"errors"
	"slices"

	client "github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/quipu-metrics/quipu/contrib/clientgolang/internal/page"
)

// Gather implements [Gatherer].
func (r *Registry) Gather() ([]*dto.MetricFamily, error) {
	families, err := r.Families()
	if len(families) == 0 {
		return nil, err
	}
	return page.Messages(families), err
}

// MustGather is Gather. It panics where Gather returns an error.
func (r *Registry) MustGather() []*dto.MetricFamily { return must(r.Gather()) }

// Families returns the families of a page, in the order of their names, for package promhttp. The
// error is that of Gather.
//
// Families of this package have not been read yet. They and client_golang's are consistent with
// each other unless they share a name, or one could be taken for a part of another. In that case
// client_golang gathers everything, so what is shown and what the error says is what it decides.
func (r *Registry) Families() ([]page.Family, error) {
	own := r.own.Load()
	theirs, err := r.gatherOthers()
	if own.clash || own.invalid() || own.clashesWith(theirs) {
		theirs, err = r.gatherAll()
		own = new(ownMetrics)
	}
	return merged(own.views, theirs), err
}

// gatherOthers gathers what is not of this package.
func (r *Registry) gatherOthers() ([]*dto.MetricFamily, error) {
	switch {
	case r.outer != nil:
		return r.outer.Gather()
	case r.others.Load() == 0:
		return nil, nil
	}
	return r.inner.Gather()
}

// everything collects all of a registry. It is described as nothing, as its metrics are.
type everything struct {
	*Registry
	panicked bool // whether a collector has ended Collect
}

// Describe implements [Collector].
func (*everything) Describe(chan<- *Desc) {}

// Collect implements [Collector].
func (e *everything) Collect(ch chan<- Metric) {
	e.panicked = true
	e.Registry.Collect(ch)
	e.panicked = false
}

// gatherAll gathers everything as client_golang does, with messages that Collect makes one by one.
func (r *Registry) gatherAll() ([]*dto.MetricFamily, error) {
	if r.outer != nil {
		return r.gatherOwnAnd(r.outer)
	}
	all, e := client.NewRegistry(), &everything{Registry: r}
	all.MustRegister(e)
	families, err := all.Gather()
	if !e.panicked {
		return families, err
	}
	// A collector that panics must not cost the others, so inner gathers them.
	families, err = r.gatherOwnAnd(r.inner)
	return families, withoutGatherer(err)
}

// gatherOwnAnd gathers the metrics of this package and those of another registry.
func (r *Registry) gatherOwnAnd(others *client.Registry) ([]*dto.MetricFamily, error) {
	own := client.NewRegistry()
	own.MustRegister(r.own.Load())
	return Gatherers{own, others}.Gather()
}

// withoutGatherer takes from the errors of Gatherers what says which Gatherer it was.
func withoutGatherer(err error) error {
	var list MultiError
	if !errors.As(err, &list) {
		return err
	}
	for i, one := range list {
		if inner := errors.Unwrap(one); inner != nil {
			list[i] = inner
		}
	}
	return list
}

// invalid reports whether there may be series with values that are not UTF-8.
func (o *ownMetrics) invalid() bool {
	return slices.ContainsFunc(o.list, func(m registration) bool { return m.view.first().invalid.Load() })
}

// clashesWith reports whether client_golang must look at these families together with ours.
func (o *ownMetrics) clashesWith(theirs []*dto.MetricFamily) bool {
	if len(o.list) == 0 {
		return false
	}
	for _, f := range theirs {
		name := f.GetName()
		if _, ok := o.types[name]; ok || o.collides(name) {
			return true
		}
		if hasParts(f.GetType()) {
			for _, suffix := range partSuffixes {
				if _, ok := o.types[name+suffix]; ok {
					return true
				}
			}
		}
	}
	return false
}

// merged returns both, in the order of their names.
func merged(own []*view, theirs []*dto.MetricFamily) []page.Family {
	families := make([]page.Family, 0, len(own)+len(theirs))
	for len(own)+len(theirs) > 0 {
		if len(own) == 0 || len(theirs) > 0 && theirs[0].GetName() < own[0].name {
			families = append(families, page.Message{MetricFamily: theirs[0]})
			theirs = theirs[1:]
		} else {
			families = append(families, own[0])
			own = own[1:]
		}
	}
	return families
}
