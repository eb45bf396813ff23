// SPDX-License-Identifier: Apache-2.0

package house

import (
	"encoding/json"
	"errors"
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
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// program is the source of the root module with what go/types knows about it. Packages of the
// module are checked from their source; what they import comes from the export data that the
// compiler wrote.
type program struct {
	fset     *token.FileSet
	exports  map[string]string // files of export data, by import path
	importer types.Importer
	packages []*listed
}

// listed is a package as go list shows it.
type listed struct {
	ImportPath, Dir                    string
	GoFiles, TestGoFiles, XTestGoFiles []string
	Imports, TestImports, XTestImports []string
}

// dir is the package's directory below the root of the module, "." for the root.
func (l *listed) dir() string {
	return strings.TrimPrefix(strings.TrimPrefix(l.ImportPath, module), "/")
}

// checked is the result of checking some files as one package.
type checked struct {
	pkg   *types.Package
	files []*ast.File
	info  types.Info
	errs  []error
}

// loadProgram lists the packages of the root module and finds the export data of all imports, which
// the go command compiles if need be.
func loadProgram(t *testing.T) *program {
	t.Helper()
	p := &program{fset: token.NewFileSet(), exports: map[string]string{}}
	out := goList(t, "-json=ImportPath,Dir,GoFiles,TestGoFiles,XTestGoFiles,Imports,TestImports,XTestImports", "./...")
	imports := map[string]bool{}
	for dec := json.NewDecoder(strings.NewReader(out)); ; {
		var l listed
		err := dec.Decode(&l)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		p.packages = append(p.packages, &l)
		for _, path := range slices.Concat(l.Imports, l.TestImports, l.XTestImports) {
			imports[path] = true
		}
	}
	require.Greater(t, len(p.packages), 30, "this test must see the whole module")
	args := []string{"-deps", "-export", "-f", "{{.ImportPath}}\t{{.Export}}"}
	for path := range imports {
		args = append(args, path)
	}
	for line := range strings.Lines(goList(t, args...)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), "\t")
		p.exports[path] = file
	}
	p.importer = importer.ForCompiler(p.fset, "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(p.exports[path])
	})
	return p
}

// listed returns a package of the module by its directory.
func (p *program) listed(t *testing.T, dir string) *listed {
	t.Helper()
	for _, l := range p.packages {
		if l.dir() == dir {
			return l
		}
	}
	require.Fail(t, "there is no package "+dir)
	return nil
}

// check checks files of a package as a package of its own.
func (p *program) check(t *testing.T, path string, files ...string) *checked {
	t.Helper()
	var parsed []*ast.File
	for _, name := range files {
		f, err := parser.ParseFile(p.fset, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		require.NoError(t, err)
		parsed = append(parsed, f)
	}
	return p.checkParsed(path, parsed)
}

func (p *program) checkParsed(path string, files []*ast.File) *checked {
	c := &checked{files: files, info: types.Info{
		Types: map[ast.Expr]types.TypeAndValue{},
		Defs:  map[*ast.Ident]types.Object{},
		Uses:  map[*ast.Ident]types.Object{},
	}}
	config := types.Config{Importer: p.importer, Error: func(err error) { c.errs = append(c.errs, err) }}
	c.pkg, _ = config.Check(path, p.fset, files, &c.info) // the errors are in errs
	return c
}

// source checks the files of a package that are no tests.
func (p *program) source(t *testing.T, l *listed) *checked {
	t.Helper()
	c := p.check(t, l.ImportPath, l.files(l.GoFiles)...)
	require.Empty(t, c.errs, l.ImportPath)
	return c
}

func (l *listed) files(names []string) []string {
	paths := make([]string, len(names))
	for i, name := range names {
		paths[i] = filepath.Join(l.Dir, name)
	}
	return paths
}

func goList(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list"}, args...)...)
	cmd.Dir = root
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "%s", &stderr)
	return string(out)
}

// dirOf returns the directory of a package of the module, and "" for other packages.
func dirOf(pkg *types.Package) string {
	if pkg == nil {
		return ""
	}
	dir, ok := strings.CutPrefix(pkg.Path(), module+"/")
	if !ok {
		return ""
	}
	return dir
}
