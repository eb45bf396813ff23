// SPDX-License-Identifier: Apache-2.0

package native

import (
	"go/ast"
	"go/token"
	"slices"
)

// isMustRegister reports whether a call is prometheus.MustRegister(...) or
// prometheus.DefaultRegisterer.MustRegister(...).
func (f *finder) isMustRegister(call *ast.CallExpr) bool {
	if call.Ellipsis.IsValid() {
		return false
	}
	if path, name := callee(f.info, call); path == prometheusPath && name == "MustRegister" {
		return true
	}
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	return ok && sel.Sel.Name == "MustRegister" && is(f.info, sel.X, prometheusPath, "DefaultRegisterer")
}

// registered checks that the metric of a holder is registered once with the default registry,
// whatever the program does. It returns why that is not certain.
func (f *finder) registered(h *holder) (token.Pos, string) {
	if len(h.defs) == 0 && len(h.registrations) > 0 {
		return h.registrations[0].Pos(), "a series is registered by itself"
	}
	for _, d := range h.defs {
		if d.registered && len(h.registrations) > 0 {
			return h.registrations[0].Pos(), "promauto has registered it, and it is registered again"
		}
		if d.registered {
			continue
		}
		switch {
		case len(h.registrations) == 0:
			return d.call.Pos(), "it is not registered by prometheus.MustRegister in this package"
		case len(h.registrations) > 1 || len(h.defs) > 1:
			return h.registrations[1%len(h.registrations)].Pos(), "it is made or registered in several places"
		case !f.atStart(h, h.registrations[0]) && !f.nextTo(d.call, h.registrations[0]):
			return h.registrations[0].Pos(), "whether it is registered depends on how the program goes on"
		}
	}
	return token.NoPos, ""
}

// atStart reports whether a package variable is registered by a statement of init or main.
func (f *finder) atStart(h *holder, call *ast.CallExpr) bool {
	if h.obj.Parent() != f.types.Scope() || f.definedInFunction(h) || f.inTest(call.Pos()) != f.inTest(h.obj.Pos()) {
		return false
	}
	stmt, block := f.statement(call)
	if block == nil {
		return false
	}
	decl, ok := f.parent[block].(*ast.FuncDecl)
	if !ok || decl.Recv != nil {
		return false
	}
	if decl.Name.Name == "init" {
		return straight(block.List[:slices.Index(block.List, stmt)])
	}
	return decl.Name.Name == "main" && f.types.Name() == "main" &&
		straight(block.List[:slices.Index(block.List, stmt)])
}

// definedInFunction reports whether a holder gets its metric inside a function.
func (f *finder) definedInFunction(h *holder) bool {
	for _, d := range h.defs {
		for n := f.parent[d.call]; n != nil; n = f.parent[n] {
			switch n.(type) {
			case *ast.FuncDecl, *ast.FuncLit:
				return true
			}
		}
	}
	return false
}

// nextTo reports whether a metric is registered by a later statement of the block that makes it,
// and nothing in between leaves the block.
func (f *finder) nextTo(made, registered *ast.CallExpr) bool {
	from, block := f.statement(made)
	to, other := f.statement(registered)
	if block == nil || block != other {
		return false
	}
	i, j := slices.Index(block.List, from), slices.Index(block.List, to)
	return i < j && straight(block.List[i:j])
}

// statement returns the statement of a block that has the call as a part which always runs, and the
// block.
func (f *finder) statement(call *ast.CallExpr) (ast.Stmt, *ast.BlockStmt) {
	for n := ast.Node(call); n != nil; n = f.parent[n] {
		stmt, ok := n.(ast.Stmt)
		if !ok {
			if _, ok := n.(*ast.FuncLit); ok {
				return nil, nil
			}
			continue
		}
		block, ok := f.parent[n].(*ast.BlockStmt)
		if !ok {
			return nil, nil
		}
		switch stmt.(type) {
		case *ast.ExprStmt, *ast.AssignStmt, *ast.DeclStmt:
			return stmt, block
		}
		return nil, nil
	}
	return nil, nil
}

// straight reports whether statements run one after the other, as assignments, declarations and
// calls do.
func straight(stmts []ast.Stmt) bool {
	for _, s := range stmts {
		switch s.(type) {
		case *ast.ExprStmt, *ast.AssignStmt, *ast.DeclStmt, *ast.IncDecStmt:
		case *ast.DeferStmt, *ast.GoStmt, *ast.EmptyStmt:
		default:
			return false
		}
	}
	return true
}
