// SPDX-License-Identifier: Apache-2.0

package native

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
)

// countsValues returns a check that a lookup gives as many values as there are labels.
func (f *finder) countsValues(call *ast.CallExpr) func([]string) (token.Pos, string) {
	return func(labels []string) (token.Pos, string) {
		if call.Ellipsis.IsValid() {
			return call.Ellipsis, "a lookup gets its values from a slice"
		}
		if len(call.Args) == 1 && len(labels) > 1 {
			return call.Pos(), "a lookup gets its values from a call with several results"
		}
		if len(call.Args) != len(labels) {
			return call.Pos(), fmt.Sprintf("a lookup has %d values for %d labels", len(call.Args), len(labels))
		}
		return token.NoPos, ""
	}
}

// literalLabels returns a check that a lookup by a map has a literal with exactly the labels. It
// calls done with the edits that make positional values of it. If that would change the order in
// which the values are computed, the map stays a map, and whole is true.
func (f *finder) literalLabels(call *ast.CallExpr, done func(edits []edit, whole bool),
) func([]string) (token.Pos, string) {
	return func(labels []string) (token.Pos, string) {
		lit, ok := ast.Unparen(call.Args[0]).(*ast.CompositeLit)
		if !ok {
			return call.Pos(), "With gets labels that are no literal"
		}
		values := make(map[string]ast.Expr)
		var order []string
		for _, e := range lit.Elts {
			kv := e.(*ast.KeyValueExpr)
			key, ok := f.constantString(kv.Key)
			if !ok {
				return kv.Pos(), "With gets labels whose names are no constants"
			}
			values[key] = kv.Value
			order = append(order, key)
		}
		if len(order) != len(labels) || !sameElements(order, labels) {
			return lit.Pos(), fmt.Sprintf("With gets the labels %q, and the metric has %q", order, labels)
		}
		switch {
		case f.hasComment(lit.Lbrace, lit.Rbrace):
			done([]edit{f.labelsType(lit)}, true)
		case slices.Equal(order, labels):
			done(f.dropKeys(lit), false)
		case f.allPlain(values):
			text := ""
			for i, label := range labels {
				if i > 0 {
					text += ", "
				}
				text += f.text(values[label])
			}
			done([]edit{{call.Lparen + 1, call.Rparen, text, nil}}, false)
		default:
			done([]edit{f.labelsType(lit)}, true)
		}
		return token.NoPos, ""
	}
}

// labelsType changes the type of a literal to engine.Labels.
func (f *finder) labelsType(lit *ast.CompositeLit) edit {
	return edit{lit.Type.Pos(), lit.Type.End(), f.name(lit.Pos(), enginePath) + ".Labels", []string{enginePath}}
}

// dropKeys leaves only the values of a literal.
func (f *finder) dropKeys(lit *ast.CompositeLit) (edits []edit) {
	call := f.parent[lit]
	from, text := lit.Pos(), ""
	if outer, ok := call.(*ast.CallExpr); ok {
		from = outer.Lparen + 1
	}
	for _, e := range lit.Elts {
		value := e.(*ast.KeyValueExpr).Value
		edits = append(edits, edit{from, value.Pos(), text, nil})
		from, text = value.End(), ", "
	}
	end := lit.End()
	if outer, ok := call.(*ast.CallExpr); ok {
		end = outer.Rparen
	}
	return append(edits, edit{from: from, to: end})
}

// allPlain reports whether values are constants and variables, which may be read in any order.
func (f *finder) allPlain(values map[string]ast.Expr) bool {
	for _, v := range values {
		v = ast.Unparen(v)
		if f.info.Types[v].Value != nil {
			continue
		}
		if _, ok := v.(*ast.Ident); !ok {
			return false
		}
	}
	return true
}

func sameElements(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}
