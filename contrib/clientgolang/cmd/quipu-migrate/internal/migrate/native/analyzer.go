// SPDX-License-Identifier: Apache-2.0

package native

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"reflect"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"

	"github.com/quipu-metrics/quipu/engine"
)

// Config holds facts about the program that the analyzer cannot see in one package.
type Config struct {
	Page     string           // why the module's pages would not show the default registry of engine; empty if they do
	Stays    map[string]bool  // names of metrics that stay, of which no other metric moves
	Registry *engine.Registry // has the metrics that move; made when it is nil
}

// Report is the result of the analyzer for a package.
type Report struct {
	Metrics   int         // that move
	Rewritten []token.Pos // uses of identifiers
	Left      []Left      // uses of identifiers
	Stays     []string    // names of metrics that stay, as far as they are known
	Edits     []analysis.TextEdit
}

// Left is a use of an identifier that stays, and why.
type Left struct {
	Pos    token.Pos
	Reason string
}

// New returns an analyzer that moves the metrics of a package to engine. Its result is a *Report.
func New(config *Config) *analysis.Analyzer {
	return &analysis.Analyzer{
		Name:       "quipunative",
		Doc:        "moves metrics from quipu's package prometheus to package engine, if that changes nothing",
		ResultType: reflect.TypeFor[*Report](),
		Run:        func(pass *analysis.Pass) (any, error) { return run(pass, config) },
	}
}

func run(pass *analysis.Pass, config *Config) (any, error) {
	p, err := newPkg(pass)
	if err != nil {
		return nil, err
	}
	f := &finder{
		pkg: p, config: *config,
		definitions: map[*ast.CallExpr]*definition{}, holders: map[*types.Var]*holder{},
	}
	config.Registry = f.config.registry()
	f.find()

	r := &Report{Stays: f.others}
	var edits []edit
	var moved []span
	stay := make(map[span]string)
	for _, h := range f.order {
		for _, d := range h.defs {
			h.spans = append(h.spans, spanOf(d.call))
		}
		if h.reason != "" {
			for _, s := range h.spans {
				stay[s] = h.reason
			}
			continue
		}
		for _, d := range h.defs {
			edits = append(edits, f.definitionEdits(d)...)
		}
		edits = append(edits, h.edits...)
		moved = append(moved, h.spans...)
	}
	registrations, gone := f.registrationEdits()
	handler, gone2 := f.handlerEdits()
	gatherers, gone3 := f.gathererEdits()
	edits = slices.Concat(edits, registrations, handler, gatherers)
	moved = slices.Concat(moved, gone, gone2, gone3)
	r.Edits = f.textEdits(edits)
	for _, d := range f.made {
		r.add(pass, d, stay)
	}
	f.count(r, moved, stay)
	if len(r.Edits) > 0 {
		pass.Report(analysis.Diagnostic{
			Pos: pass.Files[0].Package, End: pass.Files[0].Name.End(),
			Message: fmt.Sprintf("%d metrics can move to engine", r.Metrics),
			SuggestedFixes: []analysis.SuggestedFix{{
				Message: "Move them, and everything that uses them", TextEdits: r.Edits,
			}},
		})
	}
	return r, nil
}

// add adds a metric to the report.
func (r *Report) add(pass *analysis.Pass, d *definition, stay map[span]string) {
	reason := d.reason
	switch {
	case reason != "":
	case d.holder != nil:
		reason = d.holder.reason
	default:
		reason = "it is not kept in a variable of its own"
	}
	if reason == "" {
		r.Metrics++
		return
	}
	stay[spanOf(d.call)] = reason
	if d.name != "" {
		r.Stays = append(r.Stays, d.name)
	}
	pass.Report(analysis.Diagnostic{Pos: d.call.Pos(), End: d.call.End(), Message: "stays: " + reason})
}

// count counts the uses of identifiers of the packages that programs move away from.
func (f *finder) count(r *Report, moved []span, stay map[span]string) {
	type use struct {
		id  *ast.Ident
		obj types.Object
	}
	var uses []use
	for id, obj := range f.info.Uses {
		if counts(obj) {
			uses = append(uses, use{id, obj})
		}
	}
	slices.SortFunc(uses, func(a, b use) int { return cmp.Compare(a.id.Pos(), b.id.Pos()) })
	for _, u := range uses {
		if slices.ContainsFunc(moved, func(s span) bool { return s.from <= u.id.Pos() && u.id.Pos() < s.to }) {
			r.Rewritten = append(r.Rewritten, u.id.Pos())
			continue
		}
		reason := "there is no rule for " + f.qualified(u.obj)
		if ofMetrics(u.obj) || u.obj.Name() == "MustRegister" {
			reason = "it belongs to metrics that stay"
		}
		if f.config.Page != "" && (is(f.info, u.id, promhttpPath, "Handler") ||
			is(f.info, u.id, prometheusPath, "DefaultGatherer")) {
			reason = f.config.Page
		}
		for s, why := range stay {
			if s.from <= u.id.Pos() && u.id.Pos() < s.to {
				reason = why
			}
		}
		r.Left = append(r.Left, Left{u.id.Pos(), reason})
	}
}

// counts reports whether an object is an identifier of client_golang's packages or of quipu's that
// have their names: a type, function, method, variable or constant, but no field.
func counts(obj types.Object) bool {
	if obj.Pkg() == nil {
		return false
	}
	switch obj := obj.(type) {
	case *types.PkgName:
		return false
	case *types.Var:
		if obj.IsField() || obj.Parent() != obj.Pkg().Scope() {
			return false
		}
	}
	path := obj.Pkg().Path()
	return path == clientPath || strings.HasPrefix(path, clientPath+"/") ||
		strings.HasPrefix(path, contribPath) && path != bridgePath
}

// ofMetrics reports whether an object is a type of metrics or of their options, or a method of one.
func ofMetrics(obj types.Object) bool {
	name := obj.Name()
	if fn, ok := obj.(*types.Func); ok {
		recv := fn.Signature().Recv()
		if recv == nil {
			return false
		}
		t := types.Unalias(recv.Type())
		if ptr, ok := t.(*types.Pointer); ok {
			t = types.Unalias(ptr.Elem())
		}
		n, ok := t.(*types.Named)
		if !ok {
			return true // of an interface without a name
		}
		name = n.Obj().Name()
	} else if _, ok := obj.(*types.TypeName); !ok {
		return false
	}
	_, metric := constructed("New" + strings.TrimSuffix(name, "Opts"))
	return metric || name == "Labels" || name == "Observer"
}

// qualified returns the name of an object, as in prometheus.NewDesc or Counter.Write.
func (f *finder) qualified(obj types.Object) string {
	fn, ok := obj.(*types.Func)
	if !ok || fn.Signature().Recv() == nil {
		return obj.Pkg().Name() + "." + obj.Name()
	}
	t := fn.Signature().Recv().Type()
	if ptr, ok := types.Unalias(t).(*types.Pointer); ok {
		t = ptr.Elem()
	}
	if n, ok := types.Unalias(t).(*types.Named); ok {
		return n.Obj().Name() + "." + obj.Name()
	}
	return obj.Name()
}
