// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	client "github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"pgregory.net/rapid"
)

// define makes a metric or a Vec of any kind.
func (w *world) define(t *rapid.T) {
	kind := rapid.SampledFrom([]string{"counter", "gauge", "histogram", "summary", "function"}).Draw(t, "kind")
	o, h, s := drawOpts(t), drawHistogramOpts(t), drawSummaryOpts(t)
	v := rapid.Float64Range(0, 9).Draw(t, "value")
	w.both(t, "define", func(on *side) string {
		var c client.Collector
		switch kind {
		case "counter":
			c = on.newCounter(client.CounterOpts(o))
		case "gauge":
			c = on.newGauge(client.GaugeOpts(o))
		case "histogram":
			c = on.newHistogram(h)
		case "summary":
			c = on.newSummary(s)
		case "function":
			on.collectors = append(on.collectors, on.newGaugeFunc(client.GaugeOpts(o), func() float64 { return v }))
			return ""
		}
		on.collectors, on.metrics = append(on.collectors, c), append(on.metrics, c.(client.Metric))
		return c.(client.Metric).Desc().String()
	})
}

func (w *world) defineVec(t *rapid.T) {
	kind := rapid.SampledFrom([]string{"counter", "gauge", "histogram", "summary"}).Draw(t, "kind")
	o, h, s, l := drawOpts(t), drawHistogramOpts(t), drawSummaryOpts(t), drawVariable(t)
	w.both(t, "define", func(on *side) string {
		var v vec
		switch kind {
		case "counter":
			v = on.newCounterVec(client.CounterVecOpts{CounterOpts: client.CounterOpts(o), VariableLabels: l})
		case "gauge":
			v = on.newGaugeVec(client.GaugeVecOpts{GaugeOpts: client.GaugeOpts(o), VariableLabels: l})
		case "histogram":
			v = on.newHistogramVec(client.HistogramVecOpts{HistogramOpts: h, VariableLabels: l})
		case "summary":
			v = on.newSummaryVec(client.SummaryVecOpts{SummaryOpts: s, VariableLabels: l})
		}
		on.collectors, on.vecs = append(on.collectors, v.deleter), append(on.vecs, v)
		return described(v)
	})
}

// described returns what a collector is described as.
func described(c client.Collector) string {
	ch := make(chan *client.Desc, 100)
	c.Describe(ch)
	close(ch)
	var all []string
	for d := range ch {
		all = append(all, d.String())
	}
	slices.Sort(all)
	return fmt.Sprint(all)
}

// labelNamesOf returns the names that lookups in a Vec need, by asking client_golang.
func (w *world) drawLookup(t *rapid.T, i int) (lvs []string, set client.Labels) {
	v := w.sides[1].vecs[i]
	set = client.Labels{}
	for _, n := range []string{"a", "b", "c", "le", "quantile", "ü.", `q"`} {
		if _, err := v.curryWith(client.Labels{n: ""}); err == nil {
			set[n] = labelValues.Draw(t, n)
			lvs = append(lvs, labelValues.Draw(t, "value"))
		}
	}
	switch rapid.IntRange(0, 9).Draw(t, "wrong") {
	case 0:
		lvs = append(lvs, "more")
	case 1:
		lvs = lvs[:len(lvs)/2]
	case 2:
		set = drawSet(t, 3)
	}
	return lvs, set
}

// valid returns the values without those that are not UTF-8.
func (*world) valid(lvs []string, set client.Labels) ([]string, client.Labels) {
	for i := range lvs {
		lvs[i] = strings.ToValidUTF8(lvs[i], "")
	}
	for name, value := range set {
		set[name] = strings.ToValidUTF8(value, "")
	}
	return lvs, set
}

func (w *world) lookup(t *rapid.T) {
	i := anyOf(t, w.sides[0].vecs, "vec")
	lvs, set := w.drawLookup(t, i)
	if w.invalid {
		lvs, set = w.valid(lvs, set)
	}
	how := rapid.IntRange(0, 3).Draw(t, "how")
	w.both(t, "lookup", func(on *side) string {
		v := on.vecs[i]
		switch how {
		case 0:
			return on.found(v.withLabelValues(lvs...), nil)
		case 1:
			return on.found(v.getLabelValues(lvs...))
		case 2:
			return on.found(v.with(maps.Clone(set)), nil)
		}
		return on.found(v.get(maps.Clone(set)))
	})
}

func (w *world) update(t *rapid.T) {
	i := anyOf(t, w.sides[0].metrics, "metric")
	how := rapid.IntRange(0, 5).Draw(t, "how")
	x, labels := values.Draw(t, "value"), exemplars.Draw(t, "exemplar")
	w.both(t, "update", func(on *side) string {
		switch m := on.metrics[i].(type) {
		case client.Gauge:
			[]func(){m.Inc, m.Dec, func() { m.Add(x) }, func() { m.Sub(x) }, func() { m.Set(x) }, m.Inc}[how]()
		case client.Counter:
			e := m.(client.ExemplarAdder)
			[]func(){
				m.Inc, func() { m.Add(x) }, func() { m.Add(x) }, func() { e.AddWithExemplar(x, labels) }, m.Inc, m.Inc,
			}[how]()
		case client.ExemplarObserver:
			if how < 2 {
				m.ObserveWithExemplar(x, labels)
			} else {
				m.(client.Observer).Observe(x)
			}
		case client.Observer:
			m.Observe(x)
		}
		return on.written(on.metrics[i])
	})
}

// written returns the text of a metric alone.
func (*side) written(m client.Metric) string {
	var to dto.Metric
	err := m.Write(&to)
	return metricText(&to) + errorText(err)
}

// collect compares what collectors collect by themselves.
func (w *world) collect(t *rapid.T) {
	i := anyOf(t, w.sides[0].collectors, "collector")
	if w.panicking(i) {
		t.Skip("it panics")
	}
	w.both(t, "collect", func(on *side) string {
		all := []string{described(on.collectors[i])}
		ch := make(chan client.Metric)
		go func() {
			on.collectors[i].Collect(ch)
			close(ch)
		}()
		for m := range ch {
			all = append(all, m.Desc().String()+on.written(m))
		}
		slices.Sort(all)
		return fmt.Sprint(all)
	})
}

func (w *world) delete(t *rapid.T) {
	i := anyOf(t, w.sides[0].vecs, "vec")
	lvs, set := w.drawLookup(t, i)
	how := rapid.IntRange(0, 9).Draw(t, "how")
	if how >= 5 && rapid.Bool().Draw(t, "partly") {
		set = drawSet(t, 2)
	}
	w.both(t, "delete", func(on *side) string {
		switch v := on.vecs[i]; {
		case how == 0:
			v.Reset()
			return ""
		case how < 3:
			return fmt.Sprint(v.DeleteLabelValues(lvs...))
		case how < 5:
			return fmt.Sprint(v.Delete(maps.Clone(set)))
		default:
			return fmt.Sprint(v.DeletePartialMatch(maps.Clone(set)))
		}
	})
}

func (w *world) curry(t *rapid.T) {
	i := anyOf(t, w.sides[0].vecs, "vec")
	_, set := w.drawLookup(t, i)
	for name := range set {
		if len(set) == 1 || rapid.Bool().Draw(t, "leave out") {
			break
		}
		delete(set, slices.Max(slices.Collect(maps.Keys(set))))
		_ = name
	}
	for _, value := range set {
		w.invalid = w.invalid || !utf8.ValidString(value)
	}
	must := rapid.Bool().Draw(t, "must")
	w.both(t, "curry", func(on *side) string {
		if must {
			on.vecs = append(on.vecs, on.vecs[i].mustCurryWith(set))
			return ""
		}
		v, err := on.vecs[i].curryWith(set)
		if err == nil {
			on.vecs = append(on.vecs, v)
		}
		return errorText(err)
	})
}
