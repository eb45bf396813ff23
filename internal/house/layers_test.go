// SPDX-License-Identifier: Apache-2.0

package house

import (
	"fmt"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// layers are the files of engine, the lowest layer first. A file may use names of its own layer and
// of lower ones.
var layers = [][]string{
	{"doc", "errors", "born", "caller", "fault", "freelist", "run", "state", "exemplar_map", "life", "series"},
	{"writer", "sample"},
	{"naming", "definition", "compare", "options", "limits"},
	{"named"},
	{"core"},
	{"family", "placed", "expiry"},
	{"names", "registry", "mount", "tree", "ledger", "misuse", "overflow"},
	{"lookup", "curry", "vec", "typed", "exemplar", "native", "emission", "point"},
	{"counter", "gauge", "histogram", "summary"},
	{"func", "collector", "untyped"},
	{"self", "functions", "timer", "source", "source_buffer", "header", "attach"},
	{"walk", "source_walk", "source_place", "escape"},
	{"page", "read", "default", "wrap", "callback"},
}

func TestFilesOfEngineUseLowerLayersOnly(t *testing.T) {
	p := loadProgram(t)
	engine := p.listed(t, "engine")
	layer := map[string]int{}
	for i, files := range layers {
		for _, file := range files {
			require.NotContains(t, layer, file, "in two layers")
			require.Contains(t, engine.GoFiles, file+".go", "it is in layer %d", i)
			layer[file] = i
		}
	}
	for _, file := range engine.GoFiles {
		require.Contains(t, layer, strings.TrimSuffix(file, ".go"), "this file is in no layer")
	}
	list := arrows(p, p.source(t, engine))
	var up []string
	for a, names := range list {
		if layer[a.to] > layer[a.from] {
			up = append(up, fmt.Sprintf("%s uses %s of %s", a.from, strings.Join(names, ", "), a.to))
		}
	}
	slices.Sort(up)
	require.Empty(t, up, "%d of %d arrows between the files run up", len(up), len(list))
	require.Greater(t, len(list), 100, "this test must see the arrows")
}

// arrow says that one file of a package uses names that another one declares.
type arrow struct{ from, to string }

// arrows returns the arrows between the files of a package, and the names that each stands for. A
// method is a name of the file that declares it, and so is a field; a method that is called through
// an interface is a name of the interface's file.
func arrows(p *program, c *checked) map[arrow][]string {
	list := map[arrow][]string{}
	file := func(pos token.Pos) string {
		return strings.TrimSuffix(filepath.Base(p.fset.Position(pos).Filename), ".go")
	}
	for ident, obj := range c.info.Uses {
		if obj.Pkg() != c.pkg || isLocal(obj) {
			continue
		}
		a := arrow{file(ident.Pos()), file(obj.Pos())}
		if a.from != a.to && !slices.Contains(list[a], obj.Name()) {
			list[a] = append(list[a], obj.Name())
		}
	}
	for _, names := range list {
		slices.Sort(names)
	}
	return list
}

// isLocal reports whether an object belongs to a function, as parameters and variables do.
func isLocal(obj types.Object) bool {
	switch o := obj.(type) {
	case *types.Func:
		return false
	case *types.Var:
		return !o.IsField() && o.Parent() != o.Pkg().Scope()
	default:
		return obj.Parent() != obj.Pkg().Scope()
	}
}
