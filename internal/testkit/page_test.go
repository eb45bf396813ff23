// SPDX-License-Identifier: Apache-2.0

package testkit

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParsePageReadsSamples(t *testing.T) {
	page, err := ParsePage(strings.Join([]string{
		`# HELP a_total Help.`,
		`# TYPE a_total counter`,
		`a_total{z="1",b="quote \" slash \\ line \n brace } é"} 3`,
		`# TYPE h histogram`,
		`h_bucket{le="+Inf"} 2`,
		`h_sum NaN`,
		`h_count 2`,
		`# TYPE s summary`,
		`s{quantile="0.5"} +Inf`,
		`s_sum -0.5`,
		`s_count 1e+20`,
		``,
	}, "\n"))
	require.NoError(t, err)
	require.Equal(t, 3.0, page.Value(t, "a_total", "b", "quote \" slash \\ line \n brace } é", "z", "1"))
	require.Equal(t, 2.0, page.Value(t, "h_bucket", "le", "+Inf"))
	require.Equal(t, Series("h_bucket", "le", "1"), Series("h_bucket", "le", "1.0"))
	require.Equal(t, 1e20, page.Value(t, "s_count"))
	require.Len(t, page.Samples, 7)
	require.Equal(t, map[string]string{"a_total": "counter", "h": "histogram", "s": "summary"}, page.Types)
}

func TestParsePageRefusesWhatIsWrong(t *testing.T) {
	for name, text := range map[string]string{
		"a series twice":       "# TYPE a counter\na 1\na 2\n",
		"a bucket twice":       "# TYPE a histogram\na_bucket{le=\"1\"} 1\na_bucket{le=\"1.0\"} 1\n",
		"a timestamp":          "# TYPE a counter\na 1 2\n",
		"a family in disorder": "# TYPE a counter\na 1\n# TYPE b gauge\nb 1\n# HELP a Again.\n",
	} {
		_, err := ParsePage(text)
		require.Error(t, err, name)
	}
}
