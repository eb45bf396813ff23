// SPDX-License-Identifier: Apache-2.0

package encode

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestACounterHasOneNameInEveryFormat(t *testing.T) {
	const withAll = " 1 # {} 2\n"
	for _, c := range []struct {
		family *Family
		name   string
		om     string
	}{
		{NewFamily("a_total", "", "", Counter, nil), "a_total",
			"# TYPE a counter\na_total" + withAll + "a_created 1\n"},
		{NewFamily("a_total_total", "", "", Counter, nil), "a_total_total",
			"# TYPE a_total counter\na_total_total" + withAll + "a_total_created 1\n"},
		// OpenMetrics has no counters with other names.
		{NewFamily("a", "", "", Counter, nil), "a", "# TYPE a unknown\na 1\n"},
		{NewFamily("a_bytes", "", "bytes", Counter, nil), "a_bytes",
			"# TYPE a_bytes unknown\n# UNIT a_bytes bytes\na_bytes 1\n"},
		{NewFamily("_total", "", "", Counter, nil), "_total", "# TYPE _total unknown\n_total 1\n"},
		// It has none whose family would have the name of another, either.
		{NewUnknownCounter("a_total", "", ""), "a_total", "# TYPE a_total unknown\na_total 1\n"},
		{NewUnknownCounter("a_bytes_total", "", "bytes"), "a_bytes_total",
			"# TYPE a_bytes_total unknown\na_bytes_total 1\n"},
	} {
		s := &CounterSample{Int: 1, Created: 1, Exemplar: &Exemplar{Value: 2}}
		require.Equal(t, "# TYPE "+c.name+" counter\n"+c.name+" 1\n",
			string(c.family.AppendCounter(c.family.Begin(nil, Text), Text, "", s)))
		require.Equal(t, c.om, string(c.family.AppendCounter(c.family.Begin(nil, OpenMetrics), OpenMetrics, "", s)))
		message := c.family.Begin(nil, Protobuf)[lengthRoom:]
		require.Equal(t, append(appendString(nil, tagFamilyName, c.name), tagFamilyType, 0), message[:len(c.name)+4],
			"COUNTER")
	}
}

func TestUnitLinesAppearOnlyWhereTheNameEndsInTheUnit(t *testing.T) {
	header := func(name, unit string, typ Type) string {
		return string(NewFamily(name, "", unit, typ, nil).Begin(nil, OpenMetrics))
	}
	require.Contains(t, header("a_seconds", "seconds", Gauge), "# UNIT a_seconds seconds\n")
	require.Contains(t, header("a_bytes_total", "bytes", Counter), "# UNIT a_bytes bytes\n")
	require.NotContains(t, header("a", "seconds", Gauge), "UNIT")
	require.NotContains(t, header("aseconds", "seconds", Gauge), "UNIT")
	require.NotContains(t, header("a_seconds_info", "seconds", Info), "UNIT")
	require.NotContains(t, string(NewFamily("a_seconds", "", "seconds", Gauge, nil).Begin(nil, Text)), "UNIT")
}

func TestInvalidHelpIsRepaired(t *testing.T) {
	f := NewFamily("g", "bad \xff help", "", Gauge, nil)
	for format := Text; format <= Protobuf; format++ {
		require.Contains(t, string(f.Begin(nil, format)), "bad \uFFFD help")
	}
}

func FuzzHelpIsOneLine(f *testing.F) {
	for _, s := range []string{"", "help", "\n", `\`, `"`, "# EOF\n", "\xff", hostile} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, help string) {
		family := NewFamily("g", help, "", Gauge, nil)
		lines := 2
		if help == "" {
			lines = 1
		}
		for format := Text; format <= OpenMetrics; format++ {
			header := string(family.Begin(nil, format))
			require.Equal(t, lines, strings.Count(header, "\n"))
			require.True(t, utf8.ValidString(header))
		}
	})
}

func TestFamilyInPiecesHasOneHeaderInTextAndOneAMessageInProtobuf(t *testing.T) {
	f := NewFamily("g", "help", "", Gauge, nil)
	for format := Text; format <= Protobuf; format++ {
		whole := f.AppendGauge(f.Begin(nil, format), format, label("a", "1"), 1)
		whole = f.End(f.AppendGauge(whole, format, label("a", "2"), 2), 0, format)
		dst := f.End(f.AppendGauge(f.Begin(nil, format), format, label("a", "1"), 1), 0, format)
		start := len(dst)
		dst = f.End(f.AppendGauge(f.Continue(dst, format), format, label("a", "2"), 2), start, format)
		if format != Protobuf {
			require.Equal(t, string(whole), string(dst))
			continue
		}
		one := f.End(f.AppendGauge(f.Begin(nil, format), format, label("a", "1"), 1), 0, format)
		two := f.End(f.AppendGauge(f.Begin(nil, format), format, label("a", "2"), 2), 0, format)
		require.Equal(t, string(one)+string(two), string(dst))
	}
}

func TestProtobufFamilyWithoutSeriesLeavesNothing(t *testing.T) {
	f := NewFamily("g", "help", "", Gauge, nil)
	dst := f.Begin([]byte("x"), Protobuf)
	require.Equal(t, "x", string(f.End(dst, 1, Protobuf)))
}
