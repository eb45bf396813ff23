// SPDX-License-Identifier: Apache-2.0

package metricdoc

import (
	"encoding/json"
	"hash/fnv"
	"regexp"
	"strconv"
)

// Dashboard returns a dashboard for Grafana 10 and later, as JSON. It has a row for each first word
// of the metrics' names, and for each metric the panels that fit its type and unit:
//
//   - a counter as a rate, by its labels,
//   - a gauge as it is, and a time of the clock as the time since then,
//   - a histogram as quantiles over all series, as a heat map, as its highest quantile by labels,
//     and as the rate of its observations; in the native form if it has native buckets only, and in
//     the form that Prometheus has stored if it has both,
//   - a summary by its quantiles, its mean and its rate,
//   - an info metric as a table.
//
// The variables job and instance choose the targets. A label with more than 100 values is summed
// up. Panels keep their ids, whatever is added beside them, so a dashboard that is generated again
// differs only where the metrics do.
func (m *Metrics) Dashboard(title string) []byte {
	d := &dashboard{
		UID: "quipu-" + strconv.FormatUint(uint64(hashOf(title)), 36), Title: title, Tags: []string{"quipu"},
		Editable: true, GraphTooltip: 1, SchemaVersion: 39, Refresh: "30s",
		Time:        span{From: "now-1h", To: "now"},
		Annotations: list[struct{}]{List: []struct{}{}},
		Templating:  list[variable]{List: m.variables()},
		Panels:      []*panel{},
		ids:         map[uint32]bool{},
	}
	for _, g := range m.groups() {
		d.addRow(g)
	}
	text, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		panic(err) // there is nothing in a dashboard that JSON cannot have
	}
	return append(text, '\n')
}

// dashboard is the JSON of a dashboard, as far as it is used here.
type dashboard struct {
	UID           string         `json:"uid"`
	Title         string         `json:"title"`
	Tags          []string       `json:"tags"`
	Editable      bool           `json:"editable"`
	GraphTooltip  int            `json:"graphTooltip"`
	SchemaVersion int            `json:"schemaVersion"`
	Refresh       string         `json:"refresh"`
	Time          span           `json:"time"`
	Annotations   list[struct{}] `json:"annotations"`
	Templating    list[variable] `json:"templating"`
	Panels        []*panel       `json:"panels"`

	ids map[uint32]bool // that panels have
	y   int             // where the next row begins
}

type span struct {
	From string `json:"from"`
	To   string `json:"to"`
}

type list[T any] struct {
	List []T `json:"list"`
}

type source struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

// prometheus is the data source of all panels.
func prometheus() *source { return &source{"prometheus", "${datasource}"} }

type variable struct {
	Name       string  `json:"name"`
	Label      string  `json:"label"`
	Type       string  `json:"type"`
	Datasource *source `json:"datasource,omitempty"`
	Query      string  `json:"query"`
	Refresh    int     `json:"refresh"`
	IncludeAll bool    `json:"includeAll"`
	Multi      bool    `json:"multi"`
	AllValue   string  `json:"allValue,omitempty"`
	Current    current `json:"current"`
}

type current struct {
	Text  string `json:"text"`
	Value string `json:"value"`
}

// onLoadAndTimeRange is when Grafana asks again for the values of a variable.
const onLoadAndTimeRange = 2

// variables returns those of the dashboard. The values of job and instance are those of the targets
// that have the first metric.
func (m *Metrics) variables() []variable {
	samples := func(matchers ...string) string { return selector("up", matchers...) }
	if len(m.Families) > 0 {
		samples = m.Families[0].anySamples
	}
	of := func(label, selector string) variable {
		return variable{
			Name: label, Label: label, Type: "query", Datasource: prometheus(),
			Query:   "label_values(" + selector + ", " + label + ")",
			Refresh: onLoadAndTimeRange, IncludeAll: true, Multi: true, AllValue: ".*",
			Current: current{"All", "$__all"},
		}
	}
	return []variable{
		{Name: "datasource", Label: "Data source", Type: "datasource", Query: "prometheus", Refresh: 1,
			Current: current{"default", "default"}},
		of("job", samples()),
		of("instance", samples(`job=~"$job"`)),
	}
}

// anySamples returns a selector of samples that each series has, in whatever form Prometheus has
// stored it.
func (f *Family) anySamples(matchers ...string) string {
	if f.Native && len(f.Bounds) > 0 {
		names := regexp.QuoteMeta(f.Name) + "(_count)?"
		return braces(append([]string{"__name__=~" + strconv.Quote(names)}, matchers...))
	}
	return selector(f.Name+kindOf(f.Type).suffix(f), matchers...)
}

const (
	columns     = 24  // of Grafana's grid
	panelHeight = 8   // of all panels but the headings of rows
	rowRoom     = 100 // a row begins at a multiple of this, so that a panel more does not move all rows below
)

// addRow adds a row of panels for a group. Grafana closes the gaps below a row.
func (d *dashboard) addRow(g group) {
	row := &panel{Type: "row", Title: g.prefix, Collapsed: new(bool), Panels: &[]*panel{}}
	d.add(row, "row "+g.prefix, place{W: columns, H: 1, Y: d.y})
	x, y := 0, d.y+1
	for _, f := range g.families {
		panels := kindOf(f.Type).panels(f)
		if len(panels) > 1 && x > 0 {
			x, y = 0, y+panelHeight // those of one metric stand side by side
		}
		for _, p := range panels {
			if x+p.place.W > columns {
				x, y = 0, y+panelHeight
			}
			p.Description = f.Help
			d.add(p, p.Title, place{W: p.place.W, H: panelHeight, X: x, Y: y})
			x += p.place.W
		}
		if len(panels) > 1 {
			x, y = 0, y+panelHeight
		}
	}
	d.y = (y + panelHeight + rowRoom) / rowRoom * rowRoom
}

// add adds a panel. Its id is the hash of its key, or the next one that is free.
func (d *dashboard) add(p *panel, key string, at place) {
	id := hashOf(key)
	for d.ids[id] || id == 0 {
		id++
	}
	d.ids[id] = true
	p.ID, p.GridPos = id, at
	d.Panels = append(d.Panels, p)
}

// hashOf returns a number for a text that JavaScript, and a 32-bit integer, can hold.
func hashOf(text string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(text)) // it never fails
	return h.Sum32() >> 2
}
