// SPDX-License-Identifier: Apache-2.0

// Package realcode builds the scenarios of a package with its real source files. The memory
// accesses, locks, clock and runtime of package interleave take the place of those of the standard
// library.
//
// A scenario file is a test file with the build tag explore. Explore rewrites the files of the
// package and of those that it builds on: import paths, some constants of size, and go statements.
// It passes the result to the go command as an overlay, and writes nothing into the source tree.
package realcode

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	module = "github.com/quipu-metrics/quipu"
	shims  = module + "/internal/interleave/shim/"
)

// Edit holds the path of a file in the module, code that occurs in the file once, and the code to
// put in its place.
type Edit [3]string

// shimmed are the imports that are replaced.
var shimmed = []string{"sync/atomic", "sync", "time", "runtime"}

// sizes are constants that are made smaller, so that scenarios end.
var sizes = map[string]map[string]string{
	"internal/percpu": {"groupBits": "6", "maxGroups": "2", "maxProcs": "4"},
	"atomicf":         {"heatSlots": "4", "heatSigns": "1"},
	"histogram":       {"attempts": "1", "spins": "1", "maxWait": "1", "checkEvery": "3", "maxCollisions": "1"},
	"quantile":        {"chunkLen": "2", "ringLen": "2", "tableBits": "2"},
	"shard":           {"rosterBlock": "2", "rosterFirst": "1", "seriesPerMap": "2", "splitBits": "1"},
}

// points are names, for each file, of memory that is accessed by ordinary loads and stores of more
// than a word. Statements that mention one of them are steps.
var points = map[string][]string{
	"quantile/log.go": {"entries", "fresh"},
}

// stateful are the packages whose variables are set to their initial values before every run.
var stateful = []string{"internal/percpu", "atomicf", "histogram"}

// packages are the packages that are rewritten.
var packages = []string{"internal/percpu", "atomicf", "histogram", "quantile", "shard"}

// compile compiles the scenarios of a package, and returns the path of the test binary.
func compile(t *testing.T, pkg string, edits ...Edit) string {
	t.Helper()
	root := moduleRoot(t)
	dir := t.TempDir()
	replace := map[string]string{}
	for _, p := range packages {
		files, err := filepath.Glob(filepath.Join(root, p, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no files in %s: %v", p, err)
		}
		for _, file := range files {
			name := filepath.Base(file)
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(name, "_test.go") {
				if !bytes.Contains(source, []byte("//go:build explore")) {
					replace[file] = ""
				}
				continue
			}
			rewritten, err := rewrite(p, name, edited(t, p+"/"+name, source, edits))
			if err != nil {
				t.Fatalf("%s/%s: %v", p, name, err)
			}
			to := filepath.Join(dir, strings.ReplaceAll(p, "/", "_")+"_"+name)
			if err := os.WriteFile(to, rewritten, 0o600); err != nil {
				t.Fatal(err)
			}
			replace[file] = to
		}
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	overlayFile := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(overlayFile, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, "scenarios")
	cmd := exec.Command("go", "test", "-c", "-tags", "explore", "-overlay", overlayFile, "-ldflags=-s -w", "-o", binary,
		"./"+pkg)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOPROXY=off", "GOTOOLCHAIN=local")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("the scenarios do not build: %v\n%s", err, out)
	}
	return binary
}

// run runs the scenario tests of a binary that match a pattern. It returns their output.
func run(t *testing.T, binary, pattern string) (out string, passed bool) {
	t.Helper()
	cmd := exec.Command(binary, "-test.run", pattern, "-test.v", "-test.failfast", "-test.timeout=20m")
	raw, err := cmd.CombinedOutput()
	if err != nil {
		if _, ok := err.(*exec.ExitError); !ok {
			t.Fatal(err)
		}
	}
	if !bytes.Contains(raw, []byte("=== RUN")) {
		t.Fatalf("no scenario ran: %s", raw)
	}
	return string(raw), err == nil
}

// Explore builds the scenarios of a package and runs one of its scenario tests: the one that has
// the name of the running test.
func Explore(t *testing.T, pkg string) {
	t.Helper()
	out, passed := run(t, compile(t, pkg), "^"+t.Name()+"$")
	t.Log("\n" + summary(out))
	if !passed {
		t.Fatalf("an order of steps fails:\n%s", out)
	}
}

// finds builds the scenarios of a package with a mistake in it, and requires that one of them
// fails.
func finds(t *testing.T, pkg string, edits ...Edit) {
	t.Helper()
	out, passed := run(t, compile(t, pkg, edits...), ".")
	if passed {
		t.Fatalf("no order of any scenario shows the mistake")
	}
	t.Log("\n" + summary(out))
}

// summary returns the lines of a run's output that say more than that a test has begun or passed.
func summary(out string) string {
	var kept []string
	for line := range strings.Lines(out) {
		if !strings.HasPrefix(line, "===") && !strings.HasPrefix(line, "PASS") && !strings.Contains(line, "--- PASS") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept[:min(len(kept), 40)], "")
}

func moduleRoot(t *testing.T) string {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the working directory")
		}
		dir = parent
	}
}

func edited(t *testing.T, file string, source []byte, edits []Edit) []byte {
	for _, e := range edits {
		if e[0] != file {
			continue
		}
		if n := bytes.Count(source, []byte(e[1])); n != 1 {
			t.Fatalf("%s has %q %d times", file, e[1], n)
		}
		source = bytes.Replace(source, []byte(e[1]), []byte(e[2]), 1)
	}
	return source
}

// percpuShims replace the files that use the runtime and private memory.
var percpuShims = map[string]string{
	"pin.go": `package percpu
import "` + module + `/internal/interleave"
const Private = true
func Pin() int { return interleave.Pin() }
func Unpin() { interleave.Unpin() }
`,
	"word_plain.go": `package percpu
import "` + module + `/internal/interleave"
func Load(p *uint64) uint64 { return interleave.Load(p) }
func Store(p *uint64, v uint64) { interleave.Store(p, v) }
func Add(p *uint64, n uint64) { interleave.Store(p, interleave.Load(p)+n) }
`,
}

// rewrite returns a file of a package in the form in which it is explored.
func rewrite(pkg, name string, source []byte) ([]byte, error) {
	if shim := percpuShims[name]; shim != "" && pkg == "internal/percpu" {
		return []byte(shim), nil
	}
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, source, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	for _, imp := range file.Imports {
		path := strings.Trim(imp.Path.Value, `"`)
		if slices.Contains(shimmed, path) {
			imp.Path.Value = `"` + shims + strings.TrimPrefix(path, "sync/") + `"`
		}
	}
	var resets []string
	for _, decl := range file.Decls {
		if d, ok := decl.(*ast.GenDecl); ok {
			if d.Tok == token.VAR && !slices.Contains(stateful, pkg) {
				continue
			}
			resets = append(resets, adapt(pkg, d)...)
		}
	}
	threads, steps := replaceGo(file), insertPoints(file, points[pkg+"/"+name])
	var out bytes.Buffer
	if err := format.Node(&out, fset, file); err != nil {
		return nil, err
	}
	text := out.String()
	if threads || steps || len(resets) > 0 {
		at := strings.Index(text, "package "+file.Name.Name) + len("package "+file.Name.Name)
		text = text[:at] + "\n\nimport interleave \"" + module + "/internal/interleave\"\n" + text[at:]
	}
	if len(resets) > 0 {
		text += "\nfunc init() {\n\tinterleave.AtReset(func() {\n" + strings.Join(resets, "") + "\t})\n}\n"
	}
	return []byte(text), nil
}

// adapt changes constants of size. It returns statements that set variables to their initial
// values.
func adapt(pkg string, d *ast.GenDecl) (resets []string) {
	for _, spec := range d.Specs {
		v, ok := spec.(*ast.ValueSpec)
		if !ok {
			continue
		}
		for i, name := range v.Names {
			switch {
			case d.Tok == token.CONST:
				if size := sizes[pkg][name.Name]; size != "" && i < len(v.Values) {
					v.Values[i] = ast.NewIdent(size)
				}
			case name.Name == "_":
			case len(v.Values) > i:
				resets = append(resets, fmt.Sprintf("\t\t%s = %s\n", name.Name, text(v.Values[i])))
			default:
				resets = append(resets,
					fmt.Sprintf("\t\t{\n\t\t\tvar zero %s\n\t\t\t%s = zero\n\t\t}\n", text(v.Type), name.Name))
			}
		}
	}
	return resets
}

func text(n ast.Expr) string {
	var out bytes.Buffer
	if err := format.Node(&out, token.NewFileSet(), n); err != nil {
		panic(err)
	}
	return out.String()
}

// replaceGo turns goroutines into threads.
func replaceGo(file *ast.File) (found bool) {
	eachList(file, func(list []ast.Stmt) []ast.Stmt {
		for i, s := range list {
			if g, ok := s.(*ast.GoStmt); ok {
				found = true
				body := &ast.FuncLit{Type: &ast.FuncType{Params: &ast.FieldList{}},
					Body: &ast.BlockStmt{List: []ast.Stmt{&ast.ExprStmt{X: g.Call}}}}
				list[i] = call("Go", body)
			}
		}
		return list
	})
	return found
}

// insertPoints inserts a step before every statement that mentions one of the names.
func insertPoints(file *ast.File, names []string) (found bool) {
	if len(names) == 0 {
		return false
	}
	eachList(file, func(list []ast.Stmt) []ast.Stmt {
		var out []ast.Stmt
		for _, s := range list {
			if mentions(s, names) {
				found = true
				out = append(out, call("Point"))
			}
			out = append(out, s)
		}
		return out
	})
	return found
}

// mentions reports whether a statement mentions one of the names. It does not look into the blocks
// of the statement.
func mentions(s ast.Stmt, names []string) (found bool) {
	ast.Inspect(s, func(n ast.Node) bool {
		if _, ok := n.(*ast.BlockStmt); ok {
			return false
		}
		if id, ok := n.(*ast.Ident); ok && slices.Contains(names, id.Name) {
			found = true
		}
		return true
	})
	return found
}

func call(name string, args ...ast.Expr) ast.Stmt {
	return &ast.ExprStmt{X: &ast.CallExpr{
		Fun: &ast.SelectorExpr{X: ast.NewIdent("interleave"), Sel: ast.NewIdent(name)}, Args: args,
	}}
}

func eachList(file *ast.File, change func([]ast.Stmt) []ast.Stmt) {
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BlockStmt:
			n.List = change(n.List)
		case *ast.CaseClause:
			n.Body = change(n.Body)
		}
		return true
	})
}

// Planted runs the scenarios of a package once for each mistake, and requires that they find it.
// Mistakes have names. The short form of the tests tries the first two in the order of their names.
func Planted(t *testing.T, pkg string, mistakes map[string]Edit) {
	names := slices.Sorted(maps.Keys(mistakes))
	if testing.Short() {
		names = names[:min(len(names), 2)]
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) { finds(t, pkg, mistakes[name]) })
	}
}
