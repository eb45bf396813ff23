// SPDX-License-Identifier: Apache-2.0

package encode

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/labeltext"
)

// The escape sequences themselves are tested in internal/labeltext.
func TestHelpEscapesQuotesInOpenMetricsOnly(t *testing.T) {
	const help = "\"quoted\" back\\slash\nline"
	require.Equal(t, `"quoted" back\\slash\nline`, string(appendHelp(nil, help, Text)))
	require.Equal(t, `\"quoted\" back\\slash\nline`, string(appendHelp(nil, help, OpenMetrics)))
}

func TestNULInAnExemplarDoesNotCostThePage(t *testing.T) {
	f := NewFamily("c_total", "", "", Counter, nil)
	s := &CounterSample{Int: 1, Exemplar: &Exemplar{Labels: label("a", "\x00b\x00"), Value: 1}}
	require.Equal(t, "c_total 1 # {a=\"\uFFFDb\uFFFD\"} 1\n", string(f.AppendCounter(nil, OpenMetrics, "", s)))
}

func FuzzOpenMetrics(f *testing.F) {
	f.Add("v", uint64(1), 0.5)
	f.Add("} 1\n# EOF\n\x00", uint64(1<<63), math.Inf(1))
	f.Fuzz(func(t *testing.T, value string, n uint64, v float64) {
		value = labeltext.Repair(value)
		c := NewFamily("c_total", value, "", Counter, nil)
		e := &Exemplar{Labels: label("a", value), Value: v, Timestamp: v}
		dst := c.Begin(nil, OpenMetrics)
		headers := strings.Count(string(dst), "\n")
		dst = c.AppendCounter(dst, OpenMetrics, label("a", value),
			&CounterSample{Int: n, Frac: v, Created: v, Exemplar: e})
		lines := headers + 1
		if timeKnown(v) {
			lines++
		}
		require.Equal(t, lines, strings.Count(string(dst), "\n"))
		dst = AppendTrailer(dst, OpenMetrics)
		require.True(t, strings.HasSuffix(string(dst), "\n# EOF\n"))
	})
}
