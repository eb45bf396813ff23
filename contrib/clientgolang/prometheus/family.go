// SPDX-License-Identifier: Apache-2.0

package prometheus

import (
	"sync/atomic"
	"time"
	"unicode/utf8"

	client "github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/quipu-metrics/quipu/contrib/clientgolang/internal/page"
	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/histogram"
	"github.com/quipu-metrics/quipu/internal/labeltext"
	"github.com/quipu-metrics/quipu/quantile"
	"github.com/quipu-metrics/quipu/shard"
)

// family is a metric: the series of a Vec and all that they have in common, or one series.
type family struct {
	kind *kind
	desc *Desc

	name, help, unit string
	names            []string // of the variable labels, in the order of their declaration
	constant         Labels
	constraints      map[string]LabelConstraint

	bounds     *histogram.Bounds // of histograms
	objectives *quantile.Objectives
	maxAge     time.Duration

	series *shard.Map // of a Vec
	only   cell       // without one
	plain  *view      // how it stands in registries without wrappers

	// changes counts the changes of series. A change is made first and then counted, so a reader of
	// the count and then of the series misses no change that was counted.
	changes atomic.Uint64

	// invalid is set for good before a series is made whose values are not UTF-8. Then
	// client_golang says so when it gathers.
	invalid atomic.Bool
}

// kind is a type of metric: its series, and how they are read.
type kind struct {
	message dto.MetricType
	text    encode.Type
	cell    func(n *shard.Node) cell // of a node that newNode has returned
	newNode func(f *family) *shard.Node
}

// cell is a series.
type cell interface {
	Metric
	Collector
	// text returns the labels, in the order of their declaration.
	text() string
	// fill sets the message of the series' kind.
	fill(m *dto.Metric, b *builder)
	// appendTo appends the series to a page.
	appendTo(w *page.Writer, enc *encode.Family, labels string)
}

// definition holds the arguments of a constructor, whatever the kind.
type definition struct {
	Opts

	variable ConstrainableLabels
	vec      bool
	reserved string // a label name that the kind uses itself

	bounds     *histogram.Bounds
	objectives *quantile.Objectives
	maxAge     time.Duration
}

// newFamily returns the family of a definition, or nil if only client_golang can keep it: its
// descriptor has an error, or names or help have characters that quipu cannot keep.
func newFamily(k *kind, d definition) *family {
	f := &family{
		kind: k, name: BuildFQName(d.Namespace, d.Subsystem, d.Name), help: d.Help, unit: d.Unit,
		constant: d.ConstLabels,
		bounds:   d.bounds, objectives: d.objectives, maxAge: d.maxAge,
	}
	f.desc = client.V2.NewDesc(f.name, d.Help, d.variable, d.ConstLabels, client.WithUnit(d.Unit))
	switch v := d.variable.(type) {
	case UnconstrainedLabels:
		f.names = v
	case ConstrainedLabels:
		f.constraints = make(map[string]LabelConstraint)
		for _, l := range v {
			f.names = append(f.names, l.Name)
			if l.Constraint != nil {
				f.constraints[l.Name] = l.Constraint
			}
		}
	}
	if f.desc.Err() != nil || !f.keeps(d.reserved) {
		return nil
	}
	f.plain = newView(f, nil)
	if d.vec {
		f.series = shard.New(shard.Config{
			Names: append([]string{}, f.names...), MaxSeries: unlimited, MaxValue: unlimited,
			New: func() *shard.Node { return k.newNode(f) },
		})
		return f
	}
	n := k.newNode(f)
	f.only = k.cell(n)
	return f
}

// unlimited is more than there is.
const unlimited = int(^uint(0) >> 1)

// keeps reports whether all names and the help can stand on pages of quipu as they are, and no name
// is the reserved one.
func (f *family) keeps(reserved string) bool {
	for _, name := range f.names {
		if name == reserved || !encode.ValidUTF8Name(name) {
			return false
		}
	}
	for name := range f.constant {
		if name == reserved || !encode.ValidUTF8Name(name) {
			return false
		}
	}
	return encode.ValidUTF8Name(f.name) && utf8.ValidString(f.help) && utf8.ValidString(f.unit)
}

// constrain returns a value of a label as its constraint makes it.
func (f *family) constrain(name, value string) string {
	if c := f.constraints[name]; c != nil {
		return c(value)
	}
	return value
}

// cells walks the series.
func (f *family) cells(yield func(cell) bool) {
	if f.series == nil {
		yield(f.only)
		return
	}
	for n := range f.series.All() {
		if !yield(f.kind.cell(n)) {
			return
		}
	}
}

// series is the part that the series of all kinds have.
type series struct {
	shard.Node
	fam     *family
	created time.Time
}

func newSeries(f *family) series { return series{fam: f, created: time.Now()} }

// Desc implements [Metric].
func (s *series) Desc() *Desc { return s.fam.desc }

// Describe implements [Collector].
func (s *series) Describe(ch chan<- *Desc) { ch <- s.fam.desc }

func (s *series) text() string { return s.Labels }

// write implements Write of [Metric] for a cell, which s is a part of.
func (s *series) write(m *dto.Metric, c cell) error {
	var b builder
	m.Label = b.labels(&s.fam.plain.parts[0], s.Labels)
	c.fill(m, &b)
	return nil
}

// seconds returns the time of creation in Unix seconds.
func (s *series) seconds() float64 { return float64(s.created.UnixNano()) / 1e9 }

// values appends the label values of a series, in the order of declaration.
func values(dst []string, text string) []string {
	for _, value := range labeltext.All(text) {
		dst = append(dst, value)
	}
	return dst
}
