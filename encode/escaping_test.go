// SPDX-License-Identifier: Apache-2.0

package encode

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/labeltext"
)

func TestNamesAreEscapedOnlyWhereTheyMustBe(t *testing.T) {
	require.EqualValues(t, labeltext.Escapings, NoEscaping)
	for _, c := range []struct {
		escaping                     Escaping
		header, metric, label, valid string
	}{
		{UnderscoresEscaping, "underscores", "a_b:c", "a_b_c", "a_b"},
		{DotsEscaping, "dots", "a_dot_b:c", "a_dot_b__c", "a_b"},
		{ValuesEscaping, "values", "U__a_2e_b:c", "U__a_2e_b_3a_c", "a_b"},
		{NoEscaping, "allow-utf-8", "a.b:c", "a.b:c", "a_b"},
	} {
		require.Equal(t, c.header, c.escaping.String())
		require.EqualValues(t, labeltext.Underscores, UnderscoresEscaping)
		require.Equal(t, c.metric, c.escaping.MetricName("a.b:c"))
		require.Equal(t, c.label, c.escaping.LabelName("a.b:c"))
		require.Equal(t, c.valid, c.escaping.MetricName("a_b"))
		require.Equal(t, c.valid, c.escaping.LabelName("a_b"))
	}
	require.EqualValues(t, []labeltext.Escaping{labeltext.Underscores, labeltext.Dots, labeltext.Values},
		[]labeltext.Escaping{labeltext.Escaping(UnderscoresEscaping), labeltext.Escaping(DotsEscaping),
			labeltext.Escaping(ValuesEscaping)})
	require.Equal(t, "unknown", Escaping(9).String())
	require.True(t, ValidUTF8Name("a.b"))
	require.False(t, ValidUTF8Name("a\x00b"))
}
