// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUnifiedDiffs(t *testing.T) {
	for _, test := range []struct{ before, after, want string }{
		{"a\n", "a\n", ""},
		{"", "a\nb\n", "--- /dev/null\n+++ b/f\n@@ -0,0 +1,2 @@\n+a\n+b\n"},
		{"a\n", "", "--- a/f\n+++ b/f\n@@ -1 +0,0 @@\n-a\n"},
		{"a", "a\n", "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n"},
		{"1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n6\n7\n8\n9\n",
			"--- a/f\n+++ b/f\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n"},
		{"a\n1\n2\n3\n4\n5\n6\nb\n", "A\n1\n2\n3\n4\n5\n6\nB\n",
			"--- a/f\n+++ b/f\n@@ -1,8 +1,8 @@\n-a\n+A\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n+B\n"},
		{"a\n1\n2\n3\n4\n5\n6\n7\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\nB\n",
			"--- a/f\n+++ b/f\n@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-b\n+B\n"},
	} {
		require.Equal(t, test.want, unifiedDiff("f", test.before, test.after), "%q %q", test.before, test.after)
	}
}

// FuzzDiffLeadsFromOneFileToTheOther applies the lines of diffs, and compares their length with
// that of a longest common subsequence.
func FuzzDiffLeadsFromOneFileToTheOther(f *testing.F) {
	for _, seed := range [][2]string{
		{"", ""}, {"abc", ""}, {"", "abc"}, {"abcabba", "cbabac"}, {"aaaa", "aa"}, {"abab", "baba"}, {"x", "y"},
		{"abcdefgh", "hgfedcba"}, {"aabbaab", "abaabba"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, before, after string) {
		if len(before) > 40 || len(after) > 40 {
			return
		}
		a, b := strings.Split(before, ""), strings.Split(after, "")
		var from, to []string
		changes := 0
		for _, o := range diffLines(a, b) {
			if o.kind != '+' {
				from = append(from, o.line)
			}
			if o.kind != '-' {
				to = append(to, o.line)
			}
			if o.kind != ' ' {
				changes++
			}
		}
		require.Equal(t, before, strings.Join(from, ""))
		require.Equal(t, after, strings.Join(to, ""))
		require.Equal(t, len(a)+len(b)-2*common(a, b), changes)
	})
}

// common returns the length of a longest common subsequence.
func common(a, b []string) int {
	row := make([]int, len(b)+1)
	for i := range a {
		diagonal := 0
		for j := range b {
			above := row[j+1]
			if a[i] == b[j] {
				row[j+1] = diagonal + 1
			} else {
				row[j+1] = max(above, row[j])
			}
			diagonal = above
		}
	}
	return row[len(b)]
}
