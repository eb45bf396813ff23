// SPDX-License-Identifier: Apache-2.0

package testkit

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadPromQLFindsEveryExpressionBelowTheRoot(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(root, "docs"), 0o700))
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(text), 0o600))
	}
	write("docs/guide.md", "Text.\n\n```promql\n# All\n# of it.\nsum(\n  a\n)\n\nb\n```\n\n```go\nc\n```\n")
	write("README.md", "```promql\n# Why.\nd > 0\n```\n")
	write("notes.txt", "```promql\ne\n```\n")
	require.Equal(t, []PromQL{
		{filepath.Join(root, "README.md"), "Why.", "d > 0"},
		{filepath.Join(root, "docs/guide.md"), "All of it.", "sum(\n  a\n)"},
		{filepath.Join(root, "docs/guide.md"), "", "b"},
	}, ReadPromQL(t, root))
}

func TestReadPromQLRefusesBlocksThatItCannotRead(t *testing.T) {
	for text, message := range map[string]string{
		"```promql\na\n":               "does not end",
		"```promql\n# Only this.\n```": "a comment without an expression",
	} {
		root := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(root, "a.md"), []byte(text), 0o600))
		r := record(t, func(r *recorder) { ReadPromQL(r, root) })
		require.Contains(t, r.failed, message)
	}
}
