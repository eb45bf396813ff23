// SPDX-License-Identifier: Apache-2.0

package house

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"path"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// decidesByKind are the functions outside package encode that look at the kind of a metric to
// decide what to do, each with its reason.
var decidesByKind = map[string]string{
	"engine/metrictest/lint.go: labelsInUse":   "it reads a page, whose types are words",
	"engine/metrictest/read.go: why":           "it reads a page, whose types are words",
	"internal/textpage/page.go: Belongs":       "it reads a page, whose types are words",
	"export/live/recorder.go: hasObservations": "what the page shows of a type",
	"export/live/recorder.go: isRate":          "what the page shows of a type",
	"export/otlp/message.go: formOf":           "the data of types in OTLP",
	"export/otlp/message.go: typeOf":           "the word of OpenTelemetry for one type",
	"export/remote/batch.go: typeOf":           "the numbers of types in the protocols",
	"engine/state.go: String":                  "the words of a form for texts",
	"engine/state.go: method":                  "the method of Emission of a form, for texts",
	"engine/source_buffer.go: checkPoint":      "a call of a function of the kind would move every Point to the heap",
	"engine/timer.go: isNil":                   "a program may pass a nil Histogram or Summary as an Observer",
	"engine/timer.go: isMade":                  "a program may pass a zero Histogram or Summary as an Observer",

	"internal/conventions/conventions.go: Breaches":       "the conventions for types, whose names are words",
	"internal/conventions/conventions.go: suffixBreaches": "the conventions for types, whose names are words",

	"metricdoc/kind.go: kindOf":    "the kinds of the package, each of which has its panels and its checks",
	"metricdoc/metrics.go: typeOf": "a search for the word of a type",
}

// TestKindsOfMetricsDecideForThemselves wants no switch on a kind outside package encode, no
// comparison with a certain kind or with its name, and no table of them, where a kind is an
// encode.Type, or in engine a *kind or a form. It wants no question whether a value is a Counter, a
// Gauge, a Histogram or a Summary either. The code that only one kind of metric needs stands in the
// file of that kind.
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

// kindDecisions returns the switches on a kind, the comparisons with a certain one, the expressions
// that are indexed by one, and the questions whether a value is a metric of one kind.
func kindDecisions(info *types.Info, n ast.Node) []token.Pos {
	var list []token.Pos
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BinaryExpr:
			if isKind(info, n.X) && isCertain(info, n.X) || isKind(info, n.Y) && isCertain(info, n.Y) ||
				isWord(info, n.X) || isWord(info, n.Y) {
				list = append(list, n.Pos())
			}
		case *ast.CaseClause:
			if slices.ContainsFunc(n.List, func(e ast.Expr) bool { return isWord(info, e) }) {
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
		case *ast.TypeSwitchStmt:
			if slices.ContainsFunc(n.Body.List, func(clause ast.Stmt) bool {
				return slices.ContainsFunc(clause.(*ast.CaseClause).List, func(e ast.Expr) bool {
					return isMetric(info, e)
				})
			}) {
				list = append(list, n.Pos())
			}
		case *ast.TypeAssertExpr:
			if n.Type != nil && isMetric(info, n.Type) {
				list = append(list, n.Pos())
			}
		}
		return true
	})
	return list
}

// isKind reports whether an expression is a value that says of which kind a metric is.
func isKind(info *types.Info, e ast.Expr) bool {
	if !info.Types[e].IsValue() {
		return false
	}
	switch nameOf(info.TypeOf(e)) {
	case "encode.Type", "engine.kind", "engine.form":
		return true
	}
	return false
}

// isWord reports whether an expression is the name of a type of metrics, as text.
func isWord(info *types.Info, e ast.Expr) bool {
	value := info.Types[e].Value
	if value == nil || value.Kind() != constant.String {
		return false
	}
	switch constant.StringVal(value) {
	case "counter", "gauge", "histogram", "summary", "untyped", "stateset":
		return true
	}
	return false
}

// isMetric reports whether an expression is the type of a metric of one kind.
func isMetric(info *types.Info, e ast.Expr) bool {
	switch nameOf(info.TypeOf(e)) {
	case "engine.Counter", "engine.Gauge", "engine.Histogram", "engine.Summary",
		"engine.CounterVec", "engine.GaugeVec", "engine.HistogramVec", "engine.SummaryVec",
		"engine.CounterFunc", "engine.GaugeFunc":
		return true
	}
	return false
}

// nameOf returns the name of a type or of that which it points to, with the directory of its
// package.
func nameOf(t types.Type) string {
	if p, ok := t.(*types.Pointer); ok {
		t = p.Elem()
	}
	named, ok := t.(*types.Named)
	if !ok {
		return ""
	}
	return dirOf(named.Obj().Pkg()) + "." + named.Obj().Name()
}

// isCertain reports whether an expression is a constant or the address of a variable, and so one
// certain kind.
func isCertain(info *types.Info, e ast.Expr) bool {
	address, ok := e.(*ast.UnaryExpr)
	return info.Types[e].Value != nil || ok && address.Op == token.AND
}
