// SPDX-License-Identifier: Apache-2.0

package native

import (
	"fmt"
	"go/ast"
	"go/types"
	"slices"
	"strconv"
	"strings"

	"github.com/quipu-metrics/quipu/engine"
)

// define reads a call of a constructor. It returns nil for other calls.
func (f *finder) define(call *ast.CallExpr) *definition {
	path, name := callee(f.info, call)
	d := &definition{call: call}
	ok := false
	switch path {
	case prometheusPath:
		d.shape, ok = constructed(name)
	case promautoPath:
		d.shape, ok = constructed(name)
		d.registered = true
	case "":
		d.shape, ok = f.factory(d)
	}
	if !ok {
		return nil
	}
	if d.reason == "" {
		d.reason = f.read(d)
	}
	if d.reason == "" {
		d.reason = d.check(engine.NewRegistry())
	}
	return d
}

// factory reads the registry of promauto.With(r).NewCounter and similar calls.
func (f *finder) factory(d *definition) (shape, bool) {
	sel, ok := ast.Unparen(d.call.Fun).(*ast.SelectorExpr)
	if !ok {
		return shape{}, false
	}
	method, ok := f.info.Uses[sel.Sel].(*types.Func)
	if !ok || method.Pkg() == nil || !strings.HasSuffix(method.Pkg().Path(), "/promauto") {
		return shape{}, false
	}
	d.registered = true
	with, ok := ast.Unparen(sel.X).(*ast.CallExpr)
	if !ok || len(with.Args) != 1 || !is(f.info, with.Args[0], prometheusPath, "DefaultRegisterer") {
		d.reason = "its registry is not the default one, or not for certain"
	}
	return constructed(sel.Sel.Name)
}

// read reads the arguments of a constructor. It returns why they cannot be moved.
func (f *finder) read(d *definition) string {
	args := d.call.Args
	if d.shape.vec && len(args) == 2 && f.hasComment(args[0].End(), d.call.Rparen) {
		return "a comment stands behind the options"
	}
	if len(args) == 0 || d.shape.vec != (len(args) == 2) {
		return "the constructor's arguments are not written out"
	}
	lit, ok := ast.Unparen(args[0]).(*ast.CompositeLit)
	if !ok {
		return "the options are not written as a literal"
	}
	options := make(map[string]ast.Expr)
	for _, e := range lit.Elts {
		kv, ok := e.(*ast.KeyValueExpr)
		if !ok {
			return "the options are not written as a literal with names"
		}
		options[kv.Key.(*ast.Ident).Name] = kv.Value
		if f.hasComment(kv.Pos(), kv.End()) {
			return "a comment stands inside an option"
		}
	}
	comments := f.commentsByField(lit)
	d.comments = map[int][]string{0: slices.Concat(comments["Namespace"], comments["Subsystem"], comments["Name"])}
	if reason := f.readName(d, options); reason != "" {
		return reason
	}
	d.comments[1] = append(comments["Help"], comments[""]...)
	if d.shape.vec {
		text, labels, ok := f.constantStrings(args[1])
		if !ok || len(labels) == 0 {
			return "the label names are not a literal of constants"
		}
		d.labels = labels
		d.args = append(d.args, text)
	}
	engineName := f.name(d.call.Pos(), enginePath)
	for _, field := range []string{"ConstLabels", "Buckets", "Objectives"} {
		value := options[field]
		delete(options, field)
		if value == nil {
			continue
		}
		d.comments[len(d.args)] = comments[field]
		if reason := f.readOption(d, field, value, engineName); reason != "" {
			return reason
		}
	}
	if d.shape.kind == summary && !d.has("WithObjectives") {
		d.args = append(d.args, engineName+".WithObjectives(nil)")
	}
	if d.shape.vec {
		d.args = append(d.args, fmt.Sprintf("%s.WithMaxSeries(%[1]s.NoLimit)", engineName))
	}
	for _, field := range sortedKeys(options) {
		return "there is no rule for the option " + field
	}
	return ""
}

func (d *definition) has(option string) bool {
	for _, arg := range d.args {
		if strings.Contains(arg, option) {
			return true
		}
	}
	return false
}

// readName reads the parts of the name, and the help.
func (f *finder) readName(d *definition, options map[string]ast.Expr) string {
	var parts [3]string
	name, literal := "", true
	texts := []string{`""`, `""`, `""`}
	for i, field := range []string{"Namespace", "Subsystem", "Name"} {
		value := options[field]
		delete(options, field)
		if value == nil {
			continue
		}
		s, ok := f.constantString(value)
		if !ok {
			return field + " is no constant"
		}
		_, isLiteral := ast.Unparen(value).(*ast.BasicLit)
		literal = literal && isLiteral
		if field == "Name" {
			name = s
		}
		texts[i] = f.text(value)
		parts[i] = s
	}
	if name == "" {
		return "Name is empty"
	}
	d.name = join(parts[:])
	switch {
	case texts[0] == `""` && texts[1] == `""`:
		d.args = append(d.args, texts[2])
	case literal:
		d.args = append(d.args, strconv.Quote(d.name))
	default:
		d.args = append(d.args, f.name(d.call.Pos(), enginePath)+".JoinName("+strings.Join(texts, ", ")+")")
	}
	help := options["Help"]
	delete(options, "Help")
	if help == nil {
		d.args = append(d.args, `""`)
		return ""
	}
	text, ok := f.constantString(help)
	if !ok {
		return "Help is no constant"
	}
	d.help = text
	d.args = append(d.args, f.text(help))
	return ""
}

// readOption reads one of the options that engine has too.
func (f *finder) readOption(d *definition, field string, value ast.Expr, engineName string) string {
	value = ast.Unparen(value)
	if f.info.Types[value].IsNil() {
		return ""
	}
	lit, isLiteral := value.(*ast.CompositeLit)
	switch field {
	case "ConstLabels":
		labels, ok := f.constantMap(value)
		if !ok {
			return "ConstLabels is not a literal of constants"
		}
		if d.constants = labels; len(labels) > 0 {
			elements := f.between(lit.Lbrace, lit.Rbrace+1)
			d.args = append(d.args, fmt.Sprintf("%s.WithConstLabels(%[1]s.Labels%s)", engineName, elements))
		}
	case "Buckets":
		return f.readBuckets(d, value, engineName)
	case "Objectives":
		if !isLiteral {
			return "Objectives is not a literal of constants"
		}
		if d.objectives = f.constantNumbers(lit); d.objectives == nil {
			return "Objectives is not a literal of constants"
		}
		d.args = append(d.args, engineName+".WithObjectives("+f.text(value)+")")
	}
	return ""
}

// check defines the metric in a registry. It returns why engine does not accept it.
func (d *definition) check(reg *engine.Registry) string {
	var options []engine.MetricOption
	if len(d.constants) > 0 {
		options = append(options, engine.WithConstLabels(d.constants))
	}
	if len(d.buckets) > 0 {
		options = append(options, engine.WithBuckets(d.buckets...))
	}
	if d.objectives != nil {
		options = append(options, engine.WithObjectives(d.objectives))
	}
	var err error
	switch d.shape {
	case shape{counter, false}:
		_, err = reg.NewCounter(d.name, d.help, options...)
	case shape{counter, true}:
		_, err = reg.NewCounterVec(d.name, d.help, d.labels, options...)
	case shape{gauge, false}:
		_, err = reg.NewGauge(d.name, d.help, options...)
	case shape{gauge, true}:
		_, err = reg.NewGaugeVec(d.name, d.help, d.labels, options...)
	case shape{histogram, false}:
		_, err = reg.NewHistogram(d.name, d.help, options...)
	case shape{histogram, true}:
		_, err = reg.NewHistogramVec(d.name, d.help, d.labels, options...)
	case shape{summary, false}:
		_, err = reg.NewSummary(d.name, d.help, options...)
	case shape{summary, true}:
		_, err = reg.NewSummaryVec(d.name, d.help, d.labels, options...)
	}
	if err != nil {
		return "engine does not accept it: " + err.Error()
	}
	return ""
}
