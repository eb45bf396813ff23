// SPDX-License-Identifier: Apache-2.0

package labeltext

import (
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestCleanValuesAreShortAndValidAndStayWhatTheyWereIfTheyCan(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"as it is ü", "as it is ü"},
		{"a\xff\xfeb", "a\uFFFDb"},
		{"\xed\xa0\x80", "\uFFFD"},
		{strings.Repeat("x", MaxValue), strings.Repeat("x", MaxValue)},
		{strings.Repeat("x", MaxValue+1), strings.Repeat("x", MaxValue)},
		{strings.Repeat("€", MaxValue/3+1), strings.Repeat("€", MaxValue/3)},
		{strings.Repeat("x\xff", MaxValue/2), strings.Repeat("x\uFFFD", MaxValue/4)},
	} {
		require.Equal(t, c.want, Clean(c.in, MaxValue))
		require.Equal(t, c.want == c.in, IsClean(c.in, MaxValue))
		require.True(t, IsClean(c.want, MaxValue))
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{"", "a", "\xff", strings.Repeat("€", MaxValue), strings.Repeat("\xff", MaxValue+7)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, most := range []int{12, 100, MaxValue, math.MaxInt} {
			clean := Clean(s, most)
			require.LessOrEqual(t, len(clean), most)
			require.True(t, utf8.ValidString(clean))
			require.Equal(t, clean, Clean(clean, most))
			if IsClean(s, most) {
				require.Equal(t, s, clean)
			} else if utf8.ValidString(s) {
				require.Greater(t, len(clean), most-utf8.UTFMax)
			}
		}
	})
}
