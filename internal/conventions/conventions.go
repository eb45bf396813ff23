// SPDX-License-Identifier: Apache-2.0

// Package conventions has the naming conventions of Prometheus for metrics and labels: the same
// that "promtool check metrics" checks. All functions are pure.
package conventions

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Breaches returns the breaches of one metric: of its name, its type, its help and the names of its
// labels. kind is the word of the TYPE line. The name of a metric of an unknown type, "untyped", is
// not compared with its type.
func Breaches(name, kind, help string, labels []string) (problems []string) {
	say := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }

	if help == "" {
		say("it has no help text")
	}
	if kind != "untyped" {
		problems = append(problems, suffixBreaches(name, kind)...)
	}
	if strings.Contains(name, ":") {
		say("colons are for the names of recording rules")
	}
	if isCamelCase(name) {
		say("write it in snake_case")
	}
	words := strings.Split(strings.ToLower(name), "_")
	if kind != "untyped" && kind != "info" && slices.Contains(words[1:], kind) {
		say("its name must not have its type, %s, in it", kind)
	}
	for _, word := range words[1:] {
		if slices.Contains(abbreviations(), word) {
			say("write the unit out instead of %q", word)
		}
	}
	if unit, base := UnitOf(name); unit != base {
		say("use the base unit %s instead of %s", base, unit)
	}
	slices.Sort(labels)
	for _, label := range slices.Compact(labels) {
		switch {
		case isCamelCase(label):
			say("write the label %s in snake_case", label)
		case kind != "untyped" && (label == "le" || label == "quantile"):
			say("a %s must not have the label %s, which is for histograms or summaries", kind, label)
		}
	}
	return problems
}

// suffixBreaches compares the suffix of a name with the type.
func suffixBreaches(name, kind string) (problems []string) {
	if total := strings.HasSuffix(name, "_total"); total && kind != "counter" {
		problems = append(problems, fmt.Sprintf("a %s must not end in _total, which is for counters", kind))
	} else if !total && kind == "counter" {
		problems = append(problems, "a counter must end in _total")
	}
	for _, suffix := range []string{"_bucket", "_count", "_sum"} {
		has := kind == "histogram" || kind == "summary" && suffix != "_bucket"
		if !has && strings.HasSuffix(name, suffix) {
			problems = append(problems, fmt.Sprintf(
				"a %s must not end in %s, which is for the samples of histograms and summaries", kind, suffix))
		}
	}
	return problems
}

func isCamelCase(name string) bool { return regexp.MustCompile(`[a-z][A-Z]`).MatchString(name) }

// IsClockTime reports whether a value of a metric of this name is a time of the clock in seconds
// since 1970, or 0 for never. A name that ends in _time_seconds may also be that of a duration,
// which is then shorter than 30 years.
func IsClockTime(name string, value float64) bool {
	return strings.HasSuffix(name, "_timestamp_seconds") ||
		strings.HasSuffix(name, "_time_seconds") && (value == 0 || value > 1e9)
}

// UnitOf returns the first unit in a name and its base unit, or "" for both.
func UnitOf(name string) (unit, base string) {
	bases, prefixes := baseUnits(), unitPrefixes()
	for word := range strings.SplitSeq(name, "_") {
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
