// SPDX-License-Identifier: Apache-2.0

package native

import (
	"fmt"
	"go/ast"
	"go/constant"
	"strings"

	client "github.com/prometheus/client_golang/prometheus"
)

const notConstant = "Buckets is not a literal of constants and no call with constants"

// readBuckets reads the buckets of a histogram: a literal, prometheus.DefBuckets, or a call of one
// of the functions of package prometheus that make buckets.
func (f *finder) readBuckets(d *definition, value ast.Expr, engineName string) string {
	if lit, ok := value.(*ast.CompositeLit); ok {
		for _, e := range lit.Elts {
			bound, ok := f.constantNumber(e)
			if !ok {
				return notConstant
			}
			d.buckets = append(d.buckets, bound)
		}
		if len(d.buckets) > 0 {
			elements := strings.TrimRight(strings.TrimSpace(f.between(lit.Lbrace+1, lit.Rbrace)), ",")
			d.args = append(d.args, engineName+".WithBuckets("+elements+")")
		}
		return ""
	}
	if !is(f.info, value, prometheusPath, "DefBuckets") {
		call, ok := value.(*ast.CallExpr)
		if !ok {
			return notConstant
		}
		reason := ""
		if d.buckets, reason = f.layout(call); reason != "" {
			return reason
		}
	}
	d.args = append(d.args, engineName+".WithBuckets("+f.text(value)+"...)")
	d.imports = append(d.imports, prometheusPath)
	return ""
}

// layout computes the buckets that a call makes.
func (f *finder) layout(call *ast.CallExpr) (bounds []float64, reason string) {
	var args [3]float64
	path, name := callee(f.info, call)
	if path != prometheusPath || len(call.Args) != len(args) {
		return nil, notConstant
	}
	for i, arg := range call.Args {
		v, ok := f.constantNumber(arg)
		if !ok {
			return nil, notConstant
		}
		args[i] = v
	}
	defer func() {
		if r := recover(); r != nil {
			reason = fmt.Sprintf("its buckets are impossible: %v", r)
		}
	}()
	switch name {
	case "LinearBuckets":
		return client.LinearBuckets(args[0], args[1], int(args[2])), ""
	case "ExponentialBuckets":
		return client.ExponentialBuckets(args[0], args[1], int(args[2])), ""
	case "ExponentialBucketsRange":
		return client.ExponentialBucketsRange(args[0], args[1], int(args[2])), ""
	}
	return nil, notConstant
}

// constantNumber returns the value of an expression that is a constant number.
func (p *pkg) constantNumber(e ast.Expr) (float64, bool) {
	v := p.info.Types[e].Value
	if v == nil || v.Kind() != constant.Int && v.Kind() != constant.Float {
		return 0, false
	}
	n, _ := constant.Float64Val(constant.ToFloat(v))
	return n, true
}
