// SPDX-License-Identifier: Apache-2.0

package native

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"math"
)

// holds reports whether a check holds for an expression whatever the program does. It knows
// constants, conversions of integers, lengths, durations in seconds, sums, products and quotients
// of these, and variables that are assigned once.
func (p *pkg) holds(c check, e ast.Expr) bool {
	switch c {
	case notNegative:
		return p.notNegative(e, 0) && p.notNaN(e, 0)
	case notNaN:
		return p.notNaN(e, 0)
	}
	return true
}

// deep is how many variables and operators a proof goes through. So an expression has at most 16
// operands, and the product of 16 integers or constants up to largest is a finite float64.
const (
	deep     = 4
	largest  = 1e18
	smallest = 1e-9 // of a divisor
)

func (p *pkg) notNegative(e ast.Expr, depth int) bool {
	e = ast.Unparen(e)
	tv := p.info.Types[e]
	if depth > deep {
		return false
	}
	if tv.Value != nil {
		return constant.Sign(constant.ToFloat(tv.Value)) >= 0
	}
	if b, ok := tv.Type.Underlying().(*types.Basic); ok && b.Info()&types.IsUnsigned != 0 {
		return true
	}
	switch e := e.(type) {
	case *ast.BinaryExpr:
		switch e.Op {
		case token.ADD, token.MUL:
			// The sum or product of two integers may wrap around.
			b, ok := tv.Type.Underlying().(*types.Basic)
			return ok && b.Info()&types.IsFloat != 0 && p.notNegative(e.X, depth+1) && p.notNegative(e.Y, depth+1)
		case token.QUO:
			return p.notNegative(e.X, depth+1) && p.notNegative(e.Y, depth+1)
		}
	case *ast.CallExpr:
		if p.isBuiltin(e, "len") || p.isBuiltin(e, "cap") {
			return true
		}
		if arg, from := p.conversion(e); arg != nil {
			to := tv.Type.Underlying().(*types.Basic)
			return keepsSign(from, to) && p.notNegative(arg, depth+1)
		}
	case *ast.Ident:
		if value := p.only(e); value != nil {
			return p.notNegative(value, depth+1)
		}
	}
	return false
}

// keepsSign reports whether a conversion of a number that is not negative cannot make it negative.
func keepsSign(from, to *types.Basic) bool {
	switch {
	case to.Info()&types.IsFloat != 0, from.Kind() == to.Kind():
		return true
	case to.Kind() == types.Int64:
		return from.Info()&types.IsInteger != 0 && from.Info()&types.IsUnsigned == 0
	}
	return false
}

func (p *pkg) notNaN(e ast.Expr, depth int) bool {
	e = ast.Unparen(e)
	tv := p.info.Types[e]
	if depth > deep {
		return false
	}
	if tv.Value != nil {
		return depth == 0 || p.within(tv.Value, 0, largest)
	}
	if b, ok := tv.Type.Underlying().(*types.Basic); ok && b.Info()&types.IsInteger != 0 {
		return true
	}
	switch e := e.(type) {
	case *ast.UnaryExpr:
		return e.Op == token.SUB && p.notNaN(e.X, depth+1)
	case *ast.BinaryExpr:
		// Finite operands make no NaN, and so few of them make no infinity: see deep.
		if e.Op == token.QUO {
			divisor := p.info.Types[ast.Unparen(e.Y)].Value
			return divisor != nil && p.within(divisor, smallest, largest) && p.notNaN(e.X, depth+1)
		}
		return (e.Op == token.ADD || e.Op == token.SUB || e.Op == token.MUL) &&
			p.notNaN(e.X, depth+1) && p.notNaN(e.Y, depth+1)
	case *ast.CallExpr:
		if arg, _ := p.conversion(e); arg != nil {
			return p.notNaN(arg, depth+1)
		}
		return p.isSeconds(e)
	case *ast.Ident:
		if value := p.only(e); value != nil {
			return p.notNaN(value, depth+1)
		}
	}
	return false
}

// within reports whether a constant is in this range, its sign aside.
func (p *pkg) within(v constant.Value, low, high float64) bool {
	f, _ := constant.Float64Val(constant.ToFloat(v))
	return low <= math.Abs(f) && math.Abs(f) <= high
}

func (p *pkg) isBuiltin(call *ast.CallExpr, name string) bool {
	id, ok := ast.Unparen(call.Fun).(*ast.Ident)
	if !ok {
		return false
	}
	b, ok := p.info.Uses[id].(*types.Builtin)
	return ok && b.Name() == name
}

// conversion returns the argument of a conversion between numbers, and its type.
func (p *pkg) conversion(call *ast.CallExpr) (ast.Expr, *types.Basic) {
	if len(call.Args) != 1 || !p.info.Types[call.Fun].IsType() {
		return nil, nil
	}
	from, ok := p.info.Types[call.Args[0]].Type.Underlying().(*types.Basic)
	to, ok2 := p.info.Types[call].Type.Underlying().(*types.Basic)
	if !ok || !ok2 || from.Info()&types.IsNumeric == 0 || to.Info()&types.IsNumeric == 0 {
		return nil, nil
	}
	return call.Args[0], from
}

// isSeconds reports whether a call is one of time.Duration's methods Seconds, Minutes and Hours.
func (p *pkg) isSeconds(call *ast.CallExpr) bool {
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !ok {
		return false
	}
	f, ok := p.info.Uses[sel.Sel].(*types.Func)
	if !ok || f.Pkg() == nil || f.Pkg().Path() != "time" || f.Signature().Recv() == nil {
		return false
	}
	named, ok := types.Unalias(f.Signature().Recv().Type()).(*types.Named)
	if !ok || named.Obj().Name() != "Duration" {
		return false
	}
	return f.Name() == "Seconds" || f.Name() == "Minutes" || f.Name() == "Hours"
}

// only returns the value of a local variable that is assigned once, by its definition, and whose
// address is not taken.
func (p *pkg) only(id *ast.Ident) ast.Expr {
	v, ok := p.info.Uses[id].(*types.Var)
	if !ok || v.IsField() || v.Parent() == p.types.Scope() {
		return nil
	}
	var value ast.Expr
	for _, ref := range p.refs[v] {
		switch parent := p.parent[ref].(type) {
		case *ast.AssignStmt:
			at := indexOf(parent.Lhs, ref)
			if at < 0 {
				continue
			}
			if parent.Tok != token.DEFINE || value != nil || len(parent.Lhs) != len(parent.Rhs) {
				return nil
			}
			value = parent.Rhs[at]
		case *ast.ValueSpec:
			at := indexOf(parent.Names, ref)
			if at < 0 {
				continue
			}
			if value != nil || len(parent.Names) != len(parent.Values) {
				return nil
			}
			value = parent.Values[at]
		case *ast.UnaryExpr:
			if parent.Op == token.AND {
				return nil
			}
		case *ast.IncDecStmt, *ast.RangeStmt:
			return nil
		}
	}
	return value
}

// indexOf returns the place of an identifier in a list, or -1.
func indexOf[E ast.Expr](list []E, id *ast.Ident) int {
	for i, e := range list {
		if ast.Node(e) == ast.Node(id) {
			return i
		}
	}
	return -1
}
