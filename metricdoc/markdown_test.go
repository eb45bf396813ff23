// SPDX-License-Identifier: Apache-2.0

package metricdoc

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

func TestTheReferenceOfEveryKind(t *testing.T) {
	Golden(t, shop(t), "testdata/shop.md")
}

func TestTextsOfAProgramAreNoMarkup(t *testing.T) {
	reg := engine.NewRegistry(engine.WithUTF8Names())
	engine.Must(reg.NewGauge("a`b\n``c", "# <script> *x* [a](b)\n- `c` a_b & | \\"))
	text := FromRegistry(reg).Without("quipu_").Markdown()
	require.Contains(t, text, "\n### ``` a`b ``c ```\n\n"+
		"\\# &lt;script> \\*x\\* \\[a\\](b) - \\`c\\` a\\_b &amp; \\| \\\\\n\n- type: gauge\n")
	require.Equal(t, 3, strings.Count(text, "\n#")+1, "a heading of the page, one of the prefix, one of the metric")
}

func TestFamiliesStandUnderTheFirstWordOfTheirNames(t *testing.T) {
	m := parsed(t, "quipu_x 1\nzebra_a 1\nant 1\n_odd_one 1\nrule:a:b 1\n: 1\n{\"http.size\"} 1\nant_b 2\n")
	var got []string
	for _, g := range m.groups() {
		got = append(got, g.prefix)
	}
	require.Equal(t, []string{":", "ant", "http", "odd", "rule", "zebra", "quipu"}, got)
}
