// SPDX-License-Identifier: Apache-2.0

package parity

import (
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
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	theirRoot = "github.com/prometheus/client_golang/prometheus"
	ourRoot   = "github.com/quipu-metrics/quipu/contrib/clientgolang"
)

var packages = []string{"prometheus", "promauto", "promhttp", "testutil", "collectors", "push"}

// theirPath returns the path of client_golang's package of this name.
func theirPath(name string) string {
	if name == "prometheus" {
		return theirRoot
	}
	return theirRoot + "/" + name
}

// text returns a type with our packages called as client_golang's.
func text(t types.Type) string {
	return types.TypeString(unnamed(t), func(p *types.Package) string {
		if name, ok := strings.CutPrefix(p.Path(), ourRoot+"/"); ok {
			return theirPath(name)
		}
		return p.Path()
	})
}

// unnamed returns a signature without the names of parameters, which are not a part of it.
func unnamed(t types.Type) types.Type {
	s, ok := t.(*types.Signature)
	if !ok {
		return t
	}
	tuple := func(of *types.Tuple) *types.Tuple {
		var vars []*types.Var
		for v := range of.Variables() {
			vars = append(vars, types.NewVar(0, nil, "", v.Type()))
		}
		return types.NewTuple(vars...)
	}
	return types.NewSignatureType(nil, nil, nil, tuple(s.Params()), tuple(s.Results()), s.Variadic())
}

// differences returns what a package of ours lacks, or has with another type.
func differences(theirs, ours *types.Package) (list []string) {
	for _, name := range theirs.Scope().Names() {
		their, our := theirs.Scope().Lookup(name), ours.Scope().Lookup(name)
		if !their.Exported() {
			continue
		}
		if our == nil {
			list = append(list, name+" is missing")
			continue
		}
		switch their := their.(type) {
		case *types.TypeName:
			list = append(list, typeDifferences(their, our)...)
		case *types.Const:
			c, ok := our.(*types.Const)
			if !ok || c.Val().ExactString() != their.Val().ExactString() || text(c.Type()) != text(their.Type()) {
				list = append(list, name+" is another constant")
			}
		default: // a variable that is a function may stand for a function
			if name != "V2" && text(our.Type()) != text(their.Type()) {
				list = append(list, fmt.Sprintf("%s is %s and not %s", name, text(our.Type()), text(their.Type())))
			}
			if name == "V2" {
				list = append(list, methodDifferences(their.Type(), our.Type())...)
			}
		}
	}
	return list
}

func typeDifferences(their *types.TypeName, our types.Object) []string {
	name, ok := our.(*types.TypeName)
	switch {
	case !ok:
		return []string{their.Name() + " is not a type"}
	case name.IsAlias():
		if text(types.Unalias(name.Type())) != text(their.Type()) {
			return []string{their.Name() + " is another type"}
		}
		return nil
	}
	return methodDifferences(types.NewPointer(their.Type()), types.NewPointer(our.Type()))
}

// methodDifferences returns the exported methods that a type of ours lacks, or has with another
// signature.
func methodDifferences(their, our types.Type) (list []string) {
	ours := types.NewMethodSet(our)
	for m := range types.NewMethodSet(their).Methods() {
		if !m.Obj().Exported() {
			continue
		}
		have := ours.Lookup(m.Obj().Pkg(), m.Obj().Name())
		if have == nil || text(have.Type()) != text(m.Type()) {
			list = append(list, fmt.Sprintf("%s.%s", our, m.Obj().Name()))
		}
	}
	return list
}

// exports returns an importer that reads what the compiler has exported. All packages that it
// imports belong together.
var exports = sync.OnceValues(func() (types.Importer, error) {
	args := []string{"list", "-export", "-deps", "-f", "{{.ImportPath}}\t{{.Export}}"}
	for _, name := range packages {
		args = append(args, theirPath(name), ourRoot+"/"+name)
	}
	out, err := exec.Command("go", args...).Output()
	if err != nil {
		return nil, err
	}
	files := make(map[string]string)
	for line := range strings.Lines(string(out)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), "\t")
		files[path] = file
	}
	return importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(files[path])
	}), nil
})

func load(t *testing.T, name string) (theirs, ours *types.Package) {
	im, err := exports()
	require.NoError(t, err)
	theirs, err = im.Import(theirPath(name))
	require.NoError(t, err)
	ours, err = im.Import(ourRoot + "/" + name)
	require.NoError(t, err)
	return theirs, ours
}

func TestEveryExportedNameOfClientGolangIsHereWithItsType(t *testing.T) {
	names := 0
	for _, name := range packages {
		theirs, ours := load(t, name)
		require.Empty(t, differences(theirs, ours), name)
		names += len(theirs.Scope().Names())
	}
	require.Greater(t, names, 200, "this test must see the packages")
}

// The test above would pass if it saw no differences.
func TestDifferencesAreSeen(t *testing.T) {
	theirs, _ := load(t, "prometheus")
	_, ours := load(t, "promhttp")
	require.Contains(t, differences(theirs, ours), "NewCounterVec is missing")
	require.Contains(t, differences(theirs, ours), "CounterVec is missing")

	source := `package x
type CounterVec struct{}
func (*CounterVec) Reset(int) {}
func NewCounter() {}
const DefBufCap = 1
`
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "x.go", source, 0)
	require.NoError(t, err)
	x, err := new(types.Config).Check("x", fset, []*ast.File{file}, nil)
	require.NoError(t, err)
	list := differences(theirs, x)
	for _, want := range []string{"*x.CounterVec.Reset", "*x.CounterVec.With", "DefBufCap is another constant"} {
		require.Contains(t, list, want)
	}
}

var quoted = regexp.MustCompile("`([^`]+)`")

// TestTheReadmeSaysWhichNamesAreQuipus compares the table of the README with the code: a type that
// is no alias is ours, and so is a function that does not only call client_golang's.
func TestTheReadmeSaysWhichNamesAreQuipus(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	for _, name := range packages {
		row := regexp.MustCompile("(?m)^\\| `" + name + "` \\| ([^|]*) \\|").FindStringSubmatch(string(readme))
		require.NotNil(t, row, "the README has no row for %s", name)
		var listed []string
		for _, m := range quoted.FindAllStringSubmatch(row[1], -1) {
			listed = append(listed, m[1])
		}
		theirs, ours := load(t, name)
		var own []string
		for _, n := range ours.Scope().Names() {
			if theirs.Scope().Lookup(n) != nil && isOwn(t, name, ours.Scope().Lookup(n)) {
				own = append(own, n)
			}
		}
		slices.Sort(listed)
		require.Equal(t, own, listed, name)
	}
}

func isOwn(t *testing.T, dir string, o types.Object) bool {
	switch o := o.(type) {
	case *types.TypeName:
		return o.Exported() && !o.IsAlias()
	case *types.Func:
		return o.Exported() && !forwards(t, dir, o.Name())
	case *types.Var:
		return o.Exported() && slices.Contains([]string{"DefaultRegisterer", "DefaultGatherer", "V2"}, o.Name())
	}
	return false
}

// forwards reports whether a function only calls client_golang's function of its name.
func forwards(t *testing.T, dir, name string) bool {
	files, err := filepath.Glob("../../" + dir + "/*.go")
	require.NoError(t, err)
	call := regexp.MustCompile(`(?s)\nfunc ` + name + `\([^{]*\{\s*(return )?client\.` + name + `\(`)
	for _, file := range files {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		if call.Match(source) && !strings.HasSuffix(file, "_test.go") {
			return true
		}
	}
	return false
}
