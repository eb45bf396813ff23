// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAFileThatHasChangedMeanwhileStopsTheWriting(t *testing.T) {
	dir := t.TempDir()
	first, second := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	require.NoError(t, os.WriteFile(first, []byte("a"), 0o600))
	require.NoError(t, os.WriteFile(second, []byte("edited"), 0o600))
	p := &plan{module: &module{root: dir}}
	p.add(first, []byte("a"), []byte("A"))
	p.add(second, []byte("b"), []byte("B"))
	require.ErrorContains(t, p.write(), "b has changed meanwhile. Nothing is written.")
	require.Equal(t, map[string]string{"a": "a", "b": "edited"}, snapshot(t, dir))
}

func TestAWriteThatFailsIsTakenBack(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a", "b"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(name), 0o600))
	}
	require.NoError(t, os.Chmod(filepath.Join(dir, "b"), 0o400))
	p := &plan{module: &module{root: dir}}
	p.add(filepath.Join(dir, "a"), []byte("a"), []byte("A"))
	p.add(filepath.Join(dir, "new"), nil, []byte("new"))
	p.add(filepath.Join(dir, "b"), []byte("b"), []byte("B"))
	require.ErrorContains(t, p.write(), "is read-only")
	require.Equal(t, map[string]string{"a": "a", "b": "b"}, snapshot(t, dir))
}

func TestAFileThatStaysAsItIsIsNoChange(t *testing.T) {
	p := &plan{}
	p.add("a", []byte("a"), []byte("a"))
	require.Empty(t, p.changes)
}
