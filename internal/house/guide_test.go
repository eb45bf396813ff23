// SPDX-License-Identifier: Apache-2.0

package house

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export"
)

// packages are those that the snippets of the guide may use, by the name they use them under.
var packages = map[string]string{
	"bytes": "bytes", "context": "context", "errors": "errors", "fmt": "fmt", "gzip": "compress/gzip", "io": "io",
	"expvar": "expvar",
	"log":    "log", "http": "net/http", "httptest": "net/http/httptest", "sql": "database/sql", "strings": "strings",
	"testing": "testing", "time": "time",
	"engine": module + "/engine", "collect": module + "/engine/collect", "metrictest": module + "/engine/metrictest",
	"export": module + "/export", "push": module + "/export/push", "remote": module + "/export/remote",
	"live":      module + "/export/live",
	"expvars":   module + "/export/expvars",
	"otlp":      module + "/export/otlp",
	"histogram": module + "/histogram", "metricdoc": module + "/metricdoc",
}

var (
	usedPackage = regexp.MustCompile(`\b([a-z]+)\.[A-Z]`)
	printed     = regexp.MustCompile(`(?m)fmt\.Println\(.*\)\s*// (.*)$`)
	declares    = regexp.MustCompile(`(?m)^func [A-Za-z(]`) // a function or a method, and not statements
	testSnippet = regexp.MustCompile(`(?m)^func Test`)
)

// source makes a file of package main from declarations, with the imports that they need.
func source(declarations string) string {
	imports := map[string]bool{}
	for _, match := range usedPackage.FindAllStringSubmatch(declarations, -1) {
		if path, ok := packages[match[1]]; ok {
			imports[path] = true
		}
	}
	var file strings.Builder
	file.WriteString("package main\n\nimport (\n")
	for _, path := range slices.Sorted(maps.Keys(imports)) {
		fmt.Fprintf(&file, "\t%q\n", path)
	}
	fmt.Fprintf(&file, ")\n\n%s", declarations)
	return file.String()
}

// guidePrograms makes a program of all snippets of the guide, and a file of tests. A snippet is
// statements, of which it makes a function that main calls with an empty default registry, or
// declarations, or declarations of a test. The program prints want.
func guidePrograms(t *testing.T) (program, tests, want string) {
	snippets := goBlocks(t, "docs/guide.md")
	require.Greater(t, len(snippets), 15)
	var main, test, calls, prints strings.Builder
	for i, snippet := range snippets {
		switch {
		case testSnippet.MatchString(snippet):
			test.WriteString(snippet + "\n")
			continue
		case declares.MatchString(snippet):
			main.WriteString(snippet + "\n")
			continue
		}
		for _, match := range printed.FindAllStringSubmatch(snippet, -1) {
			fmt.Fprintln(&prints, match[1])
		}
		fmt.Fprintf(&main, "func snippet%d() {\n%s}\n\n", i, snippet)
		fmt.Fprintf(&calls, "\tengine.Default().Clear()\n\tsnippet%d()\n", i)
	}
	fmt.Fprintf(&main, "func main() {\n%s}\n", &calls)
	require.NotZero(t, test.Len())
	return source(main.String()), source(test.String()), prints.String()
}

// TestSnippetsOfTheGuideRun runs the program and the tests of [guidePrograms].
func TestSnippetsOfTheGuideRun(t *testing.T) {
	program, tests, want := guidePrograms(t)
	cmd := exec.Command(build(t, program))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "%s", &stderr)
	require.Equal(t, want, string(out))

	file := filepath.Join(t.TempDir(), "main_test.go")
	require.NoError(t, os.WriteFile(file, []byte(tests), 0o600))
	cmd = exec.Command("go", "test", "-v", file)
	cmd.Dir = root
	out, err = cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "--- PASS: Test")
}

// TestTheGuideListsTheMetricsOfMiddlewareAndRoundTripper compares the tables of the guide with what
// the two define: names, types and labels.
func TestTheGuideListsTheMetricsOfMiddlewareAndRoundTripper(t *testing.T) {
	reg := engine.NewRegistry()
	export.Middleware(reg)
	export.RoundTripper(nil, reg)
	var want []string
	for info := range reg.All() {
		if !strings.HasPrefix(info.Name, "http_") {
			continue // the registry's own
		}
		labels := "none"
		if len(info.Labels) > 0 {
			labels = "`" + strings.Join(info.Labels, "`, `") + "`"
		}
		want = append(want, fmt.Sprintf("| `%s` | %s | %s |", info.Name, info.Type, labels))
	}
	slices.Sort(want)
	require.Len(t, want, 7+4)

	guide, err := os.ReadFile(filepath.Join(root, "docs/guide.md"))
	require.NoError(t, err)
	got := regexp.MustCompile("(?m)^\\| `http_\\w+` \\|[^|]*\\|[^|]*\\|").FindAllString(string(guide), -1)
	slices.Sort(got)
	require.Equal(t, want, got)
}
