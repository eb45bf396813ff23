// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestImportsMoveWithAllTheirForms(t *testing.T) {
	dir := unpack(t, "import/simple.txtar")
	crlf := filepath.Join(dir, "crlf.go")
	source, err := os.ReadFile(crlf)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(crlf, []byte(strings.ReplaceAll(string(source), "\n", "\r\n")), 0o640))
	before := snapshot(t, dir)

	summary, err := migrate(t, Options{Dir: dir, Stage: "import"})
	require.NoError(t, err)
	require.Equal(t, before, snapshot(t, dir), "without -write nothing is written")
	require.Contains(t, summary, "13 uses of 8 identifiers in 10 files move to "+twinModule+":\n"+
		"      3 prometheus.Labels\n")
	for _, part := range []string{
		"not counted, for their dot imports:\n        dot/dot.go\n",
		"must be changed too:\n        dot/generated.go\n",
		"so not checked:\n        dot/dot_plan9.go\n        dot/ignored.go\n",
		"ignores their folders:\n        dot/testdata/data.go\n",
		"Nothing is written: use -write.\n",
	} {
		require.Contains(t, summary, part)
	}

	diff, err := migrate(t, Options{Dir: dir + "/...", Stage: "import", Diff: true})
	require.NoError(t, err)
	require.Equal(t, before, snapshot(t, dir), "-diff writes nothing")

	summary, err = migrate(t, Options{Dir: filepath.Join(dir, "dot"), Stage: "import", Write: true})
	require.NoError(t, err)
	require.NotContains(t, summary, "Nothing is written")
	after := snapshot(t, dir)
	require.Len(t, after, len(before)+1, "go.sum is new")
	for name, source := range before {
		if strings.HasPrefix(name, "nested/") || strings.HasPrefix(name, "dot/testdata/") {
			require.Equal(t, source, after[name], name)
			continue
		}
		if filepath.Ext(name) != ".go" {
			continue
		}
		for line := range strings.Lines(after[name]) {
			if strings.Contains(line, clientModule) {
				require.Regexp(t, `graphite"|// The text|Println`, line, name)
			}
		}
	}
	require.Contains(t, after["main.go"], "\tprom \""+twinModule+"/prometheus\" // another\n")
	require.Contains(t, after["raw.go"], "import p2 \""+twinModule+"/prometheus\"\n")
	require.Contains(t, after["unformatted.go"], `import ("`+twinModule+`/prometheus";"errors")`)
	require.Contains(t, after["crlf.go"], "import \""+twinModule+"/prometheus\"\r\n")
	require.Contains(t, after["dot/dot.go"], "import . \""+twinModule+"/prometheus\"\n")
	info, err := os.Stat(crlf)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "permissions stay")

	requireThatTheDiffMakes(t, diff, before, after)

	out, err := runGo(dir, "vet", "./...")
	require.NoError(t, err, out)
	summary, err = migrate(t, Options{Dir: dir, Stage: "import", Write: true})
	require.NoError(t, err)
	require.Contains(t, summary, "0 uses of 0 identifiers", "only graphite is left, which has no twin")
	require.Equal(t, after, snapshot(t, dir), "a second run changes nothing")
}

// requireThatTheDiffMakes applies a diff by the program patch, if it is installed.
func requireThatTheDiffMakes(t *testing.T, diff string, before, after map[string]string) {
	patch, err := exec.LookPath("patch")
	if err != nil {
		t.Log("NOT TESTED: patch is not installed")
		return
	}
	dir := t.TempDir()
	for name, source := range before {
		file := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
		require.NoError(t, os.WriteFile(file, []byte(source), 0o600))
	}
	cmd := exec.Command(patch, "-p1", "-s", "--binary")
	cmd.Dir = dir
	cmd.Stdin = strings.NewReader(diff)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Equal(t, after, snapshot(t, dir))
}

func TestAModuleThatWouldNotCompileStaysAsItIs(t *testing.T) {
	for name, test := range map[string]struct{ file, source, reason string }{
		"a type of client_golang's in code": {"main.go", `package main

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"example.com/refused/other"
)

var _ = promlint.Problem{}

func main() { other.Take(prometheus.NewCounterVec(prometheus.CounterOpts{Name: "a_total"}, nil)) }
`, "1 of the errors are about types that quipu has of its own"},
		"a type of client_golang's in a test": {"a_test.go", `package main

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"example.com/refused/other"
)

func TestTake(t *testing.T) {
	other.Take(prometheus.NewCounterVec(prometheus.CounterOpts{Name: "a_total"}, nil))
}
`, "go vet has new complaints with the changes.\n1 of the errors are about types"},
		"an error that was there before": {"a.go", `package main

import "github.com/prometheus/client_golang/prometheus"

var _ int = prometheus.Labels{}
`, "The module does not build without the changes either."},
		"a file that is no Go": {"a.go", "package main\n\nimport \"" + clientModule + "\"\n\nfunc {",
			"A file cannot be parsed"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := unpackText(t, `
-- go.mod --
module example.com/refused

go 1.26.0

require (
	github.com/prometheus/client_golang v1.25.0
	example.com/refused/other v0.0.0
)

replace example.com/refused/other => ./other
-- main_plain.go --
package main
-- other/go.mod --
module example.com/refused/other

go 1.26.0

require github.com/prometheus/client_golang v1.25.0
-- other/other.go --
package other

import "github.com/prometheus/client_golang/prometheus"

func Take(v *prometheus.CounterVec) {}
-- `+test.file+" --\n"+test.source)
			if test.file != "main.go" {
				plain := filepath.Join(dir, "main_plain.go")
				require.NoError(t, os.WriteFile(plain, []byte("package main\n\nfunc main() {}\n"), 0o600))
			}
			before := snapshot(t, dir)
			out, err := migrate(t, Options{Dir: dir, Stage: "import", Write: true})
			var refusal *Refusal
			require.ErrorAs(t, err, &refusal)
			require.ErrorContains(t, err, test.reason)
			require.Empty(t, out)
			require.Equal(t, before, snapshot(t, dir))
		})
	}
}
