// SPDX-License-Identifier: Apache-2.0

package encode

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTypeLinesUseTheWordsOfTheirFormat(t *testing.T) {
	for _, c := range []struct {
		typ                     Type
		word, text, openmetrics string
	}{
		{Counter, "counter", "x counter", "x unknown"}, // the name lacks _total
		{Gauge, "gauge", "x gauge", "x gauge"},
		{Histogram, "histogram", "x histogram", "x histogram"},
		{Summary, "summary", "x summary", "x summary"},
		{Untyped, "untyped", "x untyped", "x unknown"},
		{Info, "info", "x_info gauge", "x info"},
		{StateSet, "stateset", "x gauge", "x stateset"},
	} {
		f := NewFamily("x", "", "", c.typ, nil)
		require.Equal(t, c.word, c.typ.String())
		require.Equal(t, "# TYPE "+c.text+"\n", string(f.Begin(nil, Text)))
		require.Equal(t, "# TYPE "+c.openmetrics+"\n", string(f.Begin(nil, OpenMetrics)))
	}
}
