// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
)

// importResult is the result of the first stage.
type importResult struct {
	uses, left     map[string]int
	files          []string // changed
	dot, generated []string // of them, those with dot imports, and those that a program writes
	ignored        []string // not changed: in folders that the go command ignores
	bridge         bool     // the module uses quipu's bridges
	notCompiled    []string // changed, but not compiled on this system
	vetBefore      int      // complaints of vet that were there before
	others         others
	notes          []string
}

// importStage moves the imports of a module.
func importStage(m *module, opts Options) (*plan, string, error) {
	p := &plan{module: m}
	r := &importResult{uses: map[string]int{}, left: map[string]int{}}
	if err := r.move(p); err != nil {
		return nil, "", err
	}
	if len(r.files) == 0 {
		return p, "Nothing to do: no package of the module imports client_golang.\n", nil
	}
	o, err := newOverlay(m, opts.Tags)
	if o != nil {
		defer o.remove()
	}
	if err != nil {
		return nil, "", err
	}
	for _, c := range p.changes {
		if err := o.set(c.name, c.after); err != nil {
			return nil, "", err
		}
	}
	if len(p.changes) == 0 {
		return p, r.summary(opts), nil
	}
	if err := o.requireQuipu(m, opts.Replace, opts.Version); err != nil {
		return nil, "", err
	}
	if err := o.tidy(); err != nil {
		return nil, "", err
	}
	if r.vetBefore, err = o.verify(m); err != nil {
		return nil, "", err
	}
	if err := r.look(o, p); err != nil {
		return nil, "", err
	}
	return p, r.summary(opts), p.addGoMod(o)
}

// move plans the changes of the Go files.
func (r *importResult) move(p *plan) error {
	for _, name := range slices.Concat(p.module.files, p.module.ignored) {
		source, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel := p.module.rel(name)
		r.bridge = r.bridge || strings.Contains(string(source), `"`+twinModule+`/bridge"`)
		if slices.Contains(p.module.ignored, name) {
			if strings.Contains(string(source), `"`+clientModule) {
				r.ignored = append(r.ignored, rel)
			}
			continue
		}
		f, err := moveImports(name, source)
		if err != nil {
			return refuse("A file cannot be parsed: "+err.Error(), "")
		}
		if f == nil {
			continue
		}
		r.files = append(r.files, rel)
		if f.dot {
			r.dot = append(r.dot, rel)
		}
		if f.generated {
			r.generated = append(r.generated, rel)
		}
		for id, n := range f.uses {
			r.uses[id] += n
		}
		for id, n := range f.left {
			r.left[id] += n
		}
		p.add(name, source, f.source)
	}
	return nil
}

// look finds out what the go command does not compile here, and which packages of others use
// client_golang.
func (r *importResult) look(o *overlay, p *plan) error {
	all, err := o.packages()
	if err != nil {
		return err
	}
	files := compiled(all)
	for _, c := range p.changes {
		if !files[c.name] {
			r.notCompiled = append(r.notCompiled, p.module.rel(c.name))
		}
	}
	r.others = thirdParties(all)
	source, err := o.file("go.mod")
	if err != nil {
		return err
	}
	r.notes, err = goModNotes(p.module.goMod, source)
	if p.module.vendors {
		r.notes = append(r.notes, "vendor: it is not changed; run go mod vendor after the changes are written")
	}
	return err
}

// summary says what the stage changes.
func (r *importResult) summary(opts Options) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d uses of %d identifiers in %d files move to %s:\n",
		total(r.uses), len(r.uses), len(r.files), twinModule)
	for _, id := range byCount(r.uses) {
		fmt.Fprintf(&b, "%7d %s\n", r.uses[id], id)
	}
	if len(r.left) > 0 {
		fmt.Fprintf(&b, "%d uses stay with client_golang, whose packages quipu does not have:\n", total(r.left))
		for _, id := range byCount(r.left) {
			fmt.Fprintf(&b, "%7d %s\n", r.left[id], id)
		}
	}
	list(&b, "not counted, for their dot imports", r.dot)
	list(&b, "written by a program, which must be changed too", r.generated)
	list(&b, "not compiled on "+runtime.GOOS+"/"+runtime.GOARCH+" with these tags, so not checked", r.notCompiled)
	list(&b, "not changed, because the go command ignores their folders", r.ignored)
	list(&b, "packages of others that use client_golang", r.others.use)
	list(&b, "of these, packages that show client_golang's default registry, which this module leaves", r.others.expose)
	list(&b, "notes", r.notes)
	if r.vetBefore > 0 {
		fmt.Fprintf(&b, "go vet has %d complaints, as before.\n", r.vetBefore)
	}
	if !opts.Write {
		b.WriteString("Nothing is written: use -write.\n")
	}
	return b.String()
}

// list writes a list with its title, or nothing if the list is empty.
func list(b *strings.Builder, title string, items []string) {
	if len(items) == 0 {
		return
	}
	fmt.Fprintf(b, "%s:\n", title)
	for _, item := range items {
		fmt.Fprintf(b, "        %s\n", item)
	}
}
