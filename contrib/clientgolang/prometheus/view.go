// SPDX-License-Identifier: Apache-2.0

package prometheus

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	dto "github.com/prometheus/client_model/go"

	"github.com/quipu-metrics/quipu/contrib/clientgolang/internal/block"
	"github.com/quipu-metrics/quipu/contrib/clientgolang/internal/page"
	"github.com/quipu-metrics/quipu/encode"
)

// view is a family as registries show it: with the prefixes and the labels of the wrappers around
// it, its series in client_golang's order, and their labels in the order of their names. Several
// metrics of one name, whose constant labels differ, are parts of one view.
type view struct {
	name   string
	parts  []part
	listed atomic.Pointer[listing]

	once         sync.Once
	text, united *encode.Family
}

// part is a family in a view.
type part struct {
	fam    *family
	labels []label
}

// label is a label that all series have: a variable one, or one with a constant value.
type label struct {
	name string
	at   int            // among the variable labels, or -1
	pair *dto.LabelPair // of a constant one
}

// listing is the list of series at a state of the families.
type listing struct {
	changes uint64 // of all families: they only grow, so the sum changes with each of them
	series  []listed
}

// listed is a series and its labels as a page shows them.
type listed struct {
	cell   cell
	part   *part
	labels string
}

// newView returns the view of a family with the wrappers around it, from the inside.
func newView(f *family, wrappers []*wrapped) *view {
	v := &view{name: f.name}
	constant := maps.Clone(f.constant)
	if constant == nil {
		constant = Labels{}
	}
	for _, w := range wrappers {
		v.name = w.prefix + v.name
		maps.Copy(constant, w.labels)
	}
	p := part{fam: f}
	for i, name := range f.names {
		p.labels = append(p.labels, label{name: name, at: i})
	}
	for name, value := range constant {
		p.labels = append(p.labels, label{name, -1, &dto.LabelPair{Name: new(name), Value: new(value)}})
	}
	slices.SortFunc(p.labels, func(a, b label) int { return strings.Compare(a.name, b.name) })
	v.parts = []part{p}
	return v
}

// together returns the view of several views of one name and kind.
func together(views []*view) *view {
	v := &view{name: views[0].name}
	for _, one := range views {
		v.parts = append(v.parts, one.parts...)
	}
	return v
}

// Name implements [page.Family].
func (v *view) Name() string { return v.name }

// first returns the family that says what all have in common.
func (v *view) first() *family { return v.parts[0].fam }

// has reports whether the series have a label.
func (v *view) has(name string) bool {
	return slices.ContainsFunc(v.parts[0].labels, func(l label) bool { return l.name == name })
}

// ordered reports whether the text of a series' labels stands on pages as it is.
func (p *part) ordered() bool {
	for i, l := range p.labels {
		if l.at != i {
			return false
		}
	}
	return true
}

// list returns the series. It is made again after a change of a family only. A series that comes or
// goes meanwhile may be on it or not, and the next call sees the change.
func (v *view) list() []listed {
	changes := uint64(0)
	for i := range v.parts {
		changes += v.parts[i].fam.changes.Load()
	}
	if l := v.listed.Load(); l != nil && l.changes == changes {
		return l.series
	}
	l := &listing{changes: changes, series: v.sorted()}
	v.listed.Store(l)
	return l.series
}

// keyed is a series and what it is sorted by: the values of labels that series differ in.
type keyed struct {
	listed
	key []string
}

func (v *view) sorted() []listed {
	var (
		all     []keyed
		keys    block.Block[string]
		scratch []string
		text    []byte
	)
	for i := range v.parts {
		p := &v.parts[i]
		ordered := p.ordered()
		for c := range p.fam.cells {
			scratch = values(scratch[:0], c.text())
			k := keyed{listed{c, p, c.text()}, keys.List(len(p.labels))[:0]}
			text = text[:0]
			for _, l := range p.labels {
				value := l.pair.GetValue()
				if l.at >= 0 {
					value = scratch[l.at]
				}
				if l.at >= 0 || len(v.parts) > 1 {
					k.key = append(k.key, value)
				}
				if !ordered {
					text = encode.AppendLabel(text, l.name, value)
				}
			}
			if !ordered {
				k.labels = string(text)
			}
			all = append(all, k)
		}
	}
	slices.SortFunc(all, func(a, b keyed) int { return slices.Compare(a.key, b.key) })
	list := make([]listed, len(all))
	for i := range all {
		list[i] = all[i].listed
	}
	return list
}

// Message implements [page.Family].
func (v *view) Message() *dto.MetricFamily {
	list := v.list()
	if len(list) == 0 {
		return nil
	}
	f := v.first()
	m := &dto.MetricFamily{Name: &v.name, Help: &f.help, Type: f.kind.message.Enum()}
	if f.unit != "" {
		m.Unit = &f.unit
	}
	var b builder
	m.Metric = make([]*dto.Metric, len(list))
	for i := range list {
		series := b.metrics.One()
		series.Label = b.labels(list[i].part, list[i].cell.text())
		list[i].cell.fill(series, &b)
		m.Metric[i] = series
	}
	return m
}

// Fits implements [page.Family]. Left to client_golang are names that are no identifiers, which it
// has several ways to escape, OpenMetrics' rules for counters without the suffix and for units that
// do not end the name, and parts that differ in what stands in every series.
func (v *view) Fits(format encode.Format) bool {
	for _, l := range v.parts[0].labels {
		if !encode.ValidLabelName(l.name) {
			return false
		}
	}
	upper := v.first().upper()
	for i := range v.parts[1:] {
		if !slices.Equal(v.parts[i+1].fam.upper(), upper) {
			return false
		}
	}
	if !encode.ValidMetricName(v.name) || format != encode.OpenMetrics {
		return encode.ValidMetricName(v.name)
	}
	base, unit := v.base(), v.first().unit
	return (v.first().kind != &counters || base != "" && base != v.name) &&
		(unit == "" || strings.HasSuffix(base, "_"+unit) && encode.ValidMetricName("_"+unit))
}

const total = "_total"

// base returns the name as OpenMetrics has it before the series.
func (v *view) base() string {
	if v.first().kind == &counters {
		return strings.TrimSuffix(v.name, total)
	}
	return v.name
}

// Append implements [page.Family].
func (v *view) Append(w *page.Writer) {
	list := v.list()
	if len(list) == 0 {
		return
	}
	v.once.Do(v.render)
	enc, name := v.text, v.name
	if w.Format != encode.Text {
		enc = v.united
	}
	if w.Format == encode.OpenMetrics {
		name = v.base()
	}
	if help := v.first().help; help == "" && w.Format != encode.Protobuf {
		w.Buf = append(append(append(w.Buf, "# HELP "...), name...), " \n"...) // which encode leaves out
	}
	w.Begin(enc)
	for i := range list {
		if !w.Next() {
			return
		}
		list[i].cell.appendTo(w, enc, list[i].labels)
	}
	w.End()
}

// render makes what all series share on pages. The text format shows no unit, as with
// client_golang.
func (v *view) render() {
	f := v.first()
	v.text = encode.NewFamily(v.name, f.help, "", f.kind.text, f.upper())
	v.united = v.text
	if f.unit != "" {
		v.united = encode.NewFamily(v.name, f.help, f.unit, f.kind.text, f.upper())
	}
}

// upper returns the numbers that the lines of each series are about: bounds or quantiles.
func (f *family) upper() (numbers []float64) {
	if f.bounds != nil {
		return f.bounds.Upper()
	}
	if f.objectives != nil {
		for _, o := range f.objectives.List() {
			numbers = append(numbers, o.Quantile)
		}
	}
	return numbers
}
