// SPDX-License-Identifier: Apache-2.0

package realcode

import (
	"bytes"
	"encoding/json"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	theirs = "github.com/prometheus/client_golang/prometheus"
	ours   = "github.com/quipu-metrics/quipu/contrib/clientgolang/prometheus"
)

// moves are the import paths that change.
var moves = map[string]string{
	theirs:                 ours,
	theirs + "/promauto":   strings.TrimSuffix(ours, "prometheus") + "promauto",
	theirs + "/promhttp":   strings.TrimSuffix(ours, "prometheus") + "promhttp",
	theirs + "/testutil":   strings.TrimSuffix(ours, "prometheus") + "testutil",
	theirs + "/collectors": strings.TrimSuffix(ours, "prometheus") + "collectors",
	theirs + "/push":       strings.TrimSuffix(ours, "prometheus") + "push",
}

// module is a module that others have written.
type module struct {
	path, version, sum string

	packages []string // whose tests run
	driver   string   // the file in testdata, which gets into the first of them
	prepare  func(t *testing.T, dir string)
}

// tree is a copy of a module.
type tree struct {
	module
	dir string
}

// copies returns two copies of the module: as it is, but with the client_golang of this module, and
// with the import paths moved.
func (m module) copies(t *testing.T) (before, after tree) {
	t.Helper()
	if testing.Short() {
		t.Skip("it builds other modules")
	}
	before, after = tree{m, t.TempDir()}, tree{m, t.TempDir()}
	require.NoError(t, os.CopyFS(before.dir, os.DirFS(m.download(t))))
	if m.prepare != nil {
		m.prepare(t, before.dir)
	}
	require.NoError(t, os.CopyFS(after.dir, os.DirFS(before.dir)))
	require.Positive(t, move(t, after.dir))
	root, err := filepath.Abs("../../../..")
	require.NoError(t, err)
	const quipu, nested = "github.com/quipu-metrics/quipu", "/contrib/clientgolang"
	version := clientVersion(t)
	before.must(t, "mod", "edit", "-require="+version)
	after.must(t, "mod", "edit", "-require="+version,
		"-require="+quipu+"@v0.0.0", "-replace="+quipu+"="+root,
		"-require="+quipu+nested+"@v0.0.0", "-replace="+quipu+nested+"="+root+nested)
	if out, err := before.run(append([]string{"list", "-deps", "-test"}, m.packages...)...); err != nil {
		missing(t, "what "+m.path+" depends on", string(out))
	}
	return before, after
}

// download returns the directory of the module in the module cache.
func (m module) download(t *testing.T) string {
	t.Helper()
	var answer struct{ Dir, Sum, Error string }
	out, err := tree{m, t.TempDir()}.run("mod", "download", "-json", m.path+"@"+m.version)
	if json.Unmarshal(out, &answer) != nil || err != nil || answer.Dir == "" {
		missing(t, m.path+" "+m.version, string(out))
	}
	require.Equal(t, m.sum, answer.Sum, "that is another %s", m.path)
	return answer.Dir
}

// missing skips a test that cannot have the modules that it needs. In continuous integration it
// fails.
func missing(t *testing.T, what, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s cannot be downloaded, and CI=true: %s", what, why)
	}
	t.Skipf("NOT TESTED: %s cannot be downloaded: %s", what, why)
}

// clientVersion returns client_golang at the version of this module.
func clientVersion(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Path}}@{{.Version}}", filepath.Dir(theirs)).Output()
	require.NoError(t, err)
	return strings.TrimSpace(string(out))
}

// move changes the import paths in all files below dir, and nothing else. It returns their number.
func move(t *testing.T, dir string) int {
	t.Helper()
	changed := 0
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" {
			return err
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		moved, n, err := moveSource(source)
		if err != nil || n == 0 {
			return err
		}
		changed += n
		return os.WriteFile(path, moved, 0o600)
	}))
	return changed
}

// moveSource returns the source with its import paths changed, and how many that were.
func moveSource(source []byte) (moved []byte, n int, err error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "", source, parser.ImportsOnly)
	if err != nil {
		return nil, 0, err
	}
	moved = source
	for _, spec := range slices.Backward(file.Imports) {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, 0, err
		}
		if to, ok := moves[path]; ok {
			from, end := files.Position(spec.Path.Pos()).Offset, files.Position(spec.Path.End()).Offset
			moved = slices.Concat(moved[:from], []byte(strconv.Quote(to)), moved[end:])
			n++
		}
	}
	return moved, n, nil
}

// add writes a file of testdata into the first package, as a part of that package.
func (c tree) add(t *testing.T, name string, moved bool) {
	t.Helper()
	source, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	if moved {
		source, _, err = moveSource(source)
		require.NoError(t, err)
	}
	names, err := c.run("list", "-f", "{{.Name}}", c.packages[0])
	require.NoError(t, err)
	clause := []byte("package " + strings.TrimSpace(string(names)))
	source = regexp.MustCompile(`(?m)^package \w+`).ReplaceAll(source, clause)
	path := filepath.Join(c.dir, c.packages[0], "quipu_"+filepath.Base(name))
	require.NoError(t, os.WriteFile(path, source, 0o600))
}

// run runs the go command in the copy, and returns what it prints to its standard output, and also
// to its standard error if it fails.
func (c tree) run(args ...string) ([]byte, error) { return c.runWith(nil, args...) }

func (c tree) runWith(env []string, args ...string) ([]byte, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir = c.dir
	// With -trimpath, go builds a package in another directory only once.
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod -buildvcs=false -trimpath", "GOWORK=off", "PWD="+c.dir)
	cmd.Env = append(cmd.Env, env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if err != nil {
		stdout.Write(stderr.Bytes())
	}
	return stdout.Bytes(), err
}

// must is run for what must succeed.
func (c tree) must(t *testing.T, args ...string) []byte {
	t.Helper()
	out, err := c.run(args...)
	require.NoError(t, err, "go %s: %s", strings.Join(args, " "), out)
	return out
}
