// SPDX-License-Identifier: Apache-2.0

package encode

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNamesAreValidByPrometheusRules(t *testing.T) {
	for _, c := range []struct {
		name          string
		metric, label bool
	}{
		{"", false, false}, {"a", true, true}, {"_", true, true}, {"__a", true, true}, {"A9_z", true, true},
		{"9a", false, false}, {":a", true, false}, {"a:b", true, false}, {"a-b", false, false}, {"a b", false, false},
		{"ü", false, false}, {"a\n", false, false}, {"a\x00", false, false}, {"a=", false, false}, {`a"`, false, false},
	} {
		require.Equal(t, c.metric, ValidMetricName(c.name), "%q", c.name)
		require.Equal(t, c.label, ValidLabelName(c.name), "%q", c.name)
	}
}

func FuzzNames(f *testing.F) {
	for _, s := range []string{"", "a", "_9", ":a", "9", "a\n", "é", "a{"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		const first = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
		want := s != "" && strings.Trim(s, first+"0123456789") == "" && strings.ContainsRune(first, rune(s[0])) &&
			strings.Map(func(r rune) rune {
				if strings.ContainsRune(first+"0123456789", r) {
					return -1
				}
				return r
			}, s) == ""
		require.Equal(t, want, ValidLabelName(s))
		if want {
			require.True(t, ValidMetricName(s) && ValidMetricName(":"+s))
		}
	})
}
