// SPDX-License-Identifier: Apache-2.0

package conventions

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBreachesNamesWhatTheConventionsForbid(t *testing.T) {
	for _, test := range []struct {
		name, kind, help string
		labels           []string
		want             []string
	}{
		{"jobs_total", "counter", "Jobs.", []string{"queue"}, nil},
		{"jobs", "counter", "Jobs.", nil, []string{"a counter must end in _total"}},
		{"jobs_total", "gauge", "Jobs.", nil, []string{"a gauge must not end in _total, which is for counters"}},
		{"jobs_count", "gauge", "", nil, []string{"it has no help text",
			"a gauge must not end in _count, which is for the samples of histograms and summaries"}},
		{"a:b", "gauge", "x", nil, []string{"colons are for the names of recording rules"}},
		{"a_gauge", "gauge", "x", []string{"someLabel", "someLabel", "le"}, []string{
			"its name must not have its type, gauge, in it",
			"a gauge must not have the label le, which is for histograms or summaries",
			"write the label someLabel in snake_case"}},
		{"build_info", "info", "x", nil, nil},
		{"x_total", "untyped", "x", []string{"le"}, nil},
		{"x_untyped_bucket", "untyped", "x", nil, nil},
		{"x_milliseconds", "gauge", "x", nil, []string{"use the base unit seconds instead of milliseconds"}},
	} {
		require.Equal(t, test.want, Breaches(test.name, test.kind, test.help, test.labels), test)
	}
}

func TestUnitOfFindsTheFirstUnit(t *testing.T) {
	for name, want := range map[string][2]string{
		"wait_seconds":             {"seconds", "seconds"},
		"read_kibibytes_per_weeks": {"kibibytes", "bytes"},
		"requests_total":           {"", ""},
		"seconds":                  {"seconds", "seconds"},
	} {
		unit, base := UnitOf(name)
		require.Equal(t, want, [2]string{unit, base}, name)
	}
}

func TestTimesOfTheClockAreToldFromDurations(t *testing.T) {
	require.True(t, IsClockTime("process_start_time_seconds", 1.7e9))
	require.True(t, IsClockTime("push_failure_time_seconds", 0))
	require.True(t, IsClockTime("backup_timestamp_seconds", 1))
	require.False(t, IsClockTime("gc_pause_time_seconds", 0.25))
	require.False(t, IsClockTime("wait_seconds", 1.7e9))
}
