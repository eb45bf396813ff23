// SPDX-License-Identifier: Apache-2.0

package metricdoc

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Rules returns a file of rules for Prometheus, as YAML. It has a recording rule for the rate of
// each counter, and for the rate and the quantiles of each histogram, all by job. For each
// objective it has the part of bad events in seven windows, and two alerts on how fast the
// objective's budget for 30 days burns. SLOFastBurn wakes somebody up, for 2 % of the budget in an
// hour or 5 % in six hours. SLOSlowBurn is for the next day, for 10 % in a day or in three days.
// Each looks at a long window, and at a short one, so that it ends soon after the cause has.
//
// The warnings tell what works otherwise than the objectives say, above all a bound that is no
// bucket of its histogram: the next lower bucket takes its place, so that more events count as bad,
// or the lowest bucket if all are above the bound. An objective that is given twice, or whose
// metrics are not there or of another type, is an error.
func (m *Metrics) Rules(objectives ...Objective) (rules []byte, warnings []string, err error) {
	w := new(ruleWriter)
	w.line("groups:")
	w.recordings(m)
	seen := map[string]bool{}
	for i := range objectives {
		text := objectives[i].String()
		if seen[text] { // Prometheus refuses a file with two groups of one name
			return nil, nil, fmt.Errorf("quipu: metricdoc: objective %q is there twice", text)
		}
		seen[text] = true
		if err := w.objective(m, &objectives[i]); err != nil {
			return nil, nil, fmt.Errorf("quipu: metricdoc: objective %q: %w", text, err)
		}
	}
	if !w.grouped {
		w.text.Reset()
		w.line("groups: []")
	}
	return []byte(w.text.String()), w.warnings, nil
}

// ruleWriter writes a file of rules.
type ruleWriter struct {
	text     strings.Builder
	warnings []string
	grouped  bool
}

func (w *ruleWriter) line(format string, args ...any) { fmt.Fprintf(&w.text, format+"\n", args...) }

func (w *ruleWriter) warn(format string, args ...any) {
	w.warnings = append(w.warnings, fmt.Sprintf(format, args...))
}

// group begins a group of rules.
func (w *ruleWriter) group(name string) {
	w.grouped = true
	w.line("  - name: %s", inYAML(name))
	w.line("    rules:")
}

// rule writes a rule. kind is record or alert.
func (w *ruleWriter) rule(kind, name, expr string, parts ...pairs) {
	w.line("      - %s: %s", kind, inYAML(name))
	if strings.Contains(expr, "\n") {
		w.line("        expr: |-\n          %s", strings.ReplaceAll(expr, "\n", "\n          "))
	} else {
		w.line("        expr: %s", inYAML(expr))
	}
	for _, p := range parts {
		w.line("        %s:", p.name)
		for i := 0; i+1 < len(p.list); i += 2 {
			w.line("          %s: %s", p.list[i], inYAML(p.list[i+1]))
		}
	}
}

// pairs are the labels or the annotations of a rule.
type pairs struct {
	name string
	list []string // names and values
}

// inYAML returns a text between quotes.
func inYAML(text string) string {
	if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.QuoteToASCII(text) // YAML has the same escapes
	}
	return "'" + strings.ReplaceAll(text, "'", "''") + "'"
}

// recordings writes the recording rules of all metrics.
func (w *ruleWriter) recordings(m *Metrics) {
	from := map[string]string{} // the metric that each rule is for
	for i := range m.Families {
		f := &m.Families[i]
		for _, r := range kindOf(f.Type).recordings(f) {
			if other, ok := from[r[0]]; ok {
				w.warn("%s: its rule %s would be that of %s, so it has none", f.Name, r[0], other)
				continue
			}
			if len(from) == 0 {
				w.group("quipu-recordings")
			}
			from[r[0]] = f.Name
			w.rule("record", r[0], r[1])
		}
	}
}

const recordingWindow = "5m"

func counterRecordings(f *Family) [][2]string {
	s := samplesOf{name: f.Name}
	name := "job:" + strings.TrimSuffix(recordable(f.Name), "_total") + ":rate5m"
	return [][2]string{{name, s.sum("", recordingWindow)}}
}

func histogramRecordings(f *Family) (list [][2]string) {
	form := f.form(view{f.Name, nil, recordingWindow})
	by := []string{"job"}
	list = append(list, [2]string{"job:" + recordable(f.Name) + "_count:rate5m", form.count(by)})
	for _, q := range shownQuantiles {
		name := fmt.Sprintf("job:%s:p%s_rate5m", recordable(f.Name), number(100*q))
		list = append(list, [2]string{name, form.quantile(q, by)})
	}
	return list
}

func noRecordings(*Family) [][2]string { return nil }

// burn is a speed at which a budget of 30 days burns, and the windows in which it is measured.
type burn struct {
	factor      float64
	long, short string
}

// alerts are those of an objective. The factors are the part of the budget that burns in the long
// window, 2 %, 5 %, 10 % and 10 %, times 30 days, by that window.
var alerts = []struct {
	name, severity string
	burns          []burn
}{
	{"SLOFastBurn", "page", []burn{{14.4, "1h", "5m"}, {6, "6h", "30m"}}},
	{"SLOSlowBurn", "ticket", []burn{{3, "1d", "2h"}, {1, "3d", "6h"}}},
}

// ratioRecord is the name of the recording rules of objectives, before the window.
const ratioRecord = "slo:bad_events:ratio_rate"

// objective writes the rules of an objective.
func (w *ruleWriter) objective(m *Metrics, o *Objective) error {
	f, bound, err := w.check(m, o)
	if err != nil {
		return err
	}
	w.group("quipu-slo " + o.String())
	label := []string{"slo", o.String()}
	for _, window := range []string{"5m", "30m", "1h", "2h", "6h", "1d", "3d"} {
		w.rule("record", ratioRecord+window, o.badRatio(window, bound, f), pairs{"labels", label})
	}
	for _, a := range alerts {
		var parts []string
		for _, b := range a.burns {
			threshold := b.factor * o.budget()
			if threshold >= 1 {
				w.warn("%s: the part of bad events cannot be above %s times the budget, so no alert looks at %s",
					o, number(b.factor), b.long)
				continue
			}
			slo, limit := fmt.Sprintf("slo=%q", o.String()), number(round(threshold))
			parts = append(parts, fmt.Sprintf("(%s > %s and %s > %[2]s)",
				selector(ratioRecord+b.long, slo), limit, selector(ratioRecord+b.short, slo)))
		}
		if len(parts) == 0 {
			continue
		}
		// The labels of an alert are templates.
		text := strings.ReplaceAll(o.String(), "{{", `{{"{{"}}`)
		w.rule("alert", a.name, strings.Join(parts, "\nor "),
			pairs{"labels", []string{"severity", a.severity, "slo", text}},
			pairs{"annotations", []string{
				"summary", "{{ $labels.job }} misses its objective {{ $labels.slo }}",
				"description", fmt.Sprintf("{{ $value | humanizePercentage }} of the events are bad, "+
					"and at most %s %% may be.", number(round(100*o.budget()))),
			}})
	}
	return nil
}

// check reports whether the metrics of an objective are there. For a histogram it returns the
// family, and the bound of the bucket that stands for the objective's.
func (w *ruleWriter) check(m *Metrics, o *Objective) (histogram *Family, bound float64, err error) {
	for _, s := range []*samplesOf{&o.events, &o.bad} {
		if s.name == "" {
			continue
		}
		f := m.familyOfSamples(s.name)
		if f == nil {
			return nil, 0, fmt.Errorf("there is no metric %s", s.name)
		}
		k := kindOf(f.Type)
		if o.latency && (k != histogramKind || s.name != f.Name) || !o.latency && k != counterKind && s.name == f.Name {
			return nil, 0, fmt.Errorf("%s is no %s: its type is %s", s.name, o.wanted(), f.Type)
		}
		if !o.latency && s.name != f.Name && f.Native {
			w.warn("%s: there is no %s if Prometheus stores nothing but the native buckets of %s", o, s.name, f.Name)
		}
		for _, label := range s.labels() {
			if !slices.Contains(f.Labels, label) && label != "job" && label != "instance" {
				w.warn("%s: %s has no label %s", o, f.Name, label)
			}
		}
	}
	if !o.latency {
		return nil, 0, nil
	}
	f := m.Find(o.events.name)
	if len(f.Bounds) == 0 {
		return f, o.bound, nil
	}
	bound, exact := f.bucketFor(o.bound)
	if !exact {
		w.warn("%s: %s is no bucket of %s, %s takes its place: the buckets are %s", o, number(o.bound), f.Name,
			number(bound), numbers(f.Bounds))
	}
	return f, bound, nil
}

// wanted returns the type that the metrics of the objective must have.
func (o *Objective) wanted() string {
	if o.latency {
		return "histogram"
	}
	return "counter"
}

// bucketFor returns the highest bound up to this one, or the lowest one if all are above it.
func (f *Family) bucketFor(bound float64) (_ float64, exact bool) {
	i, exact := slices.BinarySearch(f.Bounds, bound)
	if exact {
		return bound, true
	}
	return f.Bounds[max(i-1, 0)], false
}

// round rounds to six digits, because the difference of two decimals has more of them.
func round(v float64) float64 {
	var rounded float64
	_, _ = fmt.Sscan(fmt.Sprintf("%.6g", v), &rounded) // it is a number
	return rounded
}
