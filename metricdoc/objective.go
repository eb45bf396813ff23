// SPDX-License-Identifier: Apache-2.0

package metricdoc

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/quipu-metrics/quipu/encode"
)

// Objective is a promise about a service: that a part of its events are good. [ParseObjective]
// makes it.
type Objective struct {
	text    string  // as it was given, without the part
	percent float64 // of the events that are good, below 100

	// The events are observations of a histogram, of which those up to the bound are good, or else
	// those of a counter, of which bad are not.
	events, bad samplesOf
	bound       float64
	latency     bool
}

// samplesOf are samples of a name, perhaps with some labels.
type samplesOf struct {
	name     string
	matchers []string // such as code=~"5.."
}

// ParseObjective reads an objective in one of two forms. The part after the colon is a percentage.
//
//	http_request_duration_seconds<0.3:99.9
//	http_requests_total{code=~"5.."}/http_requests_total:99.9
//
// The first form says that 99.9 % of the observations of a histogram are at most 0.3. The second
// one says that at most 0.1 % of the events of a counter are bad ones. All names may have matchers
// of labels, as in PromQL.
func ParseObjective(text string) (Objective, error) {
	fail := func(format string, args ...any) (Objective, error) {
		return Objective{}, fmt.Errorf("quipu: metricdoc: objective %q: %w", text, fmt.Errorf(format, args...))
	}
	colon := strings.LastIndexByte(text, ':')
	if colon < 0 {
		return fail("want metric<bound:percent or bad/all:percent")
	}
	o := Objective{text: strings.TrimSpace(text[:colon])}
	percent, err := strconv.ParseFloat(strings.TrimSpace(text[colon+1:]), 64)
	if err != nil || !(percent > 0 && percent < 100) {
		return fail("%q is no percentage between 0 and 100", text[colon+1:])
	}
	o.percent = percent
	first, rest, err := cutSamples(o.text)
	if err != nil {
		return fail("%w", err)
	}
	if bound, ok := strings.CutPrefix(rest, "<"); ok {
		o.events, o.latency = first, true
		bound = strings.TrimSpace(strings.TrimPrefix(bound, "="))
		if o.bound, err = strconv.ParseFloat(bound, 64); err != nil || o.bound-o.bound != 0 {
			return fail("%q is no bound", bound)
		}
		return o, nil
	}
	all, ok := strings.CutPrefix(rest, "/")
	if !ok {
		return fail("after %s want < and a bound, or / and a counter", first.name)
	}
	o.bad = first
	if o.events, rest, err = cutSamples(all); err != nil {
		return fail("%w", err)
	}
	if rest != "" {
		return fail("%q is too much", rest)
	}
	return o, nil
}

// String returns the objective as it was given.
func (o Objective) String() string { return o.text + ":" + number(o.percent) }

// budget returns the part of the events that may be bad.
func (o *Objective) budget() float64 { return 1 - o.percent/100 }

var (
	sampleName = regexp.MustCompile(`^\s*([a-zA-Z_:][a-zA-Z0-9_:]*)\s*`)
	matcher    = regexp.MustCompile(`^\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*")\s*`)
)

// cutSamples splits a name and its matchers off a text.
func cutSamples(text string) (s samplesOf, rest string, err error) {
	name := sampleName.FindStringSubmatch(text)
	if name == nil {
		return s, "", fmt.Errorf("%q does not begin with the name of a metric", text)
	}
	s.name, rest = name[1], text[len(name[0]):]
	rest, ok := strings.CutPrefix(rest, "{")
	if !ok {
		return s, rest, nil
	}
	for {
		if after, end := strings.CutPrefix(strings.TrimLeft(rest, " \t"), "}"); end {
			return s, strings.TrimSpace(after), nil
		}
		m := matcher.FindStringSubmatch(rest)
		if m == nil {
			return s, "", fmt.Errorf("%q: want matchers such as {code=~\"5..\"}", text)
		}
		s.matchers, rest = append(s.matchers, m[1]+m[2]+m[3]), rest[len(m[0]):]
		after, comma := strings.CutPrefix(rest, ",")
		if !comma && !strings.HasPrefix(rest, "}") {
			return s, "", fmt.Errorf("%q: no comma and no brace after a matcher", text)
		}
		rest = after
	}
}

// labels returns the names of the labels that the matchers look at.
func (s *samplesOf) labels() (names []string) {
	for _, m := range s.matchers {
		names = append(names, m[:strings.IndexAny(m, "=!")])
	}
	return names
}

// sum returns the sum of the rates of samples over a window, for each job.
func (s *samplesOf) sum(suffix, window string, more ...string) string {
	matchers := append(append([]string(nil), s.matchers...), more...)
	return fmt.Sprintf("sum by (job) (rate(%s[%s]))", selector(s.name+suffix, matchers...), window)
}

// badRatio returns the expression of the part of the events that were bad in a window. For an
// objective of a histogram, f is that, and bound is the bound of one of its buckets.
func (o *Objective) badRatio(window string, bound float64, f *Family) string {
	if !o.latency {
		all := o.events.sum("", window)
		return fmt.Sprintf("(%s or 0 * %s) / %s", o.bad.sum("", window), all, all)
	}
	good := o.events.sum("_bucket", window, leMatcher(bound))
	classic := fmt.Sprintf("1 - %s / %s", good, o.events.sum("_count", window))
	native := fmt.Sprintf("1 - histogram_fraction(-Inf, %s, %s)", number(bound), o.events.sum("", window))
	switch {
	case !f.Native:
		return classic
	case len(f.Bounds) == 0:
		return native
	}
	return native + " or " + classic // Prometheus may store either
}

// leMatcher returns the matcher of a bucket. Prometheus 3 stores whole bounds with a point, as
// OpenMetrics writes them, and Prometheus 2 as the page has them.
func leMatcher(bound float64) string {
	text := number(bound)
	if strings.ContainsAny(text, ".e") {
		return `le="` + text + `"`
	}
	return `le=~"` + text + `(\\.0)?"`
}

// familyOfSamples returns the family that has samples of a name: its own, or those of the number of
// observations.
func (m *Metrics) familyOfSamples(name string) *Family {
	if f := m.Find(name); f != nil {
		return f
	}
	base, _ := strings.CutSuffix(name, "_count")
	if f := m.Find(base); f != nil && name == base+kindOf(f.Type).suffix(f) {
		return f
	}
	return nil
}

// recordable returns a name that the name of a recording rule may contain.
func recordable(name string) string { return encode.UnderscoresEscaping.MetricName(name) }
