// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/semver"
)

// requireQuipu adds quipu to the go.mod of an overlay: a version of the modules, or those of a
// local tree.
func (o *overlay) requireQuipu(m *module, tree, version string) error {
	if tree == "" {
		args := append([]string{"get"}, o.flags()...)
		if out, err := runGo(m.root, append(args, twinModule+"@"+version)...); err != nil {
			return refuse("quipu cannot be added to go.mod. Use -version for another version, or -replace for a "+
				"local tree.", out)
		}
		return nil
	}
	tree, err := localTree(m.root, tree)
	if err != nil {
		return err
	}
	mod, err := modfile.Parse("go.mod", m.source, nil)
	if err != nil {
		return err
	}
	for _, path := range []string{quipuModule, twinModule} {
		dir := tree + strings.TrimPrefix(path, quipuModule)
		if err := mod.DropRequire(path); err != nil {
			return err
		}
		mod.AddNewRequire(path, "v0.0.0", false)
		if err := mod.AddReplace(path, "", dir, ""); err != nil {
			return err
		}
		mod.Cleanup()
		source, err := os.ReadFile(filepath.Join(m.root, dir, "go.mod"))
		if filepath.IsAbs(dir) {
			source, err = os.ReadFile(filepath.Join(dir, "go.mod"))
		}
		if err != nil {
			return err
		}
		theirs, err := modfile.Parse(dir, source, nil)
		if err != nil {
			return err
		}
		if mod.Go == nil || olderGo(mod.Go.Version, theirs.Go.Version) {
			if err := mod.AddGoStmt(theirs.Go.Version); err != nil {
				return err
			}
		}
	}
	source, err := mod.Format()
	if err != nil {
		return err
	}
	return o.setGoMod(source)
}

// localTree checks that a folder has quipu's modules. It returns the folder as a replace directive
// names it: as it was given, if that is an absolute path, or else relative to the module's root.
func localTree(root, tree string) (string, error) {
	given := filepath.IsAbs(tree)
	abs, err := filepath.Abs(tree)
	if err != nil {
		return "", err
	}
	for _, path := range []string{quipuModule, twinModule} {
		dir := abs + strings.TrimPrefix(path, quipuModule)
		source, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err != nil || modfile.ModulePath(source) != path {
			return "", fmt.Errorf("-replace: there is no module %s in %s", path, dir)
		}
	}
	if !given {
		real, err := filepath.EvalSymlinks(abs)
		if err != nil {
			return "", err
		}
		rel, err := filepath.Rel(root, real)
		if err != nil {
			return "", err
		}
		if abs = rel; !strings.HasPrefix(abs, "..") {
			abs = "./" + abs
		}
	}
	return filepath.ToSlash(abs), nil
}

// olderGo compares versions as the go directive has them.
func olderGo(a, b string) bool { return semver.Compare("v"+a, "v"+b) < 0 }

// goModNotes says what else changes with new requirements.
func goModNotes(before *modfile.File, source []byte) ([]string, error) {
	after, err := modfile.Parse("go.mod", source, nil)
	if err != nil {
		return nil, err
	}
	var notes []string
	was, is := "1.16", after.Go.Version // a go.mod without a go line means go 1.16
	if before.Go != nil {
		was = before.Go.Version
	}
	if olderGo(was, is) {
		note := fmt.Sprintf("go.mod: the go line rises from %s to %s, as quipu needs it", was, is)
		if olderGo(was, "1.22") {
			note += ". With 1.22 the meaning of programs changes: each iteration of a loop has variables of its own"
		}
		notes = append(notes, note)
	}
	versions := make(map[string]string)
	for _, r := range before.Require {
		versions[r.Mod.Path] = r.Mod.Version
	}
	for _, r := range after.Require {
		if old, ok := versions[r.Mod.Path]; ok && old != r.Mod.Version && !r.Indirect {
			notes = append(notes, fmt.Sprintf("go.mod: %s changes from %s to %s", r.Mod.Path, old, r.Mod.Version))
		}
	}
	return notes, nil
}
