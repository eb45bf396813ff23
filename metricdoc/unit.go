// SPDX-License-Identifier: Apache-2.0

package metricdoc

import (
	"slices"
	"strings"

	"github.com/quipu-metrics/quipu/internal/conventions"
)

// units are Grafana's names of units: of a value, and of its rate.
var units = map[string][2]string{
	"seconds":  {"s", "percentunit"}, // a second per second is the part of a CPU that was used
	"bytes":    {"bytes", "binBps"},
	"ratio":    {"percentunit", "percentunit"},
	"ratios":   {"percentunit", "percentunit"},
	"percent":  {"percent", "percent"},
	"celsius":  {"celsius", "celsius"},
	"kelvin":   {"kelvin", "kelvin"},
	"volts":    {"volt", "volt"},
	"amperes":  {"amp", "amp"},
	"joules":   {"joule", "watt"},
	"watts":    {"watt", "watt"},
	"meters":   {"lengthm", "velocityms"},
	"metres":   {"lengthm", "velocityms"},
	"grams":    {"massg", "massg"},
	"hertz":    {"hertz", "hertz"},
	"bits":     {"bits", "bps"},
	"requests": {"short", "reqps"},
}

// grafanaUnit returns Grafana's unit of the values of a metric.
func (f *Family) grafanaUnit() string {
	if u, ok := units[f.unitWord()]; ok {
		return u[0]
	}
	return "short"
}

// grafanaRate returns Grafana's unit of the rate of a counter.
func (f *Family) grafanaRate() string {
	if u, ok := units[f.unitWord()]; ok {
		return u[1]
	}
	if slices.Contains(strings.Split(f.Name, "_"), "requests") {
		return "reqps"
	}
	return "cps"
}

// unitWord returns the unit of a metric, or the last word of its name, which may be one.
func (f *Family) unitWord() string {
	if f.Unit != "" {
		return f.Unit
	}
	name := strings.TrimSuffix(f.Name, "_total")
	return name[strings.LastIndexAny(name, "_.")+1:]
}

// isTime reports whether the values are times of the clock, in seconds since 1970.
func (f *Family) isTime() bool {
	if f.Unit != "seconds" || !conventions.IsClockTime(f.Name, 0) {
		return false
	}
	return !slices.ContainsFunc(f.Series, func(s Series) bool { return !conventions.IsClockTime(f.Name, s.Value) })
}
