// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The test of this module checks that two returns 2, and does not check three.
func TestABugIsPlantedInACopyAndTheTestsAreAsked(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module example.com/m\n\ngo 1.26.0\n",
		"p/p.go": "package p\n\nfunc two() int {\n\treturn 2\n}\n\nfunc three() int {\n\treturn 3\n}\n",
		"p/p_test.go": "package p\n\nimport \"testing\"\n\n" +
			"func TestTwo(t *testing.T) {\n\tif three(); two() != 2 {\n\t\tt.Error()\n\t}\n}\n",
		"nested/go.mod":    "module example.com/nested\n",
		".hidden/data.txt": "hidden\n",
	} {
		require.NoError(t, os.MkdirAll(filepath.Join(root, filepath.Dir(name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(text), 0o644))
	}
	tree := t.TempDir()
	require.NoError(t, copyModule(root, tree))
	require.NoDirExists(t, filepath.Join(tree, "nested"))
	require.NoDirExists(t, filepath.Join(tree, ".hidden"))

	bug := func(before, after string) *mutant {
		return &mutant{file: "p/p.go", places: []place{{before: []string{before}, after: []string{after}}}}
	}
	const limit = time.Minute
	by, err := plant(tree, bug("\treturn 2", "\treturn 4"), limit, 2, false)
	require.NoError(t, err)
	require.Equal(t, "TestTwo", by)
	by, err = plant(tree, bug("\treturn 3", "\treturn 4"), limit, 2, false)
	require.NoError(t, err)
	require.Empty(t, by, "no test finds it")
	_, err = plant(tree, bug("\treturn 3", "\treturn"), limit, 2, false)
	require.ErrorContains(t, err, "does not compile")

	text, err := os.ReadFile(filepath.Join(tree, "p/p.go"))
	require.NoError(t, err)
	require.Contains(t, string(text), "return 3", "the bug is taken out again")
	failed, output := test(tree, "p", limit)
	require.Empty(t, failed, output)
}
