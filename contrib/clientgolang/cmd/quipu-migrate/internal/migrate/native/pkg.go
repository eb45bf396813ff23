// SPDX-License-Identifier: Apache-2.0

package native

import (
	"go/ast"
	"go/scanner"
	"go/token"
	"go/types"
	"os"
	"strings"

	"golang.org/x/tools/go/analysis"
)

// pkg is a package under analysis, with the links that go/ast lacks.
type pkg struct {
	pass   *analysis.Pass
	info   *types.Info
	types  *types.Package
	parent map[ast.Node]ast.Node
	refs   map[types.Object][]*ast.Ident // uses and definitions, in the order of the files
	source map[*token.File][]byte
	words  map[string]bool // of Go files that are not compiled on this system
	cgo    bool            // some files are not what stands in the folder
}

func newPkg(pass *analysis.Pass) (*pkg, error) {
	p := &pkg{pass, pass.TypesInfo, pass.Pkg, map[ast.Node]ast.Node{}, map[types.Object][]*ast.Ident{},
		map[*token.File][]byte{}, map[string]bool{}, false}
	read := pass.ReadFile
	if read == nil {
		read = os.ReadFile
	}
	for _, f := range pass.Files {
		file := pass.Fset.File(f.FileStart)
		source, err := read(file.Name())
		if err != nil {
			return nil, err
		}
		p.source[file] = source
		p.cgo = p.cgo || pass.Fset.Position(f.Package).Filename != file.Name()
		var stack []ast.Node
		ast.Inspect(f, func(n ast.Node) bool {
			if n == nil {
				stack = stack[:len(stack)-1]
				return true
			}
			if len(stack) > 0 {
				p.parent[n] = stack[len(stack)-1]
			}
			stack = append(stack, n)
			if id, ok := n.(*ast.Ident); ok {
				if obj := p.info.ObjectOf(id); obj != nil {
					p.refs[obj] = append(p.refs[obj], id)
				}
			}
			return true
		})
	}
	for _, name := range pass.IgnoredFiles {
		source, err := read(name)
		if err != nil {
			return nil, err
		}
		if strings.HasSuffix(name, ".go") {
			p.addWords(source)
		}
	}
	return p, nil
}

// addWords adds the identifiers of a source.
func (p *pkg) addWords(source []byte) {
	var s scanner.Scanner
	fset := token.NewFileSet()
	s.Init(fset.AddFile("", -1, len(source)), source, func(token.Position, string) {}, 0)
	for {
		_, tok, text := s.Scan()
		switch tok {
		case token.EOF:
			return
		case token.IDENT:
			p.words[text] = true
		}
	}
}

// text returns the source of a node.
func (p *pkg) text(n ast.Node) string { return p.between(n.Pos(), n.End()) }

func (p *pkg) between(from, to token.Pos) string {
	file := p.pass.Fset.File(from)
	return string(p.source[file][file.Offset(from):file.Offset(to)])
}

// up returns the parent of an expression, parentheses left out, and the child that it has.
func (p *pkg) up(e ast.Expr) (parent ast.Node, child ast.Expr) {
	child = e
	for {
		parent = p.parent[child]
		paren, ok := parent.(*ast.ParenExpr)
		if !ok {
			return parent, child
		}
		child = paren
	}
}

// file returns the file of a position.
func (p *pkg) file(pos token.Pos) *ast.File {
	for _, f := range p.pass.Files {
		if f.FileStart <= pos && pos < f.FileEnd {
			return f
		}
	}
	return nil
}

// hasComment reports whether there is a comment between two positions.
func (p *pkg) hasComment(from, to token.Pos) bool {
	for _, group := range p.file(from).Comments {
		if from <= group.Pos() && group.End() <= to {
			return true
		}
	}
	return false
}

// commentsByField returns the comments between the fields of a literal. A comment belongs to the
// field that ends on its line, or else to the next one. Those behind the last field have no name.
func (p *pkg) commentsByField(lit *ast.CompositeLit) map[string][]string {
	comments := make(map[string][]string)
	line := func(pos token.Pos) int { return p.pass.Fset.File(pos).Line(pos) }
	for _, group := range p.file(lit.Pos()).Comments {
		for _, c := range group.List {
			if c.Pos() < lit.Lbrace || c.Pos() > lit.Rbrace {
				continue
			}
			name := ""
			for _, e := range lit.Elts {
				kv := e.(*ast.KeyValueExpr)
				if kv.Pos() > c.Pos() || kv.End() <= c.Pos() && line(kv.End()) == line(c.Pos()) {
					name = kv.Key.(*ast.Ident).Name
					break
				}
			}
			comments[name] = append(comments[name], c.Text)
		}
	}
	return comments
}

// inTest reports whether a position is in a file of tests.
func (p *pkg) inTest(pos token.Pos) bool {
	return strings.HasSuffix(p.pass.Fset.File(pos).Name(), "_test.go")
}

// shapeOf returns the shape of a variable's type: prometheus.Counter, *prometheus.CounterVec and so
// on.
func (p *pkg) shapeOf(t types.Type) (shape, bool) {
	pointer := false
	if ptr, ok := types.Unalias(t).(*types.Pointer); ok {
		t, pointer = ptr.Elem(), true
	}
	n, ok := types.Unalias(t).(*types.Named)
	if !ok || n.Obj().Pkg() == nil {
		return shape{}, false
	}
	path := n.Obj().Pkg().Path()
	if path != prometheusPath && path != clientPath {
		return shape{}, false
	}
	s, ok := constructed("New" + n.Obj().Name())
	return s, ok && s.vec == pointer
}
