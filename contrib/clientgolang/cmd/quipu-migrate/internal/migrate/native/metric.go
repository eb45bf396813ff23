// SPDX-License-Identifier: Apache-2.0

package native

import (
	"go/ast"
	"go/token"
	"go/types"
)

// holder is a variable or a field that holds metrics or their series. Holders are linked when one
// cannot move without the other: a Vec and the variables that keep its series, and variables that
// share a declaration of their type.
type holder struct {
	obj    *types.Var
	shape  shape
	linked []*holder
	defs   []*definition // by constructors
	from   []*holder     // others that are assigned to it
	reason string        // why it cannot move; empty if it can
	at     token.Pos     // of the reason

	edits         []edit
	checks        []func(labels []string) (token.Pos, string) // of lookups, once the labels are known
	registrations []*ast.CallExpr
	spans         []span // source that moves or stays with the holder
}

// span is a part of the source.
type span struct{ from, to token.Pos }

func spanOf(n ast.Node) span { return span{n.Pos(), n.End()} }

// definition is a call of a constructor.
type definition struct {
	call       *ast.CallExpr
	shape      shape
	registered bool // by promauto
	holder     *holder
	reason     string // why it cannot move; empty if it can
	name       string // in full
	help       string
	labels     []string
	constants  map[string]string
	buckets    []float64
	objectives map[float64]float64
	args       []string         // for the constructor of engine
	imports    []string         // that the arguments need
	comments   map[int][]string // that stand before the arguments
}

// block records the first reason why a holder cannot move.
func (h *holder) block(at token.Pos, reason string) {
	if h.reason == "" {
		h.reason, h.at = reason, at
	}
}

// link makes two holders move together.
func link(a, b *holder) {
	if a != b {
		a.linked = append(a.linked, b)
		b.linked = append(b.linked, a)
	}
}

// group returns the holders that move together with h.
func (h *holder) group() []*holder {
	seen := map[*holder]bool{h: true}
	list := []*holder{h}
	for i := 0; i < len(list); i++ {
		for _, other := range list[i].linked {
			if !seen[other] {
				seen[other] = true
				list = append(list, other)
			}
		}
	}
	return list
}

// holder returns the holder of a variable, and looks at all of its uses the first time.
func (f *finder) holder(obj *types.Var, s shape) *holder {
	if h := f.holders[obj]; h != nil {
		if h.shape != s {
			h.block(obj.Pos(), "the variable holds several kinds of metrics")
		}
		return h
	}
	h := &holder{obj: obj, shape: s}
	f.holders[obj] = h
	f.order = append(f.order, h)
	switch {
	case obj.Pkg() != f.types:
		h.block(obj.Pos(), "it is kept in a variable of another package")
		return h
	case obj.Exported() && (obj.IsField() || obj.Parent() == f.types.Scope()):
		h.block(obj.Pos(), "it is kept in an exported variable or field")
	case obj.Embedded():
		h.block(obj.Pos(), "it is embedded in a struct")
	case obj.Origin() != obj:
		h.block(obj.Pos(), "it is kept in a generic type")
	}
	declared := false
	for _, ref := range f.refs[obj] {
		declared = declared || f.info.Defs[ref] == obj
		f.use(h, ref)
	}
	if !declared {
		h.block(obj.Pos(), "its declaration is not in this package's source")
	}
	if obj.IsField() {
		f.checkLiterals(h)
	}
	return h
}

// checkLiterals blocks a field if a literal of its struct sets fields by position.
func (f *finder) checkLiterals(h *holder) {
	for n := range f.parent {
		lit, ok := n.(*ast.CompositeLit)
		if !ok || len(lit.Elts) == 0 {
			continue
		}
		if _, keyed := lit.Elts[0].(*ast.KeyValueExpr); keyed {
			continue
		}
		t := f.info.Types[lit].Type
		if ptr, ok := types.Unalias(t).(*types.Pointer); ok {
			t = ptr.Elem()
		}
		s, ok := t.Underlying().(*types.Struct)
		if !ok {
			continue
		}
		for field := range s.Fields() {
			if field == h.obj {
				h.block(lit.Pos(), "a literal sets the field by position")
			}
		}
	}
}
