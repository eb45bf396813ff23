// SPDX-License-Identifier: Apache-2.0

package metrictest

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/quipu-metrics/quipu/engine"
)

// Lint checks the registry's metrics against the naming conventions of Prometheus, the same that
// "promtool check metrics" checks. It marks the test as failed for each breach and reports whether
// there was none. Families whose names are in except are not checked.
//
// Lint also checks metrics that have no series yet. Of open label sets it checks the labels in use.
func Lint(tb testing.TB, reg *engine.Registry, except ...string) bool {
	tb.Helper()
	labels := make(map[string][]string)
	for _, f := range gather(tb, reg) {
		labels[f.Name] = labelsInUse(f)
	}
	// The body of a range over a function is compiled as another function, which Helper does not
	// cover. Problems are therefore reported after the loop, with the line of the test.
	var problems []string
	for info := range reg.All() {
		if slices.Contains(except, info.Name) {
			continue
		}
		names := slices.Concat(info.Labels, slices.Collect(maps.Keys(info.Const)), labels[info.Name])
		for _, problem := range lint(info.Name, info.Type, info.Help, names) {
			// Several definitions of one name have the same problems.
			if problem = info.Name + ": " + problem; !slices.Contains(problems, problem) {
				problems = append(problems, problem)
			}
		}
	}
	for _, problem := range problems {
		tb.Errorf("%s", problem)
	}
	return len(problems) == 0
}

// labelsInUse returns the names of the labels of a family's series, without the le of a histogram
// and the quantile of a summary.
func labelsInUse(f Family) (names []string) {
	for _, s := range f.Samples {
		for name := range s.Labels {
			own := name == "le" && f.Type == "histogram" || name == "quantile" && f.Type == "summary"
			if !own && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// lint returns the problems of one metric.
func lint(name, kind, help string, labels []string) (problems []string) {
	say := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }

	if help == "" {
		say("it has no help text")
	}
	if total := strings.HasSuffix(name, "_total"); total != (kind == "counter") {
		if total {
			say("a %s must not end in _total, which is for counters", kind)
		} else {
			say("a counter must end in _total")
		}
	}
	for _, suffix := range []string{"_bucket", "_count", "_sum"} {
		has := kind == "histogram" || kind == "summary" && suffix != "_bucket"
		if !has && strings.HasSuffix(name, suffix) {
			say("a %s must not end in %s, which is for the samples of histograms and summaries", kind, suffix)
		}
	}
	if strings.Contains(name, ":") {
		say("colons are for the names of recording rules")
	}
	if isCamelCase(name) {
		say("write it in snake_case")
	}
	words := strings.Split(strings.ToLower(name), "_")
	if slices.Contains(words[1:], kind) {
		say("its name must not have its type, %s, in it", kind)
	}
	for _, word := range words[1:] {
		if slices.Contains(abbreviations(), word) {
			say("write the unit out instead of %q", word)
		}
	}
	if unit, base := unitOf(strings.Split(name, "_")); unit != base {
		say("use the base unit %s instead of %s", base, unit)
	}
	slices.Sort(labels)
	for _, label := range slices.Compact(labels) {
		switch {
		case isCamelCase(label):
			say("write the label %s in snake_case", label)
		case label == "le" || label == "quantile":
			say("a %s must not have the label %s, which is for histograms or summaries", kind, label)
		}
	}
	return problems
}

func isCamelCase(name string) bool { return regexp.MustCompile(`[a-z][A-Z]`).MatchString(name) }

// unitOf returns the first unit in a name and its base unit, or "" for both.
func unitOf(words []string) (unit, base string) {
	bases, prefixes := baseUnits(), unitPrefixes()
	for _, word := range words {
		if base, ok := bases[word]; ok {
			return word, base
		}
		for _, prefix := range prefixes {
			if base, ok := bases[strings.TrimPrefix(word, prefix)]; ok {
				return word, base
			}
		}
	}
	return "", ""
}

// baseUnits maps every unit to its base unit, and base units to themselves.
func baseUnits() map[string]string {
	units := make(map[string]string)
	for base, others := range map[string]string{
		"seconds": "minutes hours days weeks",
		"bytes":   "bits",
		"celsius": "fahrenheit rankine",
		"kelvin":  "kelvins", // for temperatures in physics and of colours
		"meters":  "inches yards miles",
		"metres":  "",
		"grams":   "pounds ounces",
		"joules":  "calories",
		"amperes": "", "volts": "",
	} {
		units[base] = base
		for unit := range strings.FieldsSeq(others) {
			units[unit] = base
		}
	}
	return units
}

func unitPrefixes() []string {
	return strings.Fields("pico nano micro milli centi deci deca hecto " +
		"kilo kibi mega mebi giga gibi tera tebi peta pebi")
}

func abbreviations() []string {
	return strings.Fields("s ms us ns sec b kb mb gb tb pb m h d")
}
