// SPDX-License-Identifier: Apache-2.0

package house

import (
	"go/ast"
	"go/parser"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// withoutCaller are the exported names that nothing outside their package uses, each with its
// reason.
var withoutCaller = map[string]string{
	"engine.DefaultMaxAge":    "documents what holds without WithMaxAge",
	"engine.ExemplarInterval": "documents how often WithExemplars is asked",
}

// ofAnyKind matches names that all kinds of metrics have: constructors, vectors and typed vectors.
// Such a name is used if that of one kind is: a reader who has seen NewCounterVec knows
// NewGaugeVec.
var ofAnyKind = regexp.MustCompile(strings.ReplaceAll(
	`^engine\.((New|Register)KIND(Vec|Of|Func)?$|KIND(Vec|Of|Func)\.)`, "KIND", "(Counter|Gauge|Histogram|Summary)"))

// sameForm returns a name with the kind of metric left out, if all kinds have it.
func sameForm(name string) string {
	if !ofAnyKind.MatchString(name) {
		return name
	}
	for _, kind := range []string{"Counter", "Gauge", "Histogram", "Summary"} {
		name = strings.Replace(name, kind, "", 1)
	}
	return name
}

// TestEveryExportedNameIsUsedOutsideItsPackage wants a use of every function, type, constant,
// variable, method and field that a public package exports: in another package, in a program of
// examples or of the guide, or in an Example. Tests do not count, except for those of packages that
// are nothing but tests of the whole.
func TestEveryExportedNameIsUsedOutsideItsPackage(t *testing.T) {
	p := loadProgram(t)
	u := newUses(p.fset)
	for _, dir := range publicPackages {
		pkg, err := p.importer.Import(module + "/" + dir)
		require.NoError(t, err)
		u.export(pkg)
	}
	for _, l := range p.packages {
		if l.dir() == "internal/house" {
			continue // its table of zero values has all types
		}
		u.add(p.source(t, l), nil)
		external := p.check(t, l.ImportPath+"_test", l.files(l.XTestGoFiles)...)
		internal := p.check(t, l.ImportPath, l.files(slices.Concat(l.GoFiles, l.TestGoFiles))...)
		if onlyTests(l) {
			u.add(external, nil)
			u.add(internal, nil)
		} else {
			u.add(external, inExample)
			u.add(internal, inExample)
		}
	}
	program, tests, _ := guidePrograms(t)
	first := goBlocks(t, "README.md")[0]
	for _, text := range []string{program, tests, first, secondOfReadme(t)} {
		f, err := parser.ParseFile(p.fset, "snippets.go", text, parser.SkipObjectResolution)
		require.NoError(t, err)
		c := p.checkParsed("main", []*ast.File{f})
		require.Empty(t, c.errs)
		u.add(c, nil)
	}
	u.follow()

	usedForms, exported := map[string]bool{}, map[string]bool{}
	for key, name := range u.api {
		exported[name] = true
		usedForms[sameForm(name)] = usedForms[sameForm(name)] || u.used[key]
	}
	require.Greater(t, len(exported), 300, "this test must see all names")
	for _, name := range slices.Sorted(maps.Keys(exported)) {
		_, excepted := withoutCaller[name]
		switch used := usedForms[sameForm(name)]; {
		case !used && !excepted:
			t.Errorf("%s: nothing outside its package uses it, and no Example or snippet of the guide shows it", name)
		case used && excepted:
			t.Errorf("%s is used: it is no exception", name)
		}
	}
	for name := range withoutCaller {
		require.True(t, exported[name], "there is no %s", name)
	}
}

// onlyTests reports whether a package tests or measures others, as a program would use them.
func onlyTests(l *listed) bool {
	dir := l.dir()
	return dir == "bench" || dir == "internal/integration" || dir == "examples" || strings.HasPrefix(dir, "examples/")
}

// inExample reports whether a declaration of a test is an Example, or stands in a file of Examples.
func inExample(file string, decl ast.Decl) bool {
	if strings.HasSuffix(file, "example_test.go") {
		return true
	}
	f, ok := decl.(*ast.FuncDecl)
	return ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Example")
}
