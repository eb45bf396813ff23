// SPDX-License-Identifier: Apache-2.0

package live

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"

	"github.com/quipu-metrics/quipu/engine"
)

// appendRows writes all series: the labels of those that the watcher does not know, and the values
// of all.
func (d *details) appendRows(o *object, known int, m *metric) {
	o.set("known", known)
	n := len(d.rows) - known
	o.array("labels", n, func(dst []byte, i int) []byte { return append(dst, pairsOf(d.rows[known+i].labels)...) })
	d.appendValues(o)
	if m.hasObservations() {
		n := len(d.rows)
		o.array("sums", n, func(dst []byte, i int) []byte { return appendNumber(dst, d.rows[i].sum, 64) })
		o.array("estimates", n, func(dst []byte, i int) []byte { return d.rows[i].appendEstimates(dst) })
	}
	o.set("hidden", d.hidden)
	if n := len(d.exemplars); n > 0 {
		o.array("exemplars", n, func(dst []byte, i int) []byte { return d.appendExemplar(dst, &d.exemplars[i]) })
	}
}

func (d *details) appendValues(o *object) {
	o.array("values", len(d.rows), func(dst []byte, i int) []byte { return d.appendValue(dst, &d.rows[i]) })
}

// appendValue appends the value of a series, and null if it has left.
func (d *details) appendValue(dst []byte, w *row) []byte {
	switch {
	case w.sample != d.sample:
		return append(dst, "null"...)
	case w.exact:
		return appendWhole(dst, w.whole)
	case w.value != w.value:
		return append(dst, `"NaN"`...)
	}
	return appendNumber(dst, w.value, 64)
}

// appendQuantiles writes which quantiles the estimates are of, and their errors.
func (d *details) appendQuantiles(o *object) {
	for i := range d.rows {
		if list := d.rows[i].estimates; len(list) > 0 {
			n := len(list)
			o.array("quantiles", n, func(dst []byte, i int) []byte { return appendNumber(dst, list[i].Quantile, 64) })
			o.array("errors", n, func(dst []byte, i int) []byte { return appendNumber(dst, list[i].Error, 64) })
			return
		}
	}
}

// self writes the metrics of the registry about itself.
func (w *watcher) self(o *object) {
	o.key("metrics")
	*o = append(*o, '{')
	for i, name := range selfMetrics {
		if i > 0 {
			*o = append(*o, ',')
		}
		*o = append(strconv.AppendQuote(*o, name), ':')
		d := w.recorder.byName[name].details
		table := newObject(nil)
		n := len(d.rows)
		table.array("labels", n, func(dst []byte, i int) []byte { return append(dst, pairsOf(d.rows[i].labels)...) })
		d.appendValues(&table)
		table.array("sums", n, func(dst []byte, i int) []byte { return appendNumber(dst, d.rows[i].sum, 64) })
		table.array("estimates", n, func(dst []byte, i int) []byte { return d.rows[i].appendEstimates(dst) })
		*o = append(*o, table.end()...)
	}
	*o = append(*o, '}')
	w.callbacks(o)
}

// callbacks writes what the calls of functions, collectors and sources have been like, the slowest
// first. Times are in seconds.
func (w *watcher) callbacks(o *object) {
	type callback struct {
		Name     string  `json:"name"`
		Calls    uint64  `json:"calls"`
		Latest   float64 `json:"latest"`
		Running  float64 `json:"running"`
		Failures uint64  `json:"failures"`
	}
	list := w.recorder.reg.Callbacks()
	slices.SortStableFunc(list, func(a, b engine.Callback) int {
		return cmp.Compare(max(b.Latest, b.Running), max(a.Latest, a.Running))
	})
	shown := []callback{}
	for _, c := range list[:min(len(list), maxCallbacks)] {
		shown = append(shown, callback{c.Name, c.Calls, c.Latest.Seconds(), c.Running.Seconds(), c.Failures})
	}
	o.set("callbacks", shown)
}

// maxCallbacks bounds the functions that the page lists.
const maxCallbacks = 100

// appendEstimates appends the quantiles of a series.
func (w *row) appendEstimates(dst []byte) []byte {
	dst = append(dst, '[')
	for i, e := range w.estimates {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendNumber(dst, e.Value, 64)
	}
	return append(dst, ']')
}

// pairsOf returns labels as pairs of names and values.
func pairsOf(labels []engine.Label) []byte {
	pairs := make([][2]string, len(labels))
	for i, l := range labels {
		pairs[i] = [2]string{l.Name, l.Value}
	}
	text, _ := json.Marshal(pairs) // strings never fail
	return text
}

// appendExemplar appends an exemplar, with its time in milliseconds, or 0 if that is unknown.
func (d *details) appendExemplar(dst []byte, e *exemplar) []byte {
	o := append(object(dst), '{')
	o.key("series")
	o = appendWhole(o, uint64(e.series))
	o.key("labels")
	o = append(o, pairsOf(e.labels)...)
	o.key("value")
	o = appendNumber(o, e.value, 64)
	if !e.time.IsZero() {
		o.key("time")
		o = appendWhole(o, uint64(e.time.UnixMilli()))
	}
	return o.end()
}
