// SPDX-License-Identifier: Apache-2.0

package otlpform

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUnitsAreCodesThatReceiversTurnIntoTheSameWords(t *testing.T) {
	for _, c := range []struct{ name, unit, want string }{
		{"latency_seconds", "seconds", "s"},
		{"cpu_seconds_total", "seconds", "s"},
		{"size_bytes", "bytes", "By"},
		{"full_ratio", "ratio", "1"},
		{"requests_total", "", ""},
		{"sent_bytes_per_second", "bytes_per_second", "{bytes_per_second}"},
		{"height_m", "m", "{m}"}, // Prometheus would read meters
		{"queue_jobs", "jobs", "{jobs}"},
		{"latency", "seconds", "{seconds}"}, // of a source: Prometheus would add it to the name
		{"odd_{x}", "{x}", "{x}"},
	} {
		require.Equal(t, c.want, UnitOf(c.name, c.unit), c.name)
	}
}
