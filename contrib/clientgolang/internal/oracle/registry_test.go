// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"errors"
	"fmt"
	"regexp"

	client "github.com/prometheus/client_golang/prometheus"
	"pgregory.net/rapid"
)

// registerer draws a Registerer, and the first registry more often than the others.
func (w *world) registerer(t *rapid.T) int {
	return max(0, rapid.IntRange(-len(w.sides[0].registerers), len(w.sides[0].registerers)-1).Draw(t, "registerer"))
}

func (w *world) register(t *rapid.T) {
	at := w.registerer(t)
	i := anyOf(t, w.sides[0].collectors, "collector")
	if w.panicking(i) && at >= registries {
		t.Skip("client_golang's wrappers end the process")
	}
	must := rapid.IntRange(0, 4).Draw(t, "must") == 0
	w.both(t, "register", func(on *side) string {
		if must {
			on.registerers[at].MustRegister(on.collectors[i])
			return ""
		}
		return on.registration(on.registerers[at].Register(on.collectors[i]))
	})
}

func (w *world) panicking(i int) bool {
	_, ok := w.sides[0].collectors[i].(*panicking)
	return ok
}

func (w *world) unregister(t *rapid.T) {
	at := w.registerer(t)
	i := anyOf(t, w.sides[0].collectors, "collector")
	w.both(t, "unregister", func(on *side) string {
		return fmt.Sprint(on.registerers[at].Unregister(on.collectors[i]))
	})
}

// nest registers a registry in another.
func (w *world) nest(t *rapid.T) {
	if rapid.IntRange(0, 2).Draw(t, "seldom") > 0 {
		t.Skip("not now")
	}
	inner := rapid.IntRange(0, 1).Draw(t, "inner")
	outer := rapid.IntRange(inner+1, registries-1).Draw(t, "outer")
	prefixed := !w.panics && rapid.Bool().Draw(t, "prefixed")
	w.both(t, "nest", func(on *side) string {
		c := client.Collector(on.registries[inner])
		if prefixed {
			c = on.wrapCollectorPrefix("n_", c)
		}
		return description.ReplaceAllString(on.registration(on.registries[outer].Register(c)), "one of them")
	})
}

// description is a descriptor in an error. A registry describes its collectors in any order, so the
// error of registering one names any of those that do not fit.
var description = regexp.MustCompile(`Desc\{.*\}`)

var wrapLabels = seldom([]client.Labels{{"w": "1"}, {"w": "2"}, nil, {"c": "1"}}, client.Labels{"a": "1"},
	client.Labels{"le": "1"}, client.Labels{"\xff": "1"}, client.Labels{"w": "\xff"}, client.Labels{"ü": ""})

func (w *world) wrapRegisterer(t *rapid.T) {
	at := anyOf(t, w.sides[0].registerers, "registerer")
	labels, prefix := wrapLabels.Draw(t, "labels"), seldom([]string{"p_"}, "", "ü", "x_", "\xff").Draw(t, "prefix")
	with := rapid.Bool().Draw(t, "with")
	w.both(t, "wrap", func(on *side) string {
		r := on.registerers[at]
		if with {
			r = on.wrapRegistererWith(labels, r)
		} else {
			r = on.wrapRegistererPrefix(prefix, r)
		}
		on.registerers = append(on.registerers, r)
		return ""
	})
}

func (w *world) wrapCollector(t *rapid.T) {
	i := anyOf(t, w.sides[0].collectors, "collector")
	if w.panicking(i) {
		t.Skip("client_golang's wrappers end the process")
	}
	labels, prefix := wrapLabels.Draw(t, "labels"), seldom([]string{"p_"}, "", "ü", "x_", "\xff").Draw(t, "prefix")
	with := rapid.Bool().Draw(t, "with")
	w.both(t, "wrap", func(on *side) string {
		c := on.collectors[i]
		if with {
			c = on.wrapCollectorWith(labels, c)
		} else {
			c = on.wrapCollectorPrefix(prefix, c)
		}
		on.collectors = append(on.collectors, c)
		return ""
	})
}

// foreign is a collector of constant metrics. Without descriptors it is unchecked.
type foreign struct {
	descs   []*client.Desc
	metrics []client.Metric
}

func (f *foreign) Describe(ch chan<- *client.Desc) {
	for _, d := range f.descs {
		ch <- d
	}
}

func (f *foreign) Collect(ch chan<- client.Metric) {
	for _, m := range f.metrics {
		ch <- m
	}
}

// embedding is another type with the methods of a collector.
type embedding struct{ client.Collector }

// panicking panics when it is collected.
type panicking struct{ foreign }

func (p *panicking) Collect(ch chan<- client.Metric) {
	p.foreign.Collect(ch)
	panic("the collector's own panic")
}

func (w *world) defineForeign(t *rapid.T) {
	what := rapid.SampledFrom([]string{
		"constant", "constant", "unchecked", "embedding", "panicking", "client",
	}).Draw(t, "what")
	if what == "panicking" && !w.panics {
		what = "constant"
	}
	f, o := drawConstant(t), drawOpts(t)
	i := 0
	if what == "embedding" {
		i = anyOf(t, w.sides[0].collectors, "embedded")
		if w.panicking(i) {
			t.Skip("it would not be known as one that panics")
		}
	}
	w.both(t, "foreign", func(on *side) string {
		var c client.Collector = f
		switch what {
		case "unchecked":
			c = &foreign{metrics: f.metrics}
		case "embedding":
			c = &embedding{on.collectors[i]}
		case "panicking":
			c = &panicking{*f}
		case "client":
			m := client.NewGauge(client.GaugeOpts(o))
			on.metrics = append(on.metrics, m)
			c = m
		}
		on.collectors = append(on.collectors, c)
		return ""
	})
}

// drawConstant draws a collector of constant metrics.
func drawConstant(t *rapid.T) *foreign {
	f := new(foreign)
	for range rapid.IntRange(1, 2).Draw(t, "descriptors") {
		o, labels := drawOpts(t), rapid.SampledFrom([][]string{nil, {"a"}}).Draw(t, "labels")
		d := client.NewDesc(client.BuildFQName(o.Namespace, o.Subsystem, o.Name), o.Help, labels, o.ConstLabels)
		f.descs = append(f.descs, d)
		for range rapid.IntRange(0, 2).Draw(t, "metrics") {
			f.metrics = append(f.metrics, drawMetric(t, d, len(labels)))
		}
	}
	return f
}

func drawMetric(t *rapid.T, d *client.Desc, labels int) client.Metric {
	v := values.Draw(t, "value")
	lvs := rapid.SliceOfN(labelValues, labels, labels).Draw(t, "label values")
	var m client.Metric
	var err error
	switch rapid.IntRange(0, 7).Draw(t, "kind") {
	case 0:
		return client.NewInvalidMetric(d, errors.New("it failed"))
	case 1:
		m, err = client.NewConstHistogram(d, 3, v, map[float64]uint64{1: 1, 2: 2}, lvs...)
	case 2:
		m, err = client.NewConstSummary(d, 3, v, map[float64]float64{0.5: 1}, lvs...)
	case 3:
		m, err = client.NewConstMetric(d, client.CounterValue, v, lvs...)
	case 4:
		m, err = client.NewConstMetric(d, client.UntypedValue, v, lvs...)
	default:
		m, err = client.NewConstMetric(d, client.GaugeValue, v, lvs...)
	}
	if err != nil {
		return client.NewInvalidMetric(d, err)
	}
	return m
}
