// SPDX-License-Identifier: Apache-2.0

package native

import (
	"go/ast"
	"slices"
	"strings"
)

// otherName returns the name of a metric that a call makes which is no constructor of engine's
// kinds: a metric of a function, or a descriptor. Such metrics stay, so no other of the name moves.
func (f *finder) otherName(call *ast.CallExpr) string {
	path, name := callee(f.info, call)
	if path != prometheusPath && path != promautoPath || len(call.Args) == 0 {
		return ""
	}
	switch {
	case strings.HasSuffix(name, "Func"):
		lit, ok := ast.Unparen(call.Args[0]).(*ast.CompositeLit)
		if !ok {
			return ""
		}
		var parts [3]string
		for _, e := range lit.Elts {
			kv, ok := e.(*ast.KeyValueExpr)
			if !ok {
				return ""
			}
			at := slices.Index([]string{"Namespace", "Subsystem", "Name"}, kv.Key.(*ast.Ident).Name)
			if at >= 0 {
				parts[at], _ = f.constantString(kv.Value)
			}
		}
		return join(parts[:])
	case name == "NewDesc":
		if s, ok := f.constantString(call.Args[0]); ok {
			return s
		}
		build, ok := ast.Unparen(call.Args[0]).(*ast.CallExpr)
		if !ok {
			return ""
		}
		if path, name := callee(f.info, build); path != prometheusPath || name != "BuildFQName" {
			return ""
		}
		var parts []string
		for _, arg := range build.Args {
			s, _ := f.constantString(arg)
			parts = append(parts, s)
		}
		return join(parts)
	}
	return ""
}

// join joins the parts of a name that are not empty.
func join(parts []string) string {
	return strings.Join(slices.DeleteFunc(slices.Clone(parts), func(s string) bool { return s == "" }), "_")
}
