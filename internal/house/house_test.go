// SPDX-License-Identifier: Apache-2.0

package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	module = "github.com/quipu-metrics/quipu"
	root   = "../.."
)

// floors is the order of the house. A package may import packages of lower floors only.
var floors = map[string]int{
	"internal/percpu":      0,
	"internal/labeltext":   0,
	"internal/buckets":     0,
	"internal/pagezip":     0,
	"internal/snappy":      0,
	"internal/gone":        0,
	"internal/wire":        0,
	"internal/textpage":    3,
	"internal/otlpform":    3,
	"internal/conventions": 0,
	"atomicf":              1,
	"shard":                2,
	"histogram":            2,
	"quantile":             2,
	"encode":               2,
	"engine":               3,
	"engine/collect":       4,
	"engine/metrictest":    4,
	"metricdoc":            4,
	"internal/instrument":  5,
	"internal/send":        5,
	"export":               6,
}

const (
	httpFloor = 5 // the first one that may import net/http
	attic     = 7 // export's own subpackages, examples, benchmarks, tools, tests
)

func floor(dir string) int {
	if f, ok := floors[dir]; ok {
		return f
	}
	return attic
}

// file is a Go file of the root module, its path relative to the root.
type file struct {
	dir, name string
	source    []byte
	ast       *ast.File
}

func (f file) path() string { return path.Join(f.dir, f.name) }
func (f file) isTest() bool { return strings.HasSuffix(f.name, "_test.go") }

// goFiles parses all Go files of the root module, nested modules left out.
func goFiles(t *testing.T) []file {
	files := parseFiles(t, false)
	require.Greater(t, len(files), 50, "this test must see the whole module")
	return files
}

// parseFiles parses the Go files of the root module, and of nested modules too if they are wanted.
func parseFiles(t *testing.T, nested bool) []file {
	var files []file
	fset := token.NewFileSet()
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		require.NoError(t, err)
		rel, err := filepath.Rel(root, p)
		require.NoError(t, err)
		if d.IsDir() {
			_, err := os.Stat(filepath.Join(p, "go.mod"))
			left := strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "build"
			if rel != "." && (left || err == nil && !nested) {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(p, ".go") {
			return nil
		}
		source, err := os.ReadFile(p)
		require.NoError(t, err)
		parsed, err := parser.ParseFile(fset, p, source, parser.ParseComments|parser.SkipObjectResolution)
		require.NoError(t, err)
		rel = filepath.ToSlash(rel)
		files = append(files, file{path.Dir(rel), path.Base(rel), source, parsed})
		return nil
	})
	require.NoError(t, err)
	return files
}

// outside are the modules that others than tests may import, and where.
var outside = map[string][]string{
	"github.com/cespare/xxhash/v2":  {"shard"},
	"github.com/puzpuzpuz/xsync/v3": {"shard", "internal/instrument"},
}

func TestImportsPointOneWay(t *testing.T) {
	there, imported := map[string]bool{}, map[string]bool{}
	for _, f := range goFiles(t) {
		if f.isTest() {
			continue
		}
		there[f.dir] = true
		for _, imp := range f.ast.Imports {
			name := strings.Trim(imp.Path.Value, `"`)
			dir, inModule := strings.CutPrefix(name, module+"/")
			first, _, _ := strings.Cut(name, "/")
			switch {
			case name == "net/http" || strings.HasPrefix(name, "net/http/"):
				require.GreaterOrEqual(t, floor(f.dir), httpFloor, "%s imports %s", f.path(), name)
			case inModule && floor(f.dir) < attic:
				require.Less(t, floor(dir), floor(f.dir), "%s imports %s", f.path(), dir)
			case strings.Contains(first, ".") && !inModule:
				require.Contains(t, outside[name], f.dir, "%s imports %s", f.path(), name)
				imported[name+" "+f.dir] = true
			}
			require.NotContains(t, name, "testify", "%s is not a test", f.path())
		}
	}
	for dir := range floors {
		require.True(t, there[dir], "there is no package %s", dir)
	}
	for name, dirs := range outside {
		for _, dir := range dirs {
			require.True(t, imported[name+" "+dir], "%s does not import %s", dir, name)
		}
	}
}

func TestTheRootPackageExportsNothing(t *testing.T) {
	require.Empty(t, exportedNames(inPackage(goFiles(t), ".")))
}

func TestNestedModulesAreBuiltWithThisTree(t *testing.T) {
	nested := 0
	require.NoError(t, filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		require.NoError(t, err)
		if d.Name() != "go.mod" || filepath.Dir(p) == filepath.Clean(root) {
			return nil
		}
		source, err := os.ReadFile(p)
		require.NoError(t, err)
		if !strings.Contains(string(source), module+" v") {
			return nil // it does not use the module
		}
		nested++
		up, err := filepath.Rel(filepath.Dir(p), root)
		require.NoError(t, err)
		require.Contains(t, string(source), "replace "+module+" => "+filepath.ToSlash(up)+"\n", p)
		return nil
	}))
	require.Positive(t, nested)
}

func TestRootModuleHasThreeDirectDependencies(t *testing.T) {
	source, err := os.ReadFile(filepath.Join(root, "go.mod"))
	require.NoError(t, err)
	var direct []string
	for line := range strings.Lines(string(source)) {
		line = strings.TrimPrefix(strings.TrimSpace(line), "require ")
		if fields := strings.Fields(line); len(fields) >= 2 && strings.Contains(fields[0], ".") &&
			strings.HasPrefix(fields[1], "v") && !strings.Contains(line, "// indirect") {
			direct = append(direct, fields[0])
		}
	}
	slices.Sort(direct)
	require.Equal(t, []string{
		"github.com/cespare/xxhash/v2", "github.com/puzpuzpuz/xsync/v3", "github.com/stretchr/testify",
	}, direct)
	require.Contains(t, string(source), "github.com/puzpuzpuz/xsync/v3 v3.5.1\n")
	require.Contains(t, string(source), "\ngo 1.26.0\n")
}

func TestNoInitFunctions(t *testing.T) {
	for _, f := range goFiles(t) {
		for _, decl := range f.ast.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil {
				require.NotEqual(t, "init", fn.Name.Name, f.path())
			}
		}
	}
}

func TestFilesAreShortAndLicensed(t *testing.T) {
	const spdx = "// SPDX-License-Identifier: Apache-2.0\n"
	for _, f := range parseFiles(t, true) { // of the nested modules too
		require.LessOrEqual(t, strings.Count(string(f.source), "\n"), 600, "%s is two files", f.path())
		require.True(t, strings.HasPrefix(string(f.source), spdx), "%s does not begin with its licence", f.path())
		require.Equal(t, 1, strings.Count(string(f.source), spdx[:len(spdx)-1]+"\n\n"), f.path())
	}
}

func TestUnsafeIsKeptTogether(t *testing.T) {
	// Each of these says why it is sound.
	allowed := []string{
		"internal/percpu/pin.go",
		// the address of a cell, as a number
		"atomicf/heat.go", "atomicf/count.go", "atomicf/sum.go", "atomicf/level.go",
		"engine/series.go", "engine/typed.go",
		// the address of a series that the garbage collector is not to see
		"shard/withdrawn.go",
		"encode/escaped.go", // scratch text as a string
	}
	for _, f := range goFiles(t) {
		for _, imp := range f.ast.Imports {
			if imp.Path.Value == `"unsafe"` && !f.isTest() {
				require.Contains(t, allowed, f.path())
			}
		}
	}
}
