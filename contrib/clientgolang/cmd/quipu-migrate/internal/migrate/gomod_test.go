// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/modfile"
)

func TestReplaceDirectivesAreAsTheFolderWasGiven(t *testing.T) {
	dir := t.TempDir()
	dir, err := filepath.EvalSymlinks(dir)
	require.NoError(t, err)
	quipu := filepath.Join(dir, "quipu")
	for _, path := range []string{"", "/contrib/clientgolang"} {
		require.NoError(t, os.MkdirAll(quipu+path, 0o700))
		require.NoError(t, os.WriteFile(quipu+path+"/go.mod", []byte("module "+quipuModule+path+"\n"), 0o600))
	}
	t.Chdir(dir)
	for _, test := range []struct{ root, tree, want string }{
		{"app", quipu, quipu},
		{"app", "quipu", "../quipu"},
		{"app/deep", "./quipu/", "../../quipu"},
		{"", "quipu", "./quipu"},
	} {
		got, err := localTree(filepath.Join(dir, test.root), test.tree)
		require.NoError(t, err)
		require.Equal(t, test.want, got)
	}
	require.NoError(t, os.Remove(filepath.Join(quipu, "contrib/clientgolang/go.mod")))
	_, err = localTree(dir, "quipu")
	require.ErrorContains(t, err, "-replace: there is no module "+twinModule+" in ")
}

func TestNotesOfGoMod(t *testing.T) {
	parse := func(text string) *modfile.File {
		f, err := modfile.Parse("go.mod", []byte(text), nil)
		require.NoError(t, err)
		return f
	}
	const after = "module m\n\ngo 1.26.0\n\nrequire (\n\texample.com/a v1.1.0\n\texample.com/b v1.1.0 // indirect\n)\n"
	for _, test := range []struct {
		before string
		want   []string
	}{
		{"module m\n\ngo 1.26.1\n", nil},
		{"module m\n\ngo 1.24\n\nrequire example.com/a v1.1.0\n",
			[]string{"go.mod: the go line rises from 1.24 to 1.26.0, as quipu needs it"}},
		{"module m\n", []string{"go.mod: the go line rises from 1.16 to 1.26.0, as quipu needs it. With 1.22 the " +
			"meaning of programs changes: each iteration of a loop has variables of its own"}},
		{"module m\n\ngo 1.26.0\n\nrequire (\n\texample.com/a v1.0.0\n\texample.com/b v1.0.0 // indirect\n)\n",
			[]string{"go.mod: example.com/a changes from v1.0.0 to v1.1.0"}},
	} {
		notes, err := goModNotes(parse(test.before), []byte(after))
		require.NoError(t, err)
		require.Equal(t, test.want, notes, test.before)
	}
}
