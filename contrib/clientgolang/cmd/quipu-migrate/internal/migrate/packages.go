// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// listed is a package as go list shows it.
type listed struct {
	ImportPath, Dir                              string
	GoFiles, CgoFiles, TestGoFiles, XTestGoFiles []string
	Imports                                      []string
	Module                                       *struct{ Main bool }
}

// list lists the packages of the module, of its tests, and all that they import.
func (o *overlay) packages() ([]listed, error) {
	args := append([]string{"list"}, o.buildFlags()...)
	args = append(args, "-deps", "-test",
		"-json=ImportPath,Dir,GoFiles,CgoFiles,TestGoFiles,XTestGoFiles,Imports,Module", "./...")
	var out, errs bytes.Buffer
	if err := goCommand(o.root, &out, &errs, args...); err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, errs.String())
	}
	var all []listed
	for d := json.NewDecoder(&out); ; {
		var p listed
		switch err := d.Decode(&p); {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, fmt.Errorf("go list: %w", err)
		}
		all = append(all, p)
	}
}

// compiled returns the files of the module that the go command compiles on this system.
func compiled(all []listed) map[string]bool {
	files := make(map[string]bool)
	for _, p := range all {
		if p.Module == nil || !p.Module.Main {
			continue
		}
		for _, name := range slices.Concat(p.GoFiles, p.CgoFiles, p.TestGoFiles, p.XTestGoFiles) {
			files[filepath.Join(p.Dir, name)] = true
		}
	}
	return files
}

// others are packages of other modules that stay with client_golang.
type others struct {
	use    []string // they import it
	expose []string // they show its default registry
}

func thirdParties(all []listed) others {
	var o others
	for _, p := range all {
		own := p.Module == nil || p.Module.Main
		if own || inModule(p.ImportPath, clientModule) || inModule(p.ImportPath, quipuModule) {
			continue
		}
		if !slices.ContainsFunc(p.Imports, func(path string) bool { return inModule(path, clientModule) }) {
			continue
		}
		o.use = append(o.use, p.ImportPath)
		for _, name := range p.GoFiles {
			source, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err == nil && exposes(string(source)) {
				o.expose = append(o.expose, p.ImportPath)
				break
			}
		}
	}
	return o
}

// exposes reports whether a source, by its words, shows client_golang's default registry.
func exposes(source string) bool {
	return strings.Contains(source, "promhttp.Handler()") || strings.Contains(source, "prometheus.DefaultGatherer")
}

func inModule(path, module string) bool {
	return path == module || strings.HasPrefix(path, module+"/")
}
