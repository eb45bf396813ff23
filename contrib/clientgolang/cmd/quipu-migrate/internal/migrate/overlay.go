// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// overlay is a module as it will be: the go command reads changed files, go.mod and go.sum from a
// temporary folder, and everything else from the module.
type overlay struct {
	root, dir string
	tags      string
	replaced  map[string]string // files of the temporary folder, by the file that they stand for
}

// newOverlay returns an overlay without changes. Its folder must be removed.
func newOverlay(m *module, tags string) (*overlay, error) {
	dir, err := os.MkdirTemp("", "quipu-migrate-")
	if err != nil {
		return nil, err
	}
	o := &overlay{root: m.root, dir: dir, tags: tags, replaced: map[string]string{}}
	if err := o.setGoMod(m.source); err != nil {
		return o, err
	}
	sum, err := os.ReadFile(filepath.Join(m.root, "go.sum"))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "go.sum"), sum, 0o600)
	}
	if os.IsNotExist(err) {
		err = nil
	}
	return o, err
}

func (o *overlay) remove() { _ = os.RemoveAll(o.dir) }

func (o *overlay) setGoMod(source []byte) error {
	return os.WriteFile(filepath.Join(o.dir, "go.mod"), source, 0o600)
}

// set lays a file over one of the module.
func (o *overlay) set(name string, source []byte) error {
	to := filepath.Join(o.dir, fmt.Sprintf("%d-%s", len(o.replaced), filepath.Base(name)))
	o.replaced[name] = to
	if err := os.WriteFile(to, source, 0o600); err != nil {
		return err
	}
	list, err := json.Marshal(map[string]any{"Replace": o.replaced})
	if err != nil {
		return err
	}
	return os.WriteFile(o.list(), list, 0o600)
}

func (o *overlay) list() string { return filepath.Join(o.dir, "overlay.json") }

// flags are those that make a command of the go program read the overlay.
func (o *overlay) flags() []string {
	flags := []string{"-modfile=" + filepath.Join(o.dir, "go.mod")}
	if len(o.replaced) > 0 {
		flags = append(flags, "-overlay="+o.list())
	}
	return flags
}

// buildFlags are flags, and those that only commands with packages have.
func (o *overlay) buildFlags() []string {
	flags := append(o.flags(), "-mod=mod")
	if o.tags != "" {
		flags = append(flags, "-tags="+o.tags)
	}
	return flags
}

// tidy brings go.mod and go.sum of the overlay up to date.
func (o *overlay) tidy() error {
	out, err := runGo(o.root, append([]string{"mod", "tidy"}, o.flags()...)...)
	if err != nil {
		return refuse("go mod tidy fails with the changes.", out)
	}
	return nil
}

// file returns go.mod or go.sum of the overlay; nothing if it is not there.
func (o *overlay) file(name string) ([]byte, error) {
	source, err := os.ReadFile(filepath.Join(o.dir, name))
	if os.IsNotExist(err) {
		return nil, nil
	}
	return source, err
}

// clean writes the names of the module's files where the text has those of the temporary folder.
func (o *overlay) clean(text string) string {
	for name, to := range o.replaced {
		text = strings.ReplaceAll(text, to, name)
	}
	text = strings.ReplaceAll(text, o.dir, "(new)")
	return strings.ReplaceAll(text, o.root+string(filepath.Separator), "")
}

// goEnv is the environment of the go command. A workspace would hide the module's own
// requirements, and a -mod flag would contradict the ones given.
func goEnv() []string {
	env := append(os.Environ(), "GOWORK=off")
	if flags := os.Getenv("GOFLAGS"); flags != "" {
		var kept []string
		for _, f := range strings.Fields(flags) {
			name, _, _ := strings.Cut(strings.TrimLeft(f, "-"), "=")
			if name != "mod" && name != "modfile" && name != "overlay" {
				kept = append(kept, f)
			}
		}
		env = append(env, "GOFLAGS="+strings.Join(kept, " "))
	}
	return env
}

// runGo runs the go command in a folder and returns what it prints, errors included.
func runGo(dir string, args ...string) (string, error) {
	var out bytes.Buffer
	err := goCommand(dir, &out, &out, args...)
	return out.String(), err
}

func goCommand(dir string, stdout, stderr io.Writer, args ...string) error {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(goEnv(), "PWD="+dir)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	return cmd.Run()
}
