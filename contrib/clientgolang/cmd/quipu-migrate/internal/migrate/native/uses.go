// SPDX-License-Identifier: Apache-2.0

package native

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// use looks at one mention of a holder's variable.
func (f *finder) use(h *holder, ref *ast.Ident) {
	e := ast.Expr(ref)
	if sel, ok := f.parent[ref].(*ast.SelectorExpr); ok && sel.Sel == ref {
		e = sel
	}
	parent, child := f.up(e)
	switch parent := parent.(type) {
	case *ast.ValueSpec:
		if at := indexOf(parent.Names, ref); at >= 0 {
			f.declared(h, parent.Type, parent.Names)
			if len(parent.Values) > 0 {
				f.assigned(h, ref.Pos(), valueAt(parent.Values, at, len(parent.Names)))
			}
			return
		}
	case *ast.Field:
		if f.info.Defs[ref] == h.obj {
			if !h.obj.IsField() {
				h.block(ref.Pos(), "it is a parameter or a result of a function")
				return
			}
			if f.inGeneric(parent) {
				h.block(ref.Pos(), "it is kept in a generic type")
			}
			f.declared(h, parent.Type, parent.Names)
			return
		}
	case *ast.AssignStmt:
		for at, left := range parent.Lhs {
			if left == child {
				if parent.Tok != token.ASSIGN && parent.Tok != token.DEFINE {
					break
				}
				f.assigned(h, ref.Pos(), valueAt(parent.Rhs, at, len(parent.Lhs)))
				return
			}
		}
	case *ast.KeyValueExpr:
		if parent.Key == ast.Expr(ref) && h.obj.IsField() {
			f.assigned(h, ref.Pos(), parent.Value)
			return
		}
	}
	f.used(h, child, parent, ref.Pos())
}

// inGeneric reports whether a field belongs to a type with parameters, whose instances have fields
// of their own.
func (f *finder) inGeneric(field *ast.Field) bool {
	for n := f.parent[field]; n != nil; n = f.parent[n] {
		if spec, ok := n.(*ast.TypeSpec); ok {
			return spec.TypeParams != nil
		}
	}
	return false
}

func valueAt(values []ast.Expr, at, of int) ast.Expr {
	if len(values) != of {
		return nil // a call with several results
	}
	return values[at]
}

// declared notes the type in a declaration, which changes for all names that it declares.
func (f *finder) declared(h *holder, typ ast.Expr, names []*ast.Ident) {
	if typ == nil {
		return
	}
	if _, ok := f.shapeOf(f.info.Types[typ].Type); !ok {
		h.block(typ.Pos(), "it is declared with a type that is no metric's, such as prometheus.Observer")
		return
	}
	for _, name := range names {
		obj, ok := f.info.Defs[name].(*types.Var)
		if !ok {
			h.block(name.Pos(), "it shares a declaration with the blank identifier")
			return
		}
		if obj != h.obj {
			link(h, f.holder(obj, h.shape))
		}
	}
	h.spans = append(h.spans, spanOf(typ))
	text := "*" + f.name(typ.Pos(), enginePath) + "." + h.shape.name()
	h.edits = append(h.edits, edit{typ.Pos(), typ.End(), text, []string{enginePath}})
}

// assigned looks at a value that is assigned to a holder.
func (f *finder) assigned(h *holder, at token.Pos, value ast.Expr) {
	if value == nil {
		h.block(at, "it is assigned by a call with several results")
		return
	}
	value = ast.Unparen(value)
	if f.info.Types[value].IsNil() {
		return
	}
	if v := f.variable(value); v != nil {
		if s, ok := f.shapeOf(v.Type()); ok && s == h.shape {
			from := f.holder(v, s)
			h.from = append(h.from, from)
			link(h, from)
			return
		}
	}
	call, ok := value.(*ast.CallExpr)
	if !ok {
		h.block(at, "it is assigned from something that is no constructor and no lookup")
		return
	}
	if d := f.definitions[call]; d != nil {
		d.holder = h
		if d.shape != h.shape {
			h.block(at, "the variable holds several kinds of metrics")
		}
		h.defs = append(h.defs, d)
		return
	}
	if vec := f.lookup(call); vec != nil {
		parent := f.holder(vec, f.vecShape(vec))
		if parent.shape.kind != h.shape.kind || h.shape.vec {
			h.block(at, "the variable holds several kinds of metrics")
		}
		link(h, parent)
		return
	}
	h.block(at, "it is assigned from something that is no constructor and no lookup")
}

// lookup returns the variable whose Vec a call looks up, or nil if the call is no lookup.
func (f *finder) lookup(call *ast.CallExpr) *types.Var {
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != "WithLabelValues" && sel.Sel.Name != "With" {
		return nil
	}
	v := f.variable(sel.X)
	if v == nil || !f.vecShape(v).vec {
		return nil
	}
	return v
}

// variable returns the variable or the field that an expression names, or nil.
func (f *finder) variable(e ast.Expr) *types.Var {
	var id *ast.Ident
	switch x := ast.Unparen(e).(type) {
	case *ast.Ident:
		id = x
	case *ast.SelectorExpr:
		id = x.Sel
	}
	if id == nil {
		return nil
	}
	v, _ := f.info.Uses[id].(*types.Var)
	return v
}

func (f *finder) vecShape(v *types.Var) shape {
	s, _ := f.shapeOf(v.Type())
	return s
}

// used looks at an expression that is a metric, a Vec or a series, in its context.
func (f *finder) used(h *holder, e ast.Expr, parent ast.Node, at token.Pos) {
	if left := f.kept(e, parent); left != nil {
		s := h.shape
		if _, isLookup := ast.Unparen(e).(*ast.CallExpr); isLookup {
			s.vec = false
		}
		f.keeps(h, ast.Unparen(left), s)
		return
	}
	switch parent := parent.(type) {
	case *ast.SelectorExpr:
		call, ok := f.parent[parent].(*ast.CallExpr)
		if !ok || ast.Node(call.Fun) != ast.Node(parent) {
			h.block(at, fmt.Sprintf("the method %s is used as a value", parent.Sel.Name))
			return
		}
		f.called(h, parent, call)
		return
	case *ast.BinaryExpr:
		nilOther := f.info.Types[parent.X].IsNil() || f.info.Types[parent.Y].IsNil()
		if nilOther && (parent.Op == token.EQL || parent.Op == token.NEQ) {
			return
		}
	case *ast.CallExpr:
		if f.passed(h, e, parent) {
			return
		}
		if _, name := callee(f.info, parent); name != "" {
			h.block(at, "it is passed to "+name)
			return
		}
		h.block(at, "it is passed to a function")
		return
	case *ast.ExprStmt:
		return // a lookup that only makes the series
	case *ast.ReturnStmt:
		h.block(at, "it is returned by a function")
		return
	}
	h.block(at, "it is copied or used as a value")
}

// passed looks at a call that has a metric among its arguments.
func (f *finder) passed(h *holder, e ast.Expr, call *ast.CallExpr) bool {
	path, name := callee(f.info, call)
	if path == testutilPath {
		h.spans = append(h.spans, spanOf(call.Fun))
	}
	switch {
	case path == testutilPath && name == "ToFloat64" && !h.shape.vec && !h.shape.kind.observes():
		h.edits = append(h.edits, edit{from: call.Pos(), to: e.Pos()}, edit{e.End(), call.End(), ".Value()", nil})
	case path == testutilPath && name == "ToFloat64" && h.shape.vec:
		series, ok := ast.Unparen(e).(*ast.CallExpr)
		if !ok || f.lookup(series) == nil || h.shape.kind.observes() {
			return false
		}
		h.edits = append(h.edits, edit{from: call.Pos(), to: e.Pos()}, edit{e.End(), call.End(), ".Value()", nil})
	case path == prometheusPath && name == "NewTimer" && h.shape.kind.observes() && !f.timersHaveExemplars:
		if series, ok := ast.Unparen(e).(*ast.CallExpr); h.shape.vec && (!ok || f.lookup(series) == nil) {
			return false
		}
	case f.isMustRegister(call):
		if _, ok := ast.Unparen(e).(*ast.CallExpr); ok {
			return false // a series
		}
		h.registrations = append(h.registrations, call)
	default:
		return false
	}
	return true
}

// called looks at a call of a method of a metric, a Vec or a series.
func (f *finder) called(h *holder, sel *ast.SelectorExpr, call *ast.CallExpr) {
	name := sel.Sel.Name
	h.spans = append(h.spans, spanOf(sel.Sel))
	series := !h.shape.vec
	if inner, ok := ast.Unparen(sel.X).(*ast.CallExpr); ok && f.lookup(inner) != nil {
		series = true
	}
	if !series {
		f.calledVec(h, sel, call)
		return
	}
	c, ok := h.shape.kind.methods()[name]
	if !ok {
		h.block(sel.Sel.Pos(), fmt.Sprintf("engine has no method like %s of %s", name, h.shape.kind))
		return
	}
	if len(call.Args) == 1 && !f.holds(c, call.Args[0]) {
		reason := name + " may get a negative number, at which client_golang panics and quipu does not"
		if c == notNaN {
			reason = name + " may get NaN, which client_golang adds and quipu does not"
		}
		h.block(call.Args[0].Pos(), reason)
	}
}

// calledVec looks at a call of a method of a Vec.
func (f *finder) calledVec(h *holder, sel *ast.SelectorExpr, call *ast.CallExpr) {
	switch sel.Sel.Name {
	case "WithLabelValues":
		h.edits = append(h.edits, edit{sel.Sel.Pos(), sel.Sel.End(), "With", nil})
		h.checks = append(h.checks, f.countsValues(call))
	case "DeleteLabelValues":
		h.edits = append(h.edits, edit{sel.Sel.Pos(), sel.Sel.End(), "Delete", nil})
		h.checks = append(h.checks, f.countsValues(call))
		return
	case "Reset":
		return
	case "With":
		if lit, ok := ast.Unparen(call.Args[0]).(*ast.CompositeLit); ok && lit.Type != nil {
			h.spans = append(h.spans, spanOf(lit.Type))
		}
		h.checks = append(h.checks, f.literalLabels(call, func(values []edit, whole bool) {
			h.edits = append(h.edits, values...)
			if whole {
				h.edits = append(h.edits, edit{sel.Sel.Pos(), sel.Sel.End(), "WithLabels", nil})
			}
		}))
	default:
		h.block(sel.Sel.Pos(), fmt.Sprintf("engine has no method like %s of %s", sel.Sel.Name, h.shape.name()))
		return
	}
	parent, child := f.up(call)
	f.used(h, child, parent, call.Pos())
}

// kept returns what an expression is assigned to.
func (f *finder) kept(e ast.Expr, parent ast.Node) ast.Expr {
	switch parent := parent.(type) {
	case *ast.AssignStmt:
		if i := slices.Index(parent.Rhs, e); i >= 0 && len(parent.Lhs) == len(parent.Rhs) {
			return parent.Lhs[i]
		}
	case *ast.ValueSpec:
		if i := slices.Index(parent.Values, e); i >= 0 && len(parent.Names) == len(parent.Values) {
			return parent.Names[i]
		}
	case *ast.KeyValueExpr:
		id, ok := parent.Key.(*ast.Ident)
		if !ok || parent.Value != e {
			return nil
		}
		if v, ok := f.info.Uses[id].(*types.Var); ok && v.IsField() {
			return id
		}
	}
	return nil
}

// keeps links a holder with the variable that keeps it too, or one of its series.
func (f *finder) keeps(h *holder, left ast.Expr, s shape) {
	if id, ok := left.(*ast.Ident); ok && id.Name == "_" {
		return
	}
	v := f.variable(left)
	if id, ok := left.(*ast.Ident); ok && v == nil {
		v, _ = f.info.Defs[id].(*types.Var)
	}
	if v == nil {
		h.block(left.Pos(), "it is kept in an element of a map or a slice")
		return
	}
	link(h, f.holder(v, s))
}
