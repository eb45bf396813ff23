// SPDX-License-Identifier: Apache-2.0

package native

import (
	"go/ast"
	"go/constant"
	"maps"
	"slices"
)

// constantString returns the value of an expression that is a constant string.
func (p *pkg) constantString(e ast.Expr) (string, bool) {
	v := p.info.Types[e].Value
	if v == nil || v.Kind() != constant.String {
		return "", false
	}
	return constant.StringVal(v), true
}

// constantStrings returns the text and the elements of a literal such as []string{"a", "b"}.
func (p *pkg) constantStrings(e ast.Expr) (text string, elements []string, ok bool) {
	lit, ok := ast.Unparen(e).(*ast.CompositeLit)
	if !ok {
		return "", nil, false
	}
	for _, e := range lit.Elts {
		s, ok := p.constantString(e)
		if !ok {
			return "", nil, false
		}
		elements = append(elements, s)
	}
	return p.text(lit), elements, true
}

// constantMap returns the elements of a literal such as prometheus.Labels{"a": "b"}.
func (p *pkg) constantMap(e ast.Expr) (map[string]string, bool) {
	lit, ok := e.(*ast.CompositeLit)
	if !ok {
		return nil, false
	}
	elements := make(map[string]string)
	for _, e := range lit.Elts {
		kv, ok := e.(*ast.KeyValueExpr)
		if !ok {
			return nil, false
		}
		key, ok := p.constantString(kv.Key)
		value, ok2 := p.constantString(kv.Value)
		if !ok || !ok2 {
			return nil, false
		}
		elements[key] = value
	}
	return elements, true
}

// constantNumbers returns the elements of a literal such as map[float64]float64{0.5: 0.05}, or nil.
func (p *pkg) constantNumbers(lit *ast.CompositeLit) map[float64]float64 {
	elements := make(map[float64]float64)
	for _, e := range lit.Elts {
		kv, ok := e.(*ast.KeyValueExpr)
		if !ok {
			return nil
		}
		key, ok := p.constantNumber(kv.Key)
		value, ok2 := p.constantNumber(kv.Value)
		if !ok || !ok2 {
			return nil
		}
		elements[key] = value
	}
	return elements
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
