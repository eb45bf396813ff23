// SPDX-License-Identifier: Apache-2.0

package native

import (
	"go/ast"
	"go/token"
	"go/types"
	"path"
	"slices"
	"strconv"

	"github.com/quipu-metrics/quipu/engine"
)

// finder finds the metrics of a package and what happens to them.
type finder struct {
	*pkg
	config              Config
	definitions         map[*ast.CallExpr]*definition
	made                []*definition // the same, in the order of the source
	holders             map[*types.Var]*holder
	order               []*holder       // the same, in the order in which they were found
	calls               []*ast.CallExpr // of MustRegister
	others              []string        // names of metrics that no constructor of engine's kinds makes
	timersHaveExemplars bool            // somewhere in the package
}

// find looks at all constructors, and from these at all variables and their uses.
func (f *finder) find() {
	for _, file := range f.pass.Files {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if d := f.define(n); d != nil {
					f.definitions[n] = d
					f.made = append(f.made, d)
				}
				if name := f.otherName(n); name != "" {
					f.others = append(f.others, name)
				}
				if f.isMustRegister(n) {
					f.calls = append(f.calls, n)
				}
			case *ast.SelectorExpr:
				f.timersHaveExemplars = f.timersHaveExemplars || n.Sel.Name == "ObserveDurationWithExemplar"
			}
			return true
		})
	}
	for _, d := range f.made {
		if v := f.target(d.call); v != nil {
			f.holder(v, d.shape)
		}
	}
	for _, h := range f.order {
		f.decide(h)
	}
	for _, h := range f.order {
		f.spread(h)
	}
	for _, h := range f.order {
		if h.reason == "" {
			f.enter(h)
		}
	}
}

// target returns the variable that the result of a constructor is assigned to.
func (f *finder) target(call *ast.CallExpr) *types.Var {
	var left ast.Expr
	switch parent, child := f.up(call); parent := parent.(type) {
	case *ast.ValueSpec:
		if i := slices.Index(parent.Values, child); i >= 0 && len(parent.Names) == len(parent.Values) {
			left = parent.Names[i]
		}
	case *ast.AssignStmt:
		if i := slices.Index(parent.Rhs, child); i >= 0 && len(parent.Lhs) == len(parent.Rhs) {
			left = ast.Unparen(parent.Lhs[i])
		}
	case *ast.KeyValueExpr:
		left = parent.Key
	}
	if sel, ok := left.(*ast.SelectorExpr); ok {
		left = sel.Sel
	}
	id, ok := left.(*ast.Ident)
	if !ok {
		return nil
	}
	v, _ := f.info.ObjectOf(id).(*types.Var)
	if _, isKey := f.parent[id].(*ast.KeyValueExpr); isKey && v != nil && !v.IsField() {
		return nil // an element of a map
	}
	return v
}

// decide blocks a holder for what its metrics, their registration and its lookups lack.
func (f *finder) decide(h *holder) {
	for _, d := range h.defs {
		if d.reason != "" {
			h.block(d.call.Pos(), d.reason)
		}
	}
	if f.words[h.obj.Name()] {
		h.block(h.obj.Pos(), "its name occurs in a file that is not compiled on this system")
	}
	if f.cgo {
		h.block(h.obj.Pos(), "the package uses cgo, or has line directives")
	}
	if at, reason := f.registered(h); reason != "" {
		h.block(at, reason)
	}
	if h.shape.vec {
		f.checkLookups(h)
	}
	if f.config.Page != "" {
		h.block(h.obj.Pos(), f.config.Page)
	}
	for _, d := range h.defs {
		if f.config.Stays[d.name] || slices.Contains(f.others, d.name) {
			h.block(d.call.Pos(), "another metric of this name stays")
		}
	}
}

// checkLookups checks the lookups of a Vec, whose labels all its definitions must agree on.
func (f *finder) checkLookups(h *holder) {
	defs := h.origins(map[*holder]bool{})
	if len(defs) == 0 {
		h.block(h.obj.Pos(), "its constructor is not known")
		return
	}
	for _, d := range defs {
		if !slices.Equal(d.labels, defs[0].labels) {
			h.block(d.call.Pos(), "the variable holds Vecs with different labels")
			return
		}
	}
	for _, check := range h.checks {
		if h.reason != "" {
			return
		}
		if at, reason := check(defs[0].labels); reason != "" {
			h.block(at, reason)
		}
	}
}

// origins returns the definitions of a holder and of those that are assigned to it.
func (h *holder) origins(seen map[*holder]bool) []*definition {
	if seen[h] {
		return nil
	}
	seen[h] = true
	defs := slices.Clone(h.defs)
	for _, other := range h.from {
		defs = append(defs, other.origins(seen)...)
	}
	return defs
}

// spread blocks a holder if one of those that it is linked with is blocked.
func (f *finder) spread(h *holder) {
	for _, other := range h.group() {
		if other.reason != "" {
			h.block(other.at, other.reason)
		}
	}
}

// enter defines the metrics of a holder that moves in the registry of all metrics that move, which
// finds names that clash.
func (f *finder) enter(h *holder) {
	for _, d := range h.defs {
		if reason := d.check(f.config.registry()); reason != "" {
			for _, other := range h.group() {
				other.block(d.call.Pos(), reason)
			}
		}
	}
}

func (c *Config) registry() *engine.Registry {
	if c.Registry == nil {
		c.Registry = engine.NewRegistry()
	}
	return c.Registry
}

// name returns the name under which a file uses a package, which it may have to import.
func (f *finder) name(at token.Pos, imported string) string {
	file := f.file(at)
	base := path.Base(imported)
	taken := f.types.Scope().Lookup(base) != nil
	for _, spec := range file.Imports {
		from, _ := strconv.Unquote(spec.Path.Value)
		name := path.Base(from)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		if from == imported && name != "." && name != "_" {
			return name
		}
		taken = taken || name == base
	}
	for id, obj := range f.info.Defs {
		if id.Name == base && obj != nil && file.FileStart <= id.Pos() && id.Pos() < file.FileEnd {
			if v, ok := obj.(*types.Var); !ok || !v.IsField() {
				taken = true
			}
		}
	}
	if taken {
		return "quipu" + base
	}
	return base
}
