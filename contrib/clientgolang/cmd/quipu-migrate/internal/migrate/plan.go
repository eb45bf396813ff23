// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// change is a new version of a file.
type change struct {
	name          string // absolute
	before, after []byte // before is nil for a new file
}

// plan holds the changes of a stage before they are made.
type plan struct {
	module  *module
	changes []change // of Go files, then go.mod and go.sum
}

// add adds a change, unless the file stays as it is.
func (p *plan) add(name string, before, after []byte) {
	if !bytes.Equal(before, after) {
		p.changes = append(p.changes, change{name, before, after})
	}
}

// addGoMod adds go.mod and go.sum of an overlay.
func (p *plan) addGoMod(o *overlay) error {
	for _, base := range []string{"go.mod", "go.sum"} {
		name := filepath.Join(p.module.root, base)
		before, err := os.ReadFile(name)
		if err != nil && !os.IsNotExist(err) {
			return err
		}
		after, err := o.file(base)
		if err != nil {
			return err
		}
		p.add(name, before, after)
	}
	return nil
}

// diff writes the changes as a unified diff.
func (p *plan) diff(w io.Writer) error {
	for _, c := range p.changes {
		text := unifiedDiff(p.module.rel(c.name), string(c.before), string(c.after))
		if _, err := io.WriteString(w, text); err != nil {
			return err
		}
	}
	return nil
}

// write writes the changes. If one cannot be written, those that were written are taken back.
func (p *plan) write() error {
	for _, c := range p.changes {
		now, err := os.ReadFile(c.name)
		if err != nil && !(os.IsNotExist(err) && c.before == nil) {
			return err
		}
		if !bytes.Equal(now, c.before) {
			return refuse(fmt.Sprintf("%s has changed meanwhile. Nothing is written.", p.module.rel(c.name)), "")
		}
	}
	for i, c := range p.changes {
		if err := writeFile(c.name, c.after); err != nil {
			for _, c := range p.changes[:i+1] {
				err = errors.Join(err, takeBack(c))
			}
			return err
		}
	}
	return nil
}

// takeBack makes a file what it was.
func takeBack(c change) error {
	if now, err := os.ReadFile(c.name); err == nil && bytes.Equal(now, c.before) {
		return nil // it was never written
	}
	if c.before != nil {
		return writeFile(c.name, c.before)
	}
	if err := os.Remove(c.name); !os.IsNotExist(err) {
		return err
	}
	return nil
}

// writeFile replaces a file as a whole, and keeps its permissions.
func writeFile(name string, content []byte) error {
	mode := os.FileMode(0o644)
	if info, err := os.Stat(name); err == nil {
		mode = info.Mode().Perm()
		if mode&0o200 == 0 {
			return fmt.Errorf("%s is read-only", name)
		}
	}
	tmp, err := os.CreateTemp(filepath.Dir(name), ".quipu-migrate-*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(content)
	err = errors.Join(err, tmp.Chmod(mode), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), name)
	}
	if err != nil {
		_ = os.Remove(tmp.Name())
	}
	return err
}
