// SPDX-License-Identifier: Apache-2.0

package metricdoc

import "fmt"

// targetMatchers are the matchers of the dashboard's variables.
var targetMatchers = []string{`job=~"$job"`, `instance=~"$instance"`}

// samples returns a selector of the samples of a family with a suffix, on the targets chosen.
func (f *Family) samples(suffix string) string { return selector(f.Name+suffix, targetMatchers...) }

// rate returns the rate of such samples.
func (f *Family) rate(suffix string) string {
	return "rate(" + f.samples(suffix) + "[$__rate_interval])"
}

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
	q := query{sumBy(f.shownLabels(), f.rate("")), f.by("all")}
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
		return []*panel{lines(f.Name+", time since", "s", false, query{"time() - " + f.samples(""), series})}
	}
	return []*panel{lines(f.Name, f.grafanaUnit(), false, query{f.samples(""), series})}
}

func infoPanels(f *Family) []*panel { return []*panel{table(f.Name, f.samples(""))} }

// shownQuantiles are those that panels of histograms show.
var shownQuantiles = []float64{0.5, 0.9, 0.99}

// histogramForm has the expressions of a classic or a native histogram.
type histogramForm struct {
	quantile func(q float64, labels []string) string
	buckets  string // for the heat map
	count    func(labels []string) string
}

func (f *Family) classicForm() histogramForm {
	return histogramForm{
		quantile: func(q float64, labels []string) string {
			return fmt.Sprintf("histogram_quantile(%s, %s)", number(q),
				sumBy(append([]string{"le"}, labels...), f.rate("_bucket")))
		},
		buckets: sumBy([]string{"le"}, "increase("+f.samples("_bucket")+"[$__rate_interval])"),
		count:   func(labels []string) string { return sumBy(labels, f.rate("_count")) },
	}
}

func (f *Family) nativeForm() histogramForm {
	return histogramForm{
		quantile: func(q float64, labels []string) string {
			return fmt.Sprintf("histogram_quantile(%s, %s)", number(q), sumBy(labels, f.rate("")))
		},
		buckets: sumBy(nil, "increase("+f.samples("")+"[$__rate_interval])"),
		count:   func(labels []string) string { return "histogram_count(" + sumBy(labels, f.rate("")) + ")" },
	}
}

// form returns the expressions of a histogram. Of one that has both kinds of buckets, Prometheus
// stores the native ones, or the classic ones, or both, as its configuration says. The operator or
// takes what is there.
func (f *Family) form() histogramForm {
	switch {
	case !f.Native:
		return f.classicForm()
	case len(f.Bounds) == 0:
		return f.nativeForm()
	}
	classic, native := f.classicForm(), f.nativeForm()
	return histogramForm{
		quantile: func(q float64, labels []string) string {
			return native.quantile(q, labels) + " or " + classic.quantile(q, labels)
		},
		buckets: native.buckets + " or " + classic.buckets,
		count:   func(labels []string) string { return native.count(labels) + " or " + classic.count(labels) },
	}
}

func histogramPanels(f *Family) []*panel {
	form, labels, unit := f.form(), f.shownLabels(), f.grafanaUnit()
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
		p := lines(title, unit, f.fromZero(), query{form.quantile(highest, labels), legend(labels...)})
		p.place.W = columns
		panels = append(panels, p)
	}
	return panels
}

func summaryPanels(f *Family) []*panel {
	labels := f.shownLabels()
	var panels []*panel
	if len(f.Quantiles) > 0 {
		panels = append(panels, lines(f.Name+", quantiles", f.grafanaUnit(), false,
			query{f.samples(""), legend(append([]string{"quantile"}, f.Labels...)...) + " {{instance}}"}))
	}
	mean := sumBy(labels, f.rate("_sum")) + " / " + sumBy(labels, f.rate("_count"))
	return append(panels,
		lines(f.Name+", mean", f.grafanaUnit(), false, query{mean, f.by("mean")}),
		lines(f.Name+", observations", "cps", true, query{sumBy(labels, f.rate("_count")), f.by("all")}))
}

// fromZero reports whether the buckets of a histogram are for values from 0 on.
func (f *Family) fromZero() bool { return len(f.Bounds) > 0 && f.Bounds[0] >= 0 }
