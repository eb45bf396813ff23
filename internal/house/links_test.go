// SPDX-License-Identifier: Apache-2.0

package house

import (
	"go/ast"
	"go/types"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
)

var (
	markdownLink  = regexp.MustCompile(`\[[^\]]*\]\(([^)\s]+)\)`)
	fencedCode    = regexp.MustCompile("(?ms)^```.*?^```")
	benchmarkName = regexp.MustCompile(`\bBenchmark[A-Z]\w*`)
	heading       = regexp.MustCompile(`(?m)^#+ (.*)$`)
	docLink       = regexp.MustCompile(`(?m)(?:^|[\s(])\[\*?([A-Za-z_]\w*(?:\.[A-Za-z_]\w*){0,2})\]`)
)

// TestLinksInMarkdownLeadSomewhere wants a file or a folder for every link within the repository,
// and a heading for every fragment.
func TestLinksInMarkdownLeadSomewhere(t *testing.T) {
	links := 0
	for _, name := range markdownFiles(t) {
		for _, match := range markdownLink.FindAllStringSubmatch(prose(t, name), -1) {
			target := match[1]
			if strings.Contains(target, "://") {
				continue
			}
			links++
			file, fragment, _ := strings.Cut(target, "#")
			to := name
			if file != "" {
				to = path.Join(path.Dir(name), file)
			}
			if _, err := os.Stat(filepath.Join(root, to)); err != nil {
				t.Errorf("%s: %s: %v", name, target, err)
				continue
			}
			if fragment != "" && !fragments(prose(t, to))[fragment] {
				t.Errorf("%s: %s: there is no such heading", name, target)
			}
		}
	}
	require.Greater(t, links, 80, "this test must see the links")
}

// markdownFiles returns the Markdown files of the repository.
func markdownFiles(t *testing.T) (names []string) {
	require.NoError(t, filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		require.NoError(t, err)
		rel, err := filepath.Rel(root, p)
		require.NoError(t, err)
		switch name := d.Name(); {
		case !d.IsDir() && path.Ext(name) == ".md":
			names = append(names, filepath.ToSlash(rel))
		case d.IsDir() && rel != "." && (name[0] == '.' || name == "testdata" || name == "build"):
			return fs.SkipDir
		}
		return nil
	}))
	return names
}

// prose returns a Markdown file without its code blocks.
func prose(t *testing.T, name string) string {
	text, err := os.ReadFile(filepath.Join(root, name))
	require.NoError(t, err)
	return fencedCode.ReplaceAllString(string(text), "")
}

// fragments returns the names by which links reach the headings of a text.
func fragments(text string) map[string]bool {
	names := map[string]bool{}
	for _, match := range heading.FindAllStringSubmatch(text, -1) {
		names[strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
				return unicode.ToLower(r)
			}
			return -1
		}, strings.TrimSpace(match[1]))] = true
	}
	return names
}

// TestLinksInCommentsLeadSomewhere wants a declaration for every link in a comment, such as [Name],
// [Type.Method] or [package.Name]: go doc shows others in brackets, and go vet does not mind.
func TestLinksInCommentsLeadSomewhere(t *testing.T) {
	p := loadProgram(t)
	links := 0
	for _, l := range p.packages {
		c := p.source(t, l)
		for _, f := range c.files {
			for _, group := range f.Comments {
				for _, match := range docLink.FindAllStringSubmatch(linkText(group), -1) {
					links++
					if !resolves(c.pkg, strings.Split(match[1], ".")) {
						t.Errorf("%s: there is no %s", p.fset.Position(group.Pos()), match[1])
					}
				}
			}
		}
	}
	require.Greater(t, links, 200, "this test must see the links")
}

// TestBenchmarksThatCommentsNameExist looks for them in all packages.
func TestBenchmarksThatCommentsNameExist(t *testing.T) {
	there, named := map[string]bool{}, map[string]string{}
	for _, f := range goFiles(t) {
		if f.isTest() {
			for _, decl := range f.ast.Decls {
				if fn, ok := decl.(*ast.FuncDecl); ok {
					there[fn.Name.Name] = true
				}
			}
			continue
		}
		for _, group := range f.ast.Comments {
			for _, name := range benchmarkName.FindAllString(group.Text(), -1) {
				named[name] = f.path()
			}
		}
	}
	require.Greater(t, len(named), 20, "this test must see the names")
	for name, file := range named {
		if !there[name] {
			t.Errorf("%s: there is no %s", file, name)
		}
	}
}

// linkText returns the text of a comment without code, which is indented.
func linkText(group *ast.CommentGroup) string {
	var b strings.Builder
	for line := range strings.Lines(group.Text()) {
		if !strings.HasPrefix(line, "\t") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// resolves reports whether a link names a declaration of the package, or of one that it imports.
func resolves(pkg *types.Package, names []string) bool {
	for _, imported := range pkg.Imports() {
		if names[0] == imported.Name() && (len(names) == 1 || member(imported, names[1:])) {
			return true
		}
	}
	return member(pkg, names)
}

// member reports whether a package has the name, or the type and its method or field.
func member(pkg *types.Package, names []string) bool {
	obj := pkg.Scope().Lookup(names[0])
	if obj == nil || len(names) > 2 {
		return false
	}
	if len(names) == 1 {
		return true
	}
	if _, ok := obj.(*types.TypeName); !ok {
		return false
	}
	found, _, _ := types.LookupFieldOrMethod(obj.Type(), true, pkg, names[1])
	return found != nil
}
