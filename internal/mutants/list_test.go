// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

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

const root = "../.."

// build describes a package, in the words of the go command.
type build struct {
	Dir        string
	ImportPath string
	Export     string // file with the compiled types of the package
	GoFiles    []string
}

// builds asks the go command for the packages in dirs and for all packages that they import. It
// returns them by their import paths.
func builds(t *testing.T, dirs []string) map[string]build {
	t.Helper()
	list := []string{"list", "-export", "-deps", "-json=Dir,ImportPath,Export,GoFiles"}
	cmd := exec.Command("go", append(list, dirs...)...)
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, stderr.String())
	all := make(map[string]build)
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var b build
		err := decoder.Decode(&b)
		if errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err)
		all[b.ImportPath] = b
	}
}

// compile type-checks a package with another text for one of its files.
func compile(b build, all map[string]build, file, text string) error {
	files := token.NewFileSet()
	var syntax []*ast.File
	for _, name := range b.GoFiles {
		var source any
		if name == file {
			source = text
		}
		f, err := parser.ParseFile(files, filepath.Join(b.Dir, name), source, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		syntax = append(syntax, f)
	}
	open := func(path string) (io.ReadCloser, error) { return os.Open(all[path].Export) }
	config := types.Config{Importer: importer.ForCompiler(files, "gc", open)}
	_, err := config.Check(b.ImportPath, files, syntax, nil)
	return err
}

// The old code of every mutant occurs exactly once, and the package compiles with the new code in
// its place. So a change to the code keeps the mutants up to date.
func TestEveryMutantAppliesAndCompiles(t *testing.T) {
	mutants, err := readLists(root)
	require.NoError(t, err)
	var dirs []string
	for i := range mutants {
		dirs = append(dirs, "./"+mutants[i].dir())
	}
	slices.Sort(dirs)
	dirs = slices.Compact(dirs)
	all := builds(t, dirs)
	for i := range mutants {
		m := &mutants[i]
		t.Run(m.file+": "+m.title, func(t *testing.T) {
			source, err := os.ReadFile(filepath.Join(root, m.file))
			require.NoError(t, err)
			text, err := m.apply(string(source))
			require.NoError(t, err)
			b, ok := all["github.com/quipu-metrics/quipu/"+m.dir()]
			require.True(t, ok)
			require.Contains(t, b.GoFiles, filepath.Base(m.file), "it is part of this machine's build")
			require.NoError(t, compile(b, all, filepath.Base(m.file), text))
		})
	}
	fmt.Fprintf(t.Output(), "%d mutants in %d packages\n", len(mutants), len(dirs))
}
