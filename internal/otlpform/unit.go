// SPDX-License-Identifier: Apache-2.0

package otlpform

import "strings"

// units are the codes of OpenTelemetry for Prometheus' words, as far as Prometheus' receiver turns
// them into these words again. It does not know kBy and TiBy.
var units = map[string]string{
	"days": "d", "hours": "h", "minutes": "min", "seconds": "s", "milliseconds": "ms", "microseconds": "us",
	"nanoseconds": "ns",

	"bytes": "By", "kibibytes": "KiBy", "mebibytes": "MiBy", "gibibytes": "GiBy",
	"megabytes": "MBy", "gigabytes": "GBy", "terabytes": "TBy",

	"meters": "m", "volts": "V", "amperes": "A", "joules": "J", "watts": "W", "grams": "g",
	"celsius": "Cel", "hertz": "Hz", "percent": "%", "ratio": "1",
}

// UnitOf returns OpenTelemetry's unit of a metric with a name and a unit of Prometheus.
//
// Prometheus' receiver adds the unit to the name unless one of the words between underscores is the
// unit. So a unit of several words, such as bytes_per_second, would stand in the name twice, and
// other words might be read as codes. These are sent in braces, which mark a unit that is only a
// remark, and which no name gets.
func UnitOf(name, unit string) string {
	if unit == "" {
		return ""
	}
	if code, ok := units[unit]; ok && strings.HasSuffix(strings.TrimSuffix(name, "_total"), "_"+unit) {
		return code
	}
	return "{" + strings.NewReplacer("{", "", "}", "").Replace(unit) + "}"
}
