// SPDX-License-Identifier: Apache-2.0

package metricdoc

import "fmt"

// view is a family as queries look at it: through matchers, and over a window.
type view struct {
	name     string
	matchers []string
	window   string
}

// onDashboard returns the view of panels: the targets that the variables choose.
func (f *Family) onDashboard() view {
	return view{f.Name, []string{`job=~"$job"`, `instance=~"$instance"`}, "$__rate_interval"}
}

// samples returns a selector of the samples with a suffix.
func (v view) samples(suffix string) string { return selector(v.name+suffix, v.matchers...) }

// over returns a function of the samples with a suffix over the window.
func (v view) over(function, suffix string) string {
	return function + "(" + v.samples(suffix) + "[" + v.window + "])"
}

func (v view) rate(suffix string) string { return v.over("rate", suffix) }

// shownLabels are the labels by which panels tell series apart: those that have few values.
func (f *Family) shownLabels() (names []string) {
	for _, name := range f.Labels {
		if len(f.values(name)) <= mostValues {
			names = append(names, name)
		}
	}
	return names
}

// by returns a legend of the labels of a panel, or a word if there are none.
func (f *Family) by(word string) string {
	if labels := f.shownLabels(); len(labels) > 0 {
		return legend(labels...)
	}
	return word
}

func counterPanels(f *Family) []*panel {
	q := query{sumBy(inQuery(f.shownLabels()), f.onDashboard().rate("")), f.by("all")}
	return []*panel{lines(f.Name+", rate", f.grafanaRate(), true, q)}
}

func gaugePanels(f *Family) []*panel {
	if isInfo(f.Name) {
		return infoPanels(f)
	}
	series := "{{instance}}"
	if len(f.Labels) > 0 {
		series += " " + legend(f.Labels...)
	}
	if f.isTime() {
		age := "time() - " + f.onDashboard().samples("")
		return []*panel{lines(f.Name+", time since", "s", false, query{age, series})}
	}
	return []*panel{lines(f.Name, f.grafanaUnit(), false, query{f.onDashboard().samples(""), series})}
}

func infoPanels(f *Family) []*panel { return []*panel{table(f.Name, f.onDashboard().samples(""))} }

// shownQuantiles are those that panels of histograms show.
var shownQuantiles = []float64{0.5, 0.9, 0.99}

// histogramForm has the expressions of a classic or a native histogram.
type histogramForm struct {
	quantile func(q float64, labels []string) string
	buckets  string // for the heat map
	count    func(labels []string) string
}

func (v view) classicForm() histogramForm {
	return histogramForm{
		quantile: func(q float64, labels []string) string {
			return fmt.Sprintf("histogram_quantile(%s, %s)", number(q),
				sumBy(append([]string{"le"}, labels...), v.rate("_bucket")))
		},
		buckets: sumBy([]string{"le"}, v.over("increase", "_bucket")),
		count:   func(labels []string) string { return sumBy(labels, v.rate("_count")) },
	}
}

func (v view) nativeForm() histogramForm {
	return histogramForm{
		quantile: func(q float64, labels []string) string {
			return fmt.Sprintf("histogram_quantile(%s, %s)", number(q), sumBy(labels, v.rate("")))
		},
		buckets: sumBy(nil, v.over("increase", "")),
		count:   func(labels []string) string { return "histogram_count(" + sumBy(labels, v.rate("")) + ")" },
	}
}

// form returns the expressions of a histogram. Of one that has both kinds of buckets, Prometheus
// stores the native ones, or the classic ones, or both, as its configuration says. The operator or
// takes what is there.
func (f *Family) form(v view) histogramForm {
	switch {
	case !f.Native:
		return v.classicForm()
	case len(f.Bounds) == 0:
		return v.nativeForm()
	}
	classic, native := v.classicForm(), v.nativeForm()
	return histogramForm{
		quantile: func(q float64, labels []string) string {
			return native.quantile(q, labels) + " or " + classic.quantile(q, labels)
		},
		buckets: native.buckets + " or " + classic.buckets,
		count:   func(labels []string) string { return native.count(labels) + " or " + classic.count(labels) },
	}
}

func histogramPanels(f *Family) []*panel {
	form, labels, unit := f.form(f.onDashboard()), inQuery(f.shownLabels()), f.grafanaUnit()
	var quantiles []query
	for _, q := range shownQuantiles {
		quantiles = append(quantiles, query{form.quantile(q, nil), "p" + number(100*q)})
	}
	panels := []*panel{
		lines(f.Name+", quantiles", unit, f.fromZero(), quantiles...),
		heatMap(f.Name+", heat map", unit, form.buckets),
		lines(f.Name+", observations", "cps", true, query{form.count(labels), f.by("all")}),
	}
	if len(labels) > 0 {
		highest := shownQuantiles[len(shownQuantiles)-1]
		title := fmt.Sprintf("%s, p%s by labels", f.Name, number(100*highest))
		p := lines(title, unit, f.fromZero(), query{form.quantile(highest, labels), f.by("")})
		p.place.W = columns
		panels = append(panels, p)
	}
	return panels
}

func summaryPanels(f *Family) []*panel {
	labels := inQuery(f.shownLabels())
	var panels []*panel
	if len(f.Quantiles) > 0 {
		panels = append(panels, lines(f.Name+", quantiles", f.grafanaUnit(), false,
			query{f.onDashboard().samples(""), legend(append([]string{"quantile"}, f.Labels...)...) + " {{instance}}"}))
	}
	mean := sumBy(labels, f.onDashboard().rate("_sum")) + " / " + sumBy(labels, f.onDashboard().rate("_count"))
	return append(panels,
		lines(f.Name+", mean", f.grafanaUnit(), false, query{mean, f.by("mean")}),
		lines(f.Name+", observations", "cps", true, query{sumBy(labels, f.onDashboard().rate("_count")), f.by("all")}))
}

// fromZero reports whether the buckets of a histogram are for values from 0 on.
func (f *Family) fromZero() bool { return len(f.Bounds) > 0 && f.Bounds[0] >= 0 }
