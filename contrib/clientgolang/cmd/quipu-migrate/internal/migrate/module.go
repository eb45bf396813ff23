// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"
)

// module is a Go module on disk.
type module struct {
	root    string // absolute
	goMod   *modfile.File
	source  []byte   // of go.mod
	files   []string // Go files that belong to the module's packages, absolute
	ignored []string // Go files in folders that the go command ignores, such as testdata
	vendors bool
}

// openModule finds the module of a folder. The pattern dir/... means the same as dir: a module
// moves as a whole.
func openModule(dir string) (*module, error) {
	dir = strings.TrimSuffix(filepath.ToSlash(dir), "...")
	dir, err := filepath.Abs(filepath.FromSlash(dir))
	if err != nil {
		return nil, err
	}
	// The go command works in the real folder, and names files as they are there.
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return nil, err
	}
	root := dir
	for !exists(filepath.Join(root, "go.mod")) {
		up := filepath.Dir(root)
		if up == root {
			return nil, fmt.Errorf("%s is in no module: there is no go.mod in it or above it", dir)
		}
		root = up
	}
	m := &module{root: root, vendors: exists(filepath.Join(root, "vendor", "modules.txt"))}
	name := filepath.Join(root, "go.mod")
	if m.source, err = os.ReadFile(name); err != nil {
		return nil, err
	}
	if m.goMod, err = modfile.Parse(name, m.source, nil); err != nil {
		return nil, err
	}
	if m.goMod.Module == nil {
		return nil, fmt.Errorf("%s has no module line", name)
	}
	return m, m.list(root, false)
}

// list adds the Go files below a folder. It leaves out nested modules and vendor.
func (m *module) list(dir string, ignored bool) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := filepath.Join(dir, e.Name())
		hidden := ignored || e.Name()[0] == '.' || e.Name()[0] == '_'
		switch {
		case e.IsDir():
			if e.Name() == "vendor" || e.Name() == ".git" || exists(filepath.Join(name, "go.mod")) {
				continue
			}
			if err := m.list(name, hidden || e.Name() == "testdata"); err != nil {
				return err
			}
		case filepath.Ext(name) != ".go":
		case hidden:
			m.ignored = append(m.ignored, name)
		case e.Type()&fs.ModeSymlink != 0:
			return fmt.Errorf("%s is a symbolic link: replace it by a file first", name)
		default:
			m.files = append(m.files, name)
		}
	}
	return nil
}

// rel returns the name of a file as seen from the module's root.
func (m *module) rel(name string) string {
	if rel, err := filepath.Rel(m.root, name); err == nil {
		return filepath.ToSlash(rel)
	}
	return name
}

// exists reports whether there is a file or folder of the name.
func exists(name string) bool {
	_, err := os.Stat(name)
	return !errors.Is(err, fs.ErrNotExist)
}
