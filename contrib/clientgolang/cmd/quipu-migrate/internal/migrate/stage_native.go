// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"cmp"
	"fmt"
	"go/token"
	"os"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/checker"
	"golang.org/x/tools/go/packages"

	"github.com/quipu-metrics/quipu/contrib/clientgolang/cmd/quipu-migrate/internal/migrate/native"
)

// nativeResult is the result of the second stage.
type nativeResult struct {
	metrics   int                         // that move
	rewritten int                         // uses of identifiers
	left      map[string][]token.Position // by reason
	leftUses  int
	fset      *token.FileSet
	edits     []analysis.TextEdit
	vetBefore int
}

// nativeStage moves metrics of a module to quipu's own packages.
func nativeStage(m *module, opts Options) (*plan, string, error) {
	p := &plan{module: m}
	for _, name := range m.files {
		source, err := os.ReadFile(name)
		if err != nil {
			return nil, "", err
		}
		f, err := moveImports(name, source)
		if err != nil {
			return nil, "", refuse("A file cannot be parsed: "+err.Error(), "")
		}
		if f != nil && string(f.source) != string(source) {
			return nil, "", refuse(m.rel(name)+" imports client_golang. Stage import comes first, with -write.", "")
		}
	}
	o, err := newOverlay(m, opts.Tags)
	if o != nil {
		defer o.remove()
	}
	if err != nil {
		return nil, "", err
	}
	pkgs, err := load(o)
	if err != nil {
		return nil, "", err
	}
	r, err := analyze(m, pkgs)
	if err != nil {
		return nil, "", err
	}
	if r.metrics == 0 {
		return p, r.summary(opts), nil
	}
	changed, err := native.Apply(r.fset, r.edits, os.ReadFile)
	if err != nil {
		return nil, "", err
	}
	for _, name := range m.files {
		if after, ok := changed[name]; ok {
			before, err := os.ReadFile(name)
			if err != nil {
				return nil, "", err
			}
			p.add(name, before, after)
			delete(changed, name)
			if err := o.set(name, after); err != nil {
				return nil, "", err
			}
		}
	}
	for name := range changed {
		return nil, "", fmt.Errorf("%s would change, and is no file of the module", name)
	}
	if err := o.tidy(); err != nil {
		return nil, "", err
	}
	if r.vetBefore, err = o.verify(m); err != nil {
		return nil, "", err
	}
	return p, r.summary(opts), p.addGoMod(o)
}

// load loads the packages of a module with their tests. Of a package that has tests in it, only the
// form with the tests is returned.
func load(o *overlay) ([]*packages.Package, error) {
	all, err := packages.Load(&packages.Config{
		Mode: packages.LoadSyntax | packages.NeedModule, Dir: o.root, Env: goEnv(),
		BuildFlags: o.buildFlags(), Tests: true,
	}, "./...")
	if err != nil {
		return nil, refuse("The module cannot be loaded: "+err.Error(), "")
	}
	withTests := make(map[string]bool)
	for _, p := range all {
		for _, e := range p.Errors {
			return nil, refuse("The module does not compile: "+o.clean(e.Error()), "")
		}
		withTests[p.PkgPath] = withTests[p.PkgPath] || strings.Contains(p.ID, " [")
	}
	slices.SortFunc(all, func(a, b *packages.Package) int { return strings.Compare(a.ID, b.ID) })
	return slices.DeleteFunc(all, func(p *packages.Package) bool {
		return strings.HasSuffix(p.ID, ".test") || withTests[p.PkgPath] && !strings.Contains(p.ID, " [")
	}), nil
}

// analyze runs the analyzer. A metric that stays keeps others of its name from moving, so it runs
// until no further names stay.
func analyze(m *module, pkgs []*packages.Package) (*nativeResult, error) {
	var pages native.Pages
	for _, p := range pkgs {
		pages.Add(p.Fset, p.Syntax, p.TypesInfo)
	}
	page := strings.ReplaceAll(pages.Obstacle(), m.root+string(os.PathSeparator), "")
	stays := make(map[string]bool)
	for {
		before := len(stays)
		r, err := analyzeOnce(m, pkgs, page, stays)
		if err != nil {
			return nil, err
		}
		switch {
		case len(stays) > before:
		case r.metrics == 0 && page == "":
			page = "no metric moves, so the page stays"
		default:
			return r, nil
		}
	}
}

func analyzeOnce(m *module, pkgs []*packages.Package, page string, stays map[string]bool) (*nativeResult, error) {
	config := &native.Config{Page: page, Stays: stays}
	graph, err := checker.Analyze([]*analysis.Analyzer{native.New(config)}, pkgs, &checker.Options{Sequential: true})
	if err != nil {
		return nil, err
	}
	r := &nativeResult{left: map[string][]token.Position{}}
	names := make(map[string]bool)
	slices.SortFunc(graph.Roots, func(a, b *checker.Action) int { return strings.Compare(a.Package.ID, b.Package.ID) })
	for _, act := range graph.Roots {
		if act.Err != nil {
			return nil, fmt.Errorf("%s: %w", act.Package.PkgPath, act.Err)
		}
		report := act.Result.(*native.Report)
		r.fset = act.Package.Fset
		r.metrics += report.Metrics
		r.rewritten += len(report.Rewritten)
		r.edits = append(r.edits, report.Edits...)
		for _, left := range report.Left {
			at := r.fset.Position(left.Pos)
			at.Filename = m.rel(at.Filename)
			r.left[left.Reason] = append(r.left[left.Reason], at)
			r.leftUses++
		}
		for _, name := range report.Stays {
			names[name] = true
		}
	}
	for name := range names {
		stays[name] = true
	}
	return r, nil
}

// summary says what the stage changes and what it leaves, and why.
func (r *nativeResult) summary(opts Options) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d metrics move. Rewritten %d uses of identifiers, left %d.\n", r.metrics, r.rewritten, r.leftUses)
	counts := make(map[string]int)
	for reason, places := range r.left {
		counts[reason] = len(places)
		slices.SortFunc(places, func(a, b token.Position) int {
			return cmp.Or(strings.Compare(a.Filename, b.Filename), cmp.Compare(a.Line, b.Line))
		})
	}
	for _, reason := range byCount(counts) {
		fmt.Fprintf(&b, "%7d %s\n", counts[reason], reason)
		for _, line := range wrap(r.left[reason], 90) {
			fmt.Fprintf(&b, "        %s\n", line)
		}
	}
	if r.vetBefore > 0 {
		fmt.Fprintf(&b, "go vet has %d complaints, as before.\n", r.vetBefore)
	}
	if !opts.Write && r.metrics > 0 {
		b.WriteString("Nothing is written: use -write.\n")
	}
	return b.String()
}

// wrap puts places on lines of a width, each of them once.
func wrap(places []token.Position, width int) (lines []string) {
	line, last := "", ""
	for _, at := range places {
		item := fmt.Sprintf("%s:%d", at.Filename, at.Line)
		if item == last {
			continue
		}
		last = item
		if line != "" && len(line)+1+len(item) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += item
	}
	return append(lines, line)
}
