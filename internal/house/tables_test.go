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
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The tables of docs/reliability.md and docs/parity.md name tests and API. These tests find out
// what is there and compare.

// names are the declared names of a tree: of tests by directory (engine.TestX), of others by
// package (engine.Counter.Add).
type names struct {
	tests, exported map[string]bool
	longForms       map[string]bool // directories whose tests look at QUIPU_LONG
}

// declared reads all Go files, those of nested modules too.
func declared(t *testing.T) names {
	n := names{map[string]bool{}, map[string]bool{}, map[string]bool{}}
	fset := token.NewFileSet()
	require.NoError(t, filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		require.NoError(t, err)
		if d.IsDir() {
			if name := d.Name(); name == "testdata" || name == "build" || strings.HasPrefix(name, ".") && name != ".." {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(p, ".go") {
			return nil
		}
		source, err := os.ReadFile(p)
		require.NoError(t, err)
		file, err := parser.ParseFile(fset, p, source, parser.SkipObjectResolution)
		require.NoError(t, err)
		rel, err := filepath.Rel(root, filepath.Dir(p))
		require.NoError(t, err)
		dir := filepath.ToSlash(rel)
		isTest := strings.HasSuffix(p, "_test.go")
		if isTest && strings.Contains(string(source), "QUIPU_LONG") {
			n.longForms[dir] = true
		}
		for _, decl := range file.Decls {
			for _, name := range namesOf(decl) {
				switch {
				case !isTest:
					n.exported[path.Base(dir)+"."+name] = true
				case isTestName(name):
					n.tests[dir+"."+name] = true
				}
			}
		}
		return nil
	}))
	require.Greater(t, len(n.tests), 500, "this test must see all tests")
	require.Greater(t, len(n.exported), 200, "and all names")
	return n
}

// isTestName tells functions that go test runs from their helpers.
func isTestName(name string) bool { return testName.MatchString(name) }

var testName = regexp.MustCompile(`^(Test|Fuzz|Example)([A-Z_]\w*)?$`)

// namesOf returns what a declaration declares; a method as Type.Method.
func namesOf(decl ast.Decl) []string {
	var list []string
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			return []string{d.Name.Name}
		}
		typ := d.Recv.List[0].Type
		for {
			switch e := typ.(type) {
			case *ast.StarExpr:
				typ = e.X
				continue
			case *ast.IndexExpr:
				typ = e.X
				continue
			case *ast.Ident:
				return []string{e.Name + "." + d.Name.Name}
			}
			return nil
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				list = append(list, s.Name.Name)
			case *ast.ValueSpec:
				for _, name := range s.Names {
					list = append(list, name.Name)
				}
			}
		}
	}
	return list
}

// tables returns the rows of all tables of a Markdown file, each a map from the column's title to
// the cell. It wants no cell to be empty and the numbers in the first column to rise by one.
func tables(t *testing.T, name string) []map[string]string {
	source, err := os.ReadFile(filepath.Join(root, name))
	require.NoError(t, err)
	var rows []map[string]string
	var titles []string
	last := 0
	for line := range strings.Lines(string(source)) {
		line, ok := strings.CutPrefix(strings.TrimSpace(line), "|")
		switch {
		case !ok:
			titles = nil
			continue
		case strings.HasPrefix(line, "---"):
			continue
		}
		cells := strings.Split(strings.TrimSuffix(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
			require.NotEmpty(t, cells[i], "%s: %s", name, line)
		}
		if titles == nil {
			titles = cells
			continue
		}
		require.Len(t, cells, len(titles), "%s: %s", name, line)
		row := map[string]string{}
		for i, title := range titles {
			row[title] = cells[i]
		}
		rows = append(rows, row)
		number, err := strconv.Atoi(row["#"])
		require.NoError(t, err, name)
		require.Equal(t, last+1, number, "%s: rows are numbered in order, without a gap", name)
		last = number
	}
	return rows
}

var quoted = regexp.MustCompile("`([^`]+)`")

// codes returns what a cell has in back quotes.
func codes(cell string) []string {
	var list []string
	for _, match := range quoted.FindAllStringSubmatch(cell, -1) {
		list = append(list, match[1])
	}
	return list
}

// targets are those of the Makefile.
func targets(t *testing.T) []string {
	source, err := os.ReadFile(filepath.Join(root, "Makefile"))
	require.NoError(t, err)
	var list []string
	for _, match := range regexp.MustCompile(`(?m)^([a-z0-9-]+):`).FindAllStringSubmatch(string(source), -1) {
		list = append(list, "make "+match[1])
	}
	require.Contains(t, list, "make test")
	return list
}

func TestTablesOfTheDocsNameTestsThatExist(t *testing.T) {
	n, makes := declared(t), targets(t)
	for doc, count := range map[string]int{"docs/reliability.md": 38, "docs/parity.md": 17} {
		rows := tables(t, doc)
		require.GreaterOrEqual(t, len(rows), count, doc)
		for _, row := range rows {
			tests := codes(row["Tests"])
			require.NotEmpty(t, tests, "%s, row %s names no test", doc, row["#"])
			for _, test := range tests {
				require.True(t, n.tests[test] || slices.Contains(makes, test),
					"%s, row %s: there is no %s", doc, row["#"], test)
			}
		}
	}
}

func TestTheParityTableNamesAPIThatExists(t *testing.T) {
	n := declared(t)
	for _, row := range tables(t, "docs/parity.md") {
		api := codes(row["API"])
		require.NotEmpty(t, api, "row %s", row["#"])
		for _, name := range api {
			require.True(t, n.exported[name], "row %s: there is no %s", row["#"], name)
			_, member, _ := strings.Cut(name, ".")
			for part := range strings.SplitSeq(member, ".") {
				require.True(t, ast.IsExported(part), name)
			}
		}
	}
}

func TestLongFormsInTheReliabilityTableExist(t *testing.T) {
	n, makes := declared(t), targets(t)
	for _, row := range tables(t, "docs/reliability.md") {
		cell := row["Long form"]
		if strings.HasPrefix(cell, "none") {
			continue
		}
		list := codes(cell)
		require.NotEmpty(t, list, "row %s", row["#"])
		for _, code := range list {
			require.True(t, code == "QUIPU_LONG=1" || n.longForms[code] || slices.Contains(makes, code),
				"row %s: %s", row["#"], code)
		}
	}
}

// TestWrongTablesAreNoticed gives the tests' own tools what they are to complain about.
func TestWrongTablesAreNoticed(t *testing.T) {
	n := declared(t)
	require.False(t, n.tests["engine.TestWhichNobodyHasWritten"])
	require.False(t, n.tests["shard.TestHotFunctionsAreInlined"], "it is in another package")
	require.True(t, n.tests["engine.TestHotFunctionsAreInlined"])
	require.True(t, n.tests["internal/parsers.FuzzPages"], "nested modules are seen")
	require.False(t, n.exported["engine.Counter.Set"])
	require.True(t, n.exported["engine.Counter.Add"])
	require.False(t, isTestName("Testing"))
	require.Equal(t, []string{"a.TestB", "make c"}, codes("`a.TestB`, and `make c`"))
}
