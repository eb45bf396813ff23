// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/metricdoc"
)

func TestAmountsHaveFourDigitsAndTheirUnit(t *testing.T) {
	for _, test := range []struct {
		v    float64
		unit string
		want string
	}{
		{0.0012345, "seconds", "1.234ms"}, {12.5e-6, "seconds", "12.5µs"}, {5000, "seconds", "5000"},
		{3e-10, "seconds", "3e-10ns"}, {0, "seconds", "0"}, {math.NaN(), "", "-"}, {math.Inf(1), "bytes", "+Inf"},
		{1536, "bytes", "1.5KiB"}, {-3 << 20, "bytes", "-3MiB"}, {0.5, "bytes", "0.5B"},
		{1234567, "", "1234567"}, {12345678, "", "12.35M"}, {1.25, "", "1.25"}, {45678.5, "", "45.68k"},
	} {
		require.Equal(t, test.want, amount(test.v, test.unit), test)
	}
}

func changesOf(t *testing.T, before, after string) []metricdoc.Change {
	a, err := metricdoc.Parse(before)
	require.NoError(t, err)
	b, err := metricdoc.Parse(after)
	require.NoError(t, err)
	return metricdoc.Changes(a, b, time.Second)
}

const tablePage = `# TYPE a_total counter
a_total{k="1"} 1
a_total{k="2"} 5
# TYPE g gauge
g 100
`

func names(v *view, changes []metricdoc.Change) (list []string) {
	for _, r := range v.rows(changes) {
		list = append(list, r.name)
	}
	return list
}

func TestKeysSortAndFilter(t *testing.T) {
	changes := changesOf(t, strings.ReplaceAll(tablePage, "} 5", "} 1"), tablePage)
	v := new(view)
	require.Equal(t, []string{`a_total{k="2"}`, `a_total{k="1"}`, "g"}, names(v, changes), "by rate, unknown ones last")
	press := func(keys string) {
		for _, key := range []byte(keys) {
			require.False(t, v.key(key))
		}
	}
	press("s")
	require.Equal(t, []string{"g", `a_total{k="2"}`, `a_total{k="1"}`}, names(v, changes), "by value")
	press("ss")
	require.Equal(t, []string{`a_total{k="1"}`, `a_total{k="2"}`, "g"}, names(v, changes), "by name")
	press("/K=x\x7f\"2q")
	require.Equal(t, "filter: K=\"2q_  (Enter, Esc)", v.status())
	press("\x7f\r")
	require.Equal(t, []string{`a_total{k="2"}`}, names(v, changes))
	require.Equal(t, `q quit  s sort: name  / filter: K="2`, v.status())
	press("/abc\x1b")
	require.Equal(t, "q quit  s sort: name  / filter", v.status())
	press("/é\x1b/é")
	require.Equal(t, "é", v.filter)
	press("\xc3")
	require.Equal(t, "filter: é\ufffd_  (Enter, Esc)", v.status(), "half of a character is no control character")
	press("\x7f\x7f\r")
	require.Empty(t, v.filter)
	press("x/\x7f\x00\r")
	require.True(t, v.key('q'))
}

func TestTablesFitTheTerminalAndShowNoControlCharacters(t *testing.T) {
	page := "a_b{k=\"\x1b[2J\x07\u009b\u202e" + strings.Repeat("é", 200) + "\"} 1\n" +
		"{\"evil\x1bname\",\"l\x1b\"=\"x\"} 2\n"
	for _, width := range []int{0, 200, 80, 20, 3} {
		for _, line := range new(view).table(changesOf(t, page, page), width) {
			require.NotContains(t, line, "\x1b")
			require.NotContains(t, line, "\u009b")
			require.NotContains(t, line, "\u202e")
			if width > 0 {
				require.LessOrEqual(t, len([]rune(line)), width)
			}
		}
	}
	narrow := (&view{filter: "k=\"1"}).table(changesOf(t, tablePage, tablePage), 40)
	require.Equal(t, `a_total{k="1"}          0          1`, narrow[1])
	require.Equal(t, []string{
		"series         per second      value        p50        p90        p99",
		`a_total{k="1"}          0          1          -          -          -`,
	}, (&view{filter: "k=\"1"}).table(changesOf(t, tablePage, tablePage), 80))
}

func TestDurationsHaveAUnitAndTimesOfTheClockHaveNone(t *testing.T) {
	page := "gc_pause_time_seconds 0.25\nprocess_start_time_seconds 1.7e9\n"
	table := strings.Join(new(view).table(changesOf(t, page, page), 0), "\n")
	require.Contains(t, table, " 250ms ")
	require.Contains(t, table, " 1.7G ")
}
