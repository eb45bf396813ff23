// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAListIsReadAsItIsWritten(t *testing.T) {
	mutants, err := parse("# about the list\n\n== It is late.\na/b/c.go\n \tone\n-\ttwo\n+\t2\n@@\n-\tfive\n" +
		"\n== It is early.\na/d.go\n-x\n+y\nharmless: nobody looks\n")
	require.NoError(t, err)
	require.Equal(t, []mutant{
		{title: "It is late.", file: "a/b/c.go", places: []place{
			{before: []string{"\tone", "\ttwo"}, after: []string{"\tone", "\t2"}},
			{before: []string{"\tfive"}},
		}},
		{title: "It is early.", file: "a/d.go", harmless: "nobody looks", places: []place{
			{before: []string{"x"}, after: []string{"y"}},
		}},
	}, mutants)
	require.Equal(t, "a/b", mutants[0].dir())

	text, err := mutants[0].apply("zero\n\tone\n\ttwo\n\tthree\n\tfive\n")
	require.NoError(t, err)
	require.Equal(t, "zero\n\tone\n\t2\n\tthree\n", text)
}

func TestMistakesInAListAreErrors(t *testing.T) {
	_, err := parse("a/b.go\n")
	require.ErrorContains(t, err, "line 1: there is no title before it")
	_, err = parse("== title\na/b.go\nx\n")
	require.ErrorContains(t, err, "line 3: it begins with neither blank, minus nor plus")
}

func TestABugMustChangeCodeThatOccursOnce(t *testing.T) {
	m := mutant{file: "f.go", places: []place{{before: []string{"x"}, after: []string{"y"}}}}
	for source, want := range map[string]string{
		"x\nx\n":    "occurs 2 times in f.go",
		"xx\n\tx\n": "occurs 0 times in f.go",
	} {
		_, err := m.apply(source)
		require.ErrorContains(t, err, want)
	}
	m.places[0].after = []string{"x"}
	_, err := m.apply("x\n")
	require.ErrorContains(t, err, "it changes nothing")
}

// A module of one package, whose test knows that two is 2 and does not know what three is.
func TestABugIsPlantedInACopyAndTheTestsAreAsked(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":           "module example.com/m\n\ngo 1.26.0\n",
		"p/p.go":           "package p\n\nfunc two() int {\n\treturn 2\n}\n\nfunc three() int {\n\treturn 3\n}\n",
		"p/p_test.go":      "package p\n\nimport \"testing\"\n\nfunc TestTwo(t *testing.T) {\n\tif three(); two() != 2 {\n\t\tt.Error()\n\t}\n}\n",
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

func TestNineOfTenBugsAreEnough(t *testing.T) {
	for _, c := range []struct {
		score
		want bool
	}{{score{9, 10}, true}, {score{8, 9}, false}, {score{18, 20}, true}, {score{17, 19}, false}, {score{1, 1}, true}} {
		require.Equal(t, c.want, c.enough(), "%v", c.score)
	}
}
