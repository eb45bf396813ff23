// SPDX-License-Identifier: Apache-2.0

package native

import (
	"go/ast"
	"go/types"
	"strings"
)

// Import paths.
const (
	quipuPath      = "github.com/quipu-metrics/quipu/"
	enginePath     = quipuPath + "engine"
	exportPath     = quipuPath + "export"
	encodePath     = quipuPath + "encode"
	contribPath    = quipuPath + "contrib/clientgolang/"
	bridgePath     = contribPath + "bridge"
	prometheusPath = contribPath + "prometheus"
	promautoPath   = contribPath + "promauto"
	promhttpPath   = contribPath + "promhttp"
	testutilPath   = contribPath + "testutil"

	// clientPath is where the interfaces are declared that package prometheus has as aliases.
	clientPath = "github.com/prometheus/client_golang/prometheus"
)

// kind is the kind of a metric: Counter, Gauge, Histogram or Summary.
type kind string

const (
	counter   kind = "Counter"
	gauge     kind = "Gauge"
	histogram kind = "Histogram"
	summary   kind = "Summary"
)

// check says what must be proved of a method's argument.
type check int

const (
	nothing check = iota
	notNegative
	notNaN
)

// methods maps the methods of a kind that engine has under the same name to what must be proved.
func (k kind) methods() map[string]check {
	switch k {
	case counter:
		return map[string]check{"Inc": nothing, "Add": notNegative}
	case gauge:
		return map[string]check{"Set": nothing, "Inc": nothing, "Dec": nothing, "SetToCurrentTime": nothing,
			"Add": notNaN, "Sub": notNaN}
	default:
		return map[string]check{"Observe": notNaN}
	}
}

// observes reports whether metrics of the kind take observations.
func (k kind) observes() bool { return k == histogram || k == summary }

// shape is a kind of metric, or a Vec of them.
type shape struct {
	kind kind
	vec  bool
}

// name is the name of the shape's type.
func (s shape) name() string {
	if s.vec {
		return string(s.kind) + "Vec"
	}
	return string(s.kind)
}

// constructed returns the shape that a constructor of the name makes, such as NewCounterVec.
func constructed(name string) (shape, bool) {
	rest, ok := strings.CutPrefix(name, "New")
	rest, vec := strings.CutSuffix(rest, "Vec")
	k := kind(rest)
	return shape{k, vec}, ok && (k == counter || k == gauge || k == histogram || k == summary)
}

// callee returns the package's path and the name of a called function, if the call names a function
// of a package.
func callee(info *types.Info, call *ast.CallExpr) (path, name string) {
	return named(info, call.Fun)
}

// named returns the package's path and the name of what an expression such as prometheus.NewCounter
// names, also under a dot import.
func named(info *types.Info, e ast.Expr) (path, name string) {
	var id *ast.Ident
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		id = e
	case *ast.SelectorExpr:
		x, ok := e.X.(*ast.Ident)
		if !ok {
			return "", ""
		}
		if _, ok := info.Uses[x].(*types.PkgName); !ok {
			return "", ""
		}
		id = e.Sel
	default:
		return "", ""
	}
	obj := info.Uses[id]
	if obj == nil || obj.Pkg() == nil || obj.Parent() != obj.Pkg().Scope() {
		return "", ""
	}
	return obj.Pkg().Path(), obj.Name()
}

// is reports whether an expression names something of a package.
func is(info *types.Info, e ast.Expr, path, name string) bool {
	p, n := named(info, e)
	return p == path && n == name
}
