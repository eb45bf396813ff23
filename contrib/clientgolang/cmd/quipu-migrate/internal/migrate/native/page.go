// SPDX-License-Identifier: Apache-2.0

package native

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// Pages finds out how the packages of a module show the default registry. Metrics can move to the
// default registry of engine only if everything that shows the one is made to show the other.
type Pages struct {
	served bool   // by promhttp.Handler or by a use of prometheus.DefaultGatherer
	other  string // a use that cannot be made to show the other
}

// Add looks at a package.
func (p *Pages) Add(fset *token.FileSet, files []*ast.File, info *types.Info) {
	for _, file := range files {
		inTest := strings.HasSuffix(fset.File(file.Package).Name(), "_test.go")
		called := make(map[ast.Expr]bool)
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if path, name := callee(info, n); path == promhttpPath && name == "Handler" {
					called[n.Fun] = true
				}
			case *ast.AssignStmt:
				for _, left := range n.Lhs {
					p.note(fset, left, is(info, left, prometheusPath, "DefaultRegisterer"), "DefaultRegisterer is set")
					p.note(fset, left, is(info, left, prometheusPath, "DefaultGatherer"), "DefaultGatherer is set")
				}
			case *ast.UnaryExpr:
				taken := n.Op == token.AND && is(info, n.X, prometheusPath, "DefaultGatherer")
				p.note(fset, n, taken, "the address of DefaultGatherer is taken")
			case *ast.TypeAssertExpr:
				asserted := is(info, n.X, prometheusPath, "DefaultRegisterer") ||
					is(info, n.X, prometheusPath, "DefaultGatherer")
				p.note(fset, n, asserted, "the default registry is asserted to be of a type")
			case *ast.SelectorExpr, *ast.Ident:
				e := n.(ast.Expr)
				handler := is(info, e, promhttpPath, "Handler")
				p.served = p.served || !inTest && (handler || is(info, e, prometheusPath, "DefaultGatherer"))
				p.note(fset, e, handler && !called[e], "promhttp.Handler is used as a value")
				_, isSelector := n.(*ast.SelectorExpr)
				return !isSelector || !handler
			}
			return true
		})
	}
}

func isDefault(info *types.Info, e ast.Expr) bool {
	call, ok := ast.Unparen(e).(*ast.CallExpr)
	if !ok {
		return false
	}
	path, name := callee(info, call)
	return path == enginePath && name == "Default"
}

func (p *Pages) note(fset *token.FileSet, n ast.Node, found bool, what string) {
	if found && p.other == "" {
		at := fset.Position(n.Pos())
		p.other = fmt.Sprintf("the default registry is used in other ways: %s at %s:%d", what, at.Filename, at.Line)
	}
}

// Obstacle returns why metrics of the default registry cannot move, or nothing.
func (p *Pages) Obstacle() string {
	if p.other == "" && !p.served {
		return "no package of the module shows the default registry, by promhttp.Handler() or DefaultGatherer"
	}
	return p.other
}

// gathererText is the expression that takes the place of prometheus.DefaultGatherer.
const gathererText = "%[1]s.Gatherers{%[1]s.DefaultGatherer, %[2]s.Gatherer(%[3]s.Default(), %[2]s.WithoutSelf())}"

// gathererEdits lets everything that reads prometheus.DefaultGatherer read quipu's default registry
// too.
func (f *finder) gathererEdits() (edits []edit, gone []span) {
	if f.config.Page != "" {
		return nil, nil
	}
	for _, file := range f.pass.Files {
		ast.Inspect(file, func(n ast.Node) bool {
			e, ok := n.(ast.Expr)
			if !ok || !is(f.info, e, prometheusPath, "DefaultGatherer") {
				return true
			}
			if f.complete(e) {
				return false
			}
			at := e.Pos()
			imports := []string{prometheusPath, bridgePath, enginePath}
			text := fmt.Sprintf(gathererText, f.name(at, imports[0]), f.name(at, imports[1]), f.name(at, imports[2]))
			edits = append(edits, edit{e.Pos(), e.End(), text, imports})
			gone = append(gone, spanOf(e))
			return false
		})
	}
	return edits, gone
}

// complete reports whether quipu's default registry is shown already beside a gatherer: by an
// argument of bridge.Attach, or by another element of a literal.
func (f *finder) complete(e ast.Expr) bool {
	beside := f.siblings(e)
	for _, other := range beside {
		call, ok := ast.Unparen(other).(*ast.CallExpr)
		if !ok {
			continue
		}
		if isDefault(f.info, call) {
			return true
		}
		path, name := callee(f.info, call)
		if path == bridgePath && name == "Gatherer" && len(call.Args) > 0 && isDefault(f.info, call.Args[0]) {
			return true
		}
	}
	return false
}

func (f *finder) siblings(e ast.Expr) []ast.Expr {
	switch parent := f.parent[e].(type) {
	case *ast.CallExpr:
		if path, name := callee(f.info, parent); path == bridgePath && name == "Attach" {
			return parent.Args
		}
	case *ast.CompositeLit:
		return parent.Elts
	}
	return nil
}
