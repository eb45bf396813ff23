// SPDX-License-Identifier: Apache-2.0

package house

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"path"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// decidesByKind are the functions outside package encode that look at the kind of a metric to
// decide what to do, each with its reason.
var decidesByKind = map[string]string{}

// TestKindsOfMetricsDecideForThemselves wants no switch on an encode.Type outside package encode,
// no comparison with one of its constants, and no table of them. What only one kind of metric does
// stands in the file of that kind.
func TestKindsOfMetricsDecideForThemselves(t *testing.T) {
	p := loadProgram(t)
	found := map[string]bool{}
	inEncode := 0
	for _, l := range p.packages {
		c := p.source(t, l)
		for _, f := range c.files {
			file := path.Join(l.dir(), filepath.Base(p.fset.Position(f.Package).Filename))
			for _, decl := range f.Decls {
				name := ""
				if fn, ok := decl.(*ast.FuncDecl); ok {
					name = fn.Name.Name
				}
				for _, pos := range kindDecisions(&c.info, decl) {
					if l.dir() == "encode" {
						inEncode++
						continue
					}
					where := fmt.Sprintf("%s: %s", file, name)
					found[where] = true
					if _, ok := decidesByKind[where]; !ok {
						t.Errorf("%s, line %d looks at the kind of a metric", where, p.fset.Position(pos).Line)
					}
				}
			}
		}
	}
	for where := range decidesByKind {
		require.True(t, found[where], "%s does not look at the kind of a metric: it is no exception", where)
	}
	require.Greater(t, inEncode, 3, "this test must see the switches of encode")
}

// kindDecisions returns the switches on an encode.Type, the comparisons with one of its constants,
// and what is indexed by it.
func kindDecisions(info *types.Info, n ast.Node) []token.Pos {
	var list []token.Pos
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BinaryExpr:
			if isKind(info, n.X) && isConstant(info, n.X) || isKind(info, n.Y) && isConstant(info, n.Y) {
				list = append(list, n.Pos())
			}
		case *ast.SwitchStmt:
			if n.Tag != nil && isKind(info, n.Tag) {
				list = append(list, n.Pos())
			}
		case *ast.IndexExpr:
			if isKind(info, n.Index) {
				list = append(list, n.Pos())
			}
		}
		return true
	})
	return list
}

// isKind reports whether an expression is a value of type encode.Type.
func isKind(info *types.Info, e ast.Expr) bool {
	named, ok := info.TypeOf(e).(*types.Named)
	return ok && dirOf(named.Obj().Pkg()) == "encode" && named.Obj().Name() == "Type" && info.Types[e].IsValue()
}

func isConstant(info *types.Info, e ast.Expr) bool { return info.Types[e].Value != nil }
