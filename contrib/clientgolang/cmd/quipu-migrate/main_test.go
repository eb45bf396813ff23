// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestExitCodes(t *testing.T) {
	empty := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(empty, "go.mod"), []byte("module example.com/empty\n"), 0o600))
	quipu, err := filepath.Abs("../..")
	require.NoError(t, err)
	for _, test := range []struct {
		args           []string
		code           int
		stdout, stderr string
	}{
		{[]string{empty}, 0, "Nothing to do", ""},
		{[]string{"-h"}, 0, "", "usage: quipu-migrate [flags] folder"},
		{[]string{filepath.Join(empty, "missing")}, 1, "", "no such file"},
		{[]string{quipu}, 1, "", "is quipu's own bridge to client_golang"},
		{nil, 2, "", "usage"},
		{[]string{"a", "b"}, 2, "", "usage"},
		{[]string{"-stage", "other", empty}, 2, "", "usage"},
		{[]string{"-diff", "-write", empty}, 2, "", "usage"},
		{[]string{"-unknown", empty}, 2, "", "usage"},
	} {
		var stdout, stderr strings.Builder
		require.Equal(t, test.code, run(test.args, &stdout, &stderr), "%q: %s", test.args, stderr.String())
		require.Contains(t, stdout.String(), test.stdout, "%q", test.args)
		require.Contains(t, stderr.String(), test.stderr, "%q", test.args)
		require.True(t, test.code == 0 || stdout.Len() == 0, "%q", test.args)
	}
}

func TestTheReadmeListsAllFlags(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	var stdout, stderr strings.Builder
	require.Zero(t, run([]string{"-h"}, &stdout, &stderr))
	for line := range strings.Lines(stderr.String()) {
		if name, ok := strings.CutPrefix(line, "  -"); ok {
			require.Contains(t, string(readme), "| `-"+strings.Fields(name)[0])
		}
	}
}
