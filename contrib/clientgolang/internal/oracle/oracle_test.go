// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	client "github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestMain runs more programs than the library does by itself, and keeps no file of one that has
// failed. The short form runs the same programs each time; the long form runs many others.
func TestMain(m *testing.M) {
	flag.Parse()
	values := map[string]string{"rapid.checks": "700", "rapid.seed": "1", "rapid.nofailfile": "true"}
	if os.Getenv("QUIPU_LONG") != "" {
		values["rapid.checks"], values["rapid.seed"] = "50000", "0"
	}
	flag.Visit(func(f *flag.Flag) { delete(values, f.Name) })
	for name, value := range values {
		if err := flag.Set(name, value); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// TestProgramsDoWhatTheyDoWithClientGolang runs random programs.
func TestProgramsDoWhatTheyDoWithClientGolang(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		t.Repeat(map[string]func(*rapid.T){
			"define": w.define, "define foreign": w.defineForeign,
			"define vec": w.defineVec, "define another vec": w.defineVec,
			"look up": w.lookup, "look up again": w.lookup, "look up once more": w.lookup,
			"update": w.update, "update again": w.update, "delete": w.delete, "curry": w.curry,
			"register": w.register, "register more": w.register, "register another": w.register,
			"unregister": w.unregister,
			"collect":    w.collect, "nest": w.nest,
			"wrap registerer": w.wrapRegisterer, "wrap collector": w.wrapCollector,
			"": w.check,
		})
	})
}

// check compares everything that can be read.
func (w *world) check(t *rapid.T) {
	for i := range w.sides[0].metrics {
		w.both(t, "a metric", func(on *side) string { return on.written(on.metrics[i]) })
	}
	for i := range registries {
		if w.gather(t, i, func(on *side) client.Gatherer { return on.registries[i] }) {
			w.pages(t, i)
		}
	}
	w.gather(t, registries, func(on *side) client.Gatherer {
		return client.Gatherers{on.registries[0], on.registries[1]}
	})
}

// tries is how often a registry is gathered until both sides agree. client_golang shows the first
// of metrics that contradict each other, and the unit of the first if they have several, in the
// order in which collectors happen to be gathered. If both sides do not agree by then, the families
// that no error names must be the same but for their units.
const tries = 30

// gather compares what is gathered, and reports whether there was no error.
func (w *world) gather(t *rapid.T, i int, of func(*side) client.Gatherer) bool {
	seen := [2]map[string]bool{{}, {}}
	names := map[string]bool{}
	var (
		last     [2]string
		families [2][]*dto.MetricFamily
		errs     [2]error
	)
	for range tries {
		for i, s := range w.sides {
			families[i], errs[i] = of(s).Gather()
			last[i] = familiesText(families[i]) + errorText(errs[i])
			seen[i][last[i]] = true
			mentions(errs[i], names)
		}
		if seen[0][last[1]] || seen[1][last[0]] {
			return errs[0] == nil && errs[1] == nil
		}
	}
	require.Equal(t, errs[1] == nil, errs[0] == nil, "registry %d: %v", i, errs)
	require.Equal(t, without(families[1], names), without(families[0], names), "registry %d: %v", i, errs)
	return false
}

// panicText is the part of an error that is about a collector that panics.
var panicText = regexp.MustCompile(`prometheus collector panic recovered: .*`)

// named finds the names of metrics in errors of client_golang.
var named = regexp.MustCompile(`(?:metric family|metric named|metric|named) "?([^" ]+)"?`)

// mentions adds the names of the metrics that an error is about.
func mentions(err error, names map[string]bool) {
	for _, name := range named.FindAllStringSubmatch(errorText(err), -1) {
		names[name[1]] = true
	}
}

// without returns the text of the families that have none of these names, and of no unit.
func without(families []*dto.MetricFamily, names map[string]bool) string {
	var left []*dto.MetricFamily
	for _, f := range families {
		if !names[f.GetName()] {
			left = append(left, &dto.MetricFamily{Name: f.Name, Help: f.Help, Type: f.Type, Metric: f.Metric})
		}
	}
	return familiesText(left)
}

// pages compares the pages of a registry: with client_golang's, and with what expfmt makes of what
// ours gathers.
func (w *world) pages(t *rapid.T, i int) {
	us, them := w.sides[0].registries[i], w.sides[1].registries[i]
	text := expfmt.NewFormat(expfmt.TypeTextPlain)
	same(t, func() (string, string) { return parsed(pageText(them, text)), parsed(pageText(us, text)) })
	gatherer := struct{ registry }{us}
	same(t, func() (string, string) { return messages(gatherer), messages(us) })
	for _, typ := range []expfmt.FormatType{expfmt.TypeTextPlain, expfmt.TypeOpenMetrics} {
		same(t, func() (string, string) {
			f := expfmt.NewFormat(typ)
			return sameNumbers(pageText(gatherer, f)), sameNumbers(pageText(us, f))
		})
	}
}

// same compares two texts, in several tries as gather does.
func same(t *rapid.T, texts func() (want, got string)) {
	want, got := texts()
	for i := 1; i < tries && want != got; i++ {
		want, got = texts()
	}
	require.Equal(t, want, got)
}

// number is a number at the end of a line, or a bound.
var number = regexp.MustCompile(`(le="|[ ])[-+0-9.eInfNa]+(["\n ])`)

// sameNumbers writes numbers in one way: 1.0 and 1e+06 say the same as 1 and 1000000, and a gauge
// may be -0, which client_golang shows as 0.
func sameNumbers(page string) string {
	return number.ReplaceAllStringFunc(page, func(n string) string {
		parts := number.FindStringSubmatch(n)
		text := strings.TrimSuffix(strings.TrimPrefix(n, parts[1]), parts[2])
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return n
		}
		return fmt.Sprint(parts[1], f+0, parts[2]) // without the sign of -0
	})
}

// parsed returns what a text page says.
func parsed(text string) string {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(sameNumbers(text)))
	var list []*dto.MetricFamily
	for _, f := range families {
		list = append(list, f)
	}
	sortFamilies(list)
	return familiesText(list) + errorText(err)
}
