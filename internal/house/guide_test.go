// SPDX-License-Identifier: Apache-2.0

package house

import (
	"fmt"
	"maps"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// packages are those that the snippets of the guide may use, by the name they use them under.
var packages = map[string]string{
	"bytes": "bytes", "context": "context", "errors": "errors", "fmt": "fmt", "log": "log", "http": "net/http",
	"httptest": "net/http/httptest", "strings": "strings", "time": "time",
	"engine": module + "/engine", "export": module + "/export", "push": module + "/export/push",
	"histogram": module + "/histogram",
}

var (
	usedPackage = regexp.MustCompile(`\b([a-z]+)\.[A-Z]`)
	printed     = regexp.MustCompile(`(?m)fmt\.Println\(.*\)\s*// (.*)$`)
)

// TestSnippetsOfTheGuideRun makes one program of all snippets, each with an empty default registry, and compares what
// their Println calls print with the comments behind them.
func TestSnippetsOfTheGuideRun(t *testing.T) {
	snippets := goBlocks(t, "docs/guide.md")
	require.Greater(t, len(snippets), 15)
	imports := map[string]bool{module + "/engine": true}
	var functions, main, want strings.Builder
	for i, snippet := range snippets {
		for _, match := range usedPackage.FindAllStringSubmatch(snippet, -1) {
			if path, ok := packages[match[1]]; ok {
				imports[path] = true
			}
		}
		for _, match := range printed.FindAllStringSubmatch(snippet, -1) {
			fmt.Fprintln(&want, match[1])
		}
		fmt.Fprintf(&functions, "func snippet%d() {\n%s}\n\n", i, snippet)
		fmt.Fprintf(&main, "\tengine.Default().Clear()\n\tsnippet%d()\n", i)
	}
	var program strings.Builder
	program.WriteString("package main\n\nimport (\n")
	for _, path := range slices.Sorted(maps.Keys(imports)) {
		fmt.Fprintf(&program, "\t%q\n", path)
	}
	fmt.Fprintf(&program, ")\n\n%sfunc main() {\n%s}\n", &functions, &main)

	cmd := exec.Command(build(t, program.String()))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "%s", &stderr)
	require.Equal(t, want.String(), string(out))
}
