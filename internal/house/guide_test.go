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
	"bytes": "bytes", "context": "context", "errors": "errors", "fmt": "fmt", "log": "log", "http": "net/http",
	"httptest": "net/http/httptest", "sql": "database/sql", "strings": "strings", "testing": "testing", "time": "time",
	"engine": module + "/engine", "collect": module + "/engine/collect", "metrictest": module + "/engine/metrictest",
	"export": module + "/export", "push": module + "/export/push", "histogram": module + "/histogram",
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

// TestSnippetsOfTheGuideRun makes one program of all snippets of the guide: each is a function that
// main calls with an empty default registry, or declarations, or declarations of a test. It runs the
// program, compares what its Println calls print with the comments behind them, and runs the tests.
func TestSnippetsOfTheGuideRun(t *testing.T) {
	snippets := goBlocks(t, "docs/guide.md")
	require.Greater(t, len(snippets), 15)
	var program, tests, calls, want strings.Builder
	for i, snippet := range snippets {
		switch {
		case testSnippet.MatchString(snippet):
			tests.WriteString(snippet + "\n")
			continue
		case declares.MatchString(snippet):
			program.WriteString(snippet + "\n")
			continue
		}
		for _, match := range printed.FindAllStringSubmatch(snippet, -1) {
			fmt.Fprintln(&want, match[1])
		}
		fmt.Fprintf(&program, "func snippet%d() {\n%s}\n\n", i, snippet)
		fmt.Fprintf(&calls, "\tengine.Default().Clear()\n\tsnippet%d()\n", i)
	}
	fmt.Fprintf(&program, "func main() {\n%s}\n", &calls)

	cmd := exec.Command(build(t, source(program.String())))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "%s", &stderr)
	require.Equal(t, want.String(), string(out))

	require.NotZero(t, tests.Len())
	file := filepath.Join(t.TempDir(), "main_test.go")
	require.NoError(t, os.WriteFile(file, []byte(source(tests.String())), 0o600))
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
