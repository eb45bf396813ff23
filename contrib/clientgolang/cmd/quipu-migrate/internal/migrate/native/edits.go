// SPDX-License-Identifier: Apache-2.0

package native

import (
	"cmp"
	"go/ast"
	"go/token"
	"go/types"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/go/analysis"
)

// edit replaces a part of a file.
type edit struct {
	from, to token.Pos
	text     string
	imports  []string // that the text needs
}

// width is how long a line may be before the arguments of a constructor get lines of their own.
const width = 100

// edits returns the edits of a definition.
func (f *finder) definitionEdits(d *definition) []edit {
	fun := f.name(d.call.Pos(), enginePath) + ".New" + d.shape.name()
	line := strings.Join(d.args, ", ")
	file := f.pass.Fset.File(d.call.Pos())
	start := file.Offset(d.call.Pos()) - file.Offset(file.LineStart(file.Line(d.call.Pos())))
	lines := "\n"
	commented := false
	for i, arg := range d.args {
		for _, c := range d.comments[i] {
			commented = true
			lines += c + "\n"
		}
		lines += arg + ",\n"
	}
	if commented || start+len(fun)+len(line)+2 > width || strings.Contains(line, "\n") {
		line = lines
	}
	return []edit{
		{d.call.Fun.Pos(), d.call.Fun.End(), fun, []string{enginePath}},
		{d.call.Lparen + 1, d.call.Rparen, line, d.imports},
	}
}

// registrationEdits takes metrics out of calls of MustRegister. A call without metrics goes, and so
// does a function init that has nothing else to do.
func (f *finder) registrationEdits() (edits []edit, gone []span) {
	moves := make(map[*ast.CallExpr]int)
	for _, h := range f.order {
		if h.reason == "" {
			for _, call := range h.registrations {
				moves[call]++
			}
		}
	}
	blocks := make(map[*ast.BlockStmt][]ast.Stmt)
	for _, call := range f.calls {
		switch moves[call] {
		case 0:
		case len(call.Args):
			stmt, block := f.statement(call)
			blocks[block] = append(blocks[block], stmt)
			gone = append(gone, spanOf(call))
		default:
			edits = append(edits, f.dropArguments(call)...)
		}
	}
	for block, stmts := range blocks {
		decl, ok := f.parent[block].(*ast.FuncDecl)
		empty := len(stmts) == len(block.List) && !f.hasComment(block.Lbrace, block.Rbrace)
		if ok && empty && decl.Name.Name == "init" {
			from := decl.Pos()
			if decl.Doc != nil {
				from = decl.Doc.Pos()
			}
			edits = append(edits, f.lines(from, decl.End()))
			continue
		}
		for _, stmt := range stmts {
			edits = append(edits, f.lines(stmt.Pos(), stmt.End()))
		}
	}
	return edits, gone
}

// dropArguments deletes the arguments of MustRegister that move.
func (f *finder) dropArguments(call *ast.CallExpr) (edits []edit) {
	last := -1 // the last one that stays
	for i, arg := range call.Args {
		if !f.movesWith(arg, call) {
			last = i
		}
	}
	for i, arg := range call.Args {
		switch {
		case !f.movesWith(arg, call):
		case i < last:
			edits = append(edits, edit{from: arg.Pos(), to: call.Args[i+1].Pos()})
		default:
			edits = append(edits, edit{from: call.Args[i-1].End(), to: arg.End()})
		}
	}
	return edits
}

func (f *finder) movesWith(arg ast.Expr, call *ast.CallExpr) bool {
	id, ok := ast.Unparen(arg).(*ast.Ident)
	if sel, isSel := ast.Unparen(arg).(*ast.SelectorExpr); isSel {
		id, ok = sel.Sel, true
	}
	if !ok {
		return false
	}
	v, ok := f.info.Uses[id].(*types.Var)
	h := f.holders[v]
	return ok && h != nil && h.reason == "" && slices.Contains(h.registrations, call)
}

// lines deletes a part of a file, with the whole lines if nothing else stands on them.
func (f *finder) lines(from, to token.Pos) edit {
	file := f.pass.Fset.File(from)
	source := f.source[file]
	start, end := file.Offset(from), file.Offset(to)
	for start > 0 && (source[start-1] == ' ' || source[start-1] == '\t') {
		start--
	}
	for end < len(source) && (source[end] == ' ' || source[end] == '\t' || source[end] == '\r') {
		end++
	}
	if (start == 0 || source[start-1] == '\n') && end < len(source) && source[end] == '\n' {
		return edit{from: file.Pos(start), to: file.Pos(end + 1)}
	}
	return edit{from: from, to: to}
}

// imports adds the edits of the import declarations to those of a file.
func (f *finder) imports(file *ast.File, edits []edit) []edit {
	needed := make(map[string]bool)
	for _, e := range edits {
		for _, p := range e.imports {
			needed[p] = true
		}
	}
	var removed []*ast.ImportSpec
	for _, spec := range file.Imports {
		from, _ := strconv.Unquote(spec.Path.Value)
		if needed[from] && (spec.Name == nil || spec.Name.Name != "_" && spec.Name.Name != ".") {
			delete(needed, from)
			continue
		}
		if strings.HasPrefix(from, contribPath) && f.unused(spec, edits) {
			removed = append(removed, spec)
		}
	}
	var std, other []string
	for _, p := range sortedKeys(needed) {
		spec := strconv.Quote(p)
		if name := f.name(file.Package, p); name != path.Base(p) {
			spec = name + " " + spec
		}
		if strings.Contains(p, ".") {
			other = append(other, spec)
		} else {
			std = append(std, spec)
		}
	}
	return append(edits, f.importEdits(file, removed, std, other)...)
}

// unused reports whether the edits leave no use of an import.
func (f *finder) unused(spec *ast.ImportSpec, edits []edit) bool {
	obj := f.info.Implicits[spec]
	if spec.Name != nil {
		obj = f.info.Defs[spec.Name]
	}
	uses := 0
	for _, ref := range f.refs[obj] {
		if ref == spec.Name {
			continue
		}
		uses++
		if !slices.ContainsFunc(edits, func(e edit) bool { return e.from <= ref.Pos() && ref.End() <= e.to }) {
			return false
		}
	}
	return obj != nil && uses > 0
}

// importEdits removes and adds imports. Those of quipu go before the first one of the contrib
// module, those of the standard library before the first one of that.
func (f *finder) importEdits(file *ast.File, removed []*ast.ImportSpec, std, other []string) (edits []edit) {
	before := make(map[*ast.ImportSpec][]string)
	var first, firstStd *ast.ImportSpec
	for _, spec := range file.Imports {
		from, _ := strconv.Unquote(spec.Path.Value)
		if first == nil && strings.HasPrefix(from, contribPath) {
			first = spec
		}
		if firstStd == nil && !strings.Contains(from, ".") && from != "C" {
			firstStd = spec
		}
	}
	if first == nil {
		return nil // a file without imports of the contrib module needs no others
	}
	before[first] = append(before[first], other...)
	if firstStd == nil {
		firstStd = first
	}
	before[firstStd] = append(std, before[firstStd]...)
	for _, decl := range file.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok || gen.Tok != token.IMPORT {
			continue
		}
		edits = append(edits, f.declEdits(gen, removed, before)...)
	}
	return edits
}

// declEdits are the edits of one import declaration.
func (f *finder) declEdits(gen *ast.GenDecl, removed []*ast.ImportSpec, before map[*ast.ImportSpec][]string,
) (edits []edit) {
	left, added := len(gen.Specs), 0
	for _, s := range gen.Specs {
		spec := s.(*ast.ImportSpec)
		added += len(before[spec])
		if slices.Contains(removed, spec) {
			left--
		}
	}
	if left+added == 0 {
		return []edit{f.lines(gen.Pos(), gen.End())}
	}
	for _, s := range gen.Specs {
		spec := s.(*ast.ImportSpec)
		text := strings.Join(before[spec], "\n")
		gone := slices.Contains(removed, spec)
		switch {
		case gone && text == "":
			edits = append(edits, f.lines(spec.Pos(), spec.End()))
		case gone && (gen.Lparen.IsValid() || len(before[spec]) == 1):
			edits = append(edits, edit{from: spec.Pos(), to: spec.End(), text: text})
		case gone:
			edits = append(edits, edit{from: spec.Pos(), to: spec.End(), text: "(\n" + text + "\n)"})
		case text != "" && gen.Lparen.IsValid():
			edits = append(edits, edit{from: spec.Pos(), to: spec.Pos(), text: text + "\n"})
		case text != "":
			edits = append(edits,
				edit{from: spec.Pos(), to: spec.End(), text: "(\n" + text + "\n" + f.text(spec) + "\n)"})
		}
	}
	return edits
}

// textEdits sorts edits by their files and adds those of imports.
func (f *finder) textEdits(edits []edit) (list []analysis.TextEdit) {
	for _, file := range f.pass.Files {
		var here []edit
		for _, e := range edits {
			if file.FileStart <= e.from && e.to <= file.FileEnd {
				here = append(here, e)
			}
		}
		if len(here) == 0 {
			continue
		}
		here = f.imports(file, here)
		slices.SortStableFunc(here, func(a, b edit) int {
			return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to))
		})
		for i, e := range here {
			if i > 0 && e.from == here[i-1].from && e.to == here[i-1].to {
				continue // variables that share the declaration of their type
			}
			list = append(list, analysis.TextEdit{Pos: e.from, End: e.to, NewText: []byte(e.text)})
		}
	}
	return list
}
