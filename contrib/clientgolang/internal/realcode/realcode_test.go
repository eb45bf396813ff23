// SPDX-License-Identifier: Apache-2.0

package realcode

import (
	"bytes"
	"encoding/json"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// modules are a library of interceptors whose metrics types are collectors, an exporter that makes
// its Vecs as events come in, and an exporter of custom collectors with constant metrics.
var modules = map[string]module{
	"grpc": {
		path: "github.com/grpc-ecosystem/go-grpc-middleware/providers/prometheus", version: "v1.1.0",
		sum:      "h1:QGLs/O40yoNK9vmy4rhUGBVyMf1lISBGtXRpsu/Qu/o=",
		packages: []string{"."}, driver: "grpc_test.go",
	},
	"statsd": {
		path: "github.com/prometheus/statsd_exporter", version: "v0.31.0",
		sum:      "h1:luXCp7OqyDJEV+2gIbaB0ia9ELmaUyWmI+m1bTNRvdU=",
		packages: []string{".", "./pkg/..."}, driver: "statsd_test.go",
	},
	"node": {
		path: "github.com/prometheus/node_exporter", version: "v1.12.1",
		sum:      "h1:LzcZ6SqJRH2EULBz3Paa1t1uzQaaoo9domuz8FQDkiY=",
		packages: []string{".", "./collector"}, driver: "node_test.go", prepare: unpackFixtures,
	},
}

// TestImportPathsAloneMoveRealCode moves each module, and asks its own tests, go vet and its pages
// whether that made a difference.
func TestImportPathsAloneMoveRealCode(t *testing.T) {
	for name, m := range modules {
		t.Run(name, func(t *testing.T) {
			before, after := m.copies(t)
			t.Run("its imports are moved", func(t *testing.T) { compareImports(t, after) })
			t.Run("its own tests have the same results", func(t *testing.T) { compareTests(t, before, after) })
			t.Run("vet has the same to say", func(t *testing.T) { require.Equal(t, before.vet(), after.vet()) })
			t.Run("its pages are equal", func(t *testing.T) { comparePages(t, before, after) })
		})
	}
}

// compareImports wants no import of a path that should be moved.
func compareImports(t *testing.T, after tree) {
	args := append([]string{"list", "-test", "-f", `{{join .Imports "\n"}}`}, after.packages...)
	imports := strings.Fields(string(after.must(t, args...)))
	for from := range moves {
		require.NotContains(t, imports, from)
	}
	require.Contains(t, imports, ours)
	require.Contains(t, imports, moves[theirs+"/promhttp"])
}

// compareTests wants all tests to pass or to be skipped as before.
func compareTests(t *testing.T, before, after tree) {
	want := before.test(t)
	passed := 0
	for test, result := range want {
		require.NotEqual(t, "fail", result, "%s fails as it is", test)
		if result == "pass" {
			passed++
		}
	}
	require.Greater(t, passed, 10)
	require.Equal(t, want, after.test(t))
	t.Logf("%d tests and packages pass before and after", passed)
}

// test runs the tests of the packages, and returns their results. If one fails, all run again: some
// want a goroutine to be ready within milliseconds, which a busy machine does not grant.
func (c tree) test(t *testing.T) map[string]string {
	t.Helper()
	var results map[string]string
	for range 3 {
		var printed string
		results, printed = c.testOnce()
		require.NotEmpty(t, results, printed)
		if !slices.Contains(slices.Collect(maps.Values(results)), "fail") {
			break
		}
		t.Logf("in %s:\n%s", c.dir, printed)
	}
	return results
}

// testOnce also returns what the tests that fail have printed.
func (c tree) testOnce() (results map[string]string, printed string) {
	// What vet finds is compared, and may be something.
	out, _ := c.run(append([]string{"test", "-vet=off", "-count=1", "-timeout=2m", "-json"}, c.packages...)...)
	results = map[string]string{}
	outputs := map[string]string{}
	for line := range bytes.Lines(out) {
		var event struct{ Action, Package, Test, Output string }
		if json.Unmarshal(line, &event) != nil {
			printed += string(line)
			continue
		}
		name := event.Package + " " + event.Test
		outputs[name] += event.Output
		switch event.Action {
		case "fail":
			printed += outputs[name]
			fallthrough
		case "pass", "skip":
			results[name] = event.Action
		case "build-output":
			printed += event.Output
		}
	}
	return results, printed
}

// vet returns the findings of go vet, with files by their base names: go repeats a finding that it
// has in its cache with the directory of an earlier test.
func (c tree) vet() []string {
	out, err := c.run(append([]string{"vet"}, c.packages...)...)
	if err == nil {
		return nil
	}
	lines := slices.DeleteFunc(strings.Split(string(out), "\n"), func(line string) bool {
		return line == "" || strings.HasPrefix(line, "#") || strings.HasPrefix(line, "go: downloading")
	})
	for i, line := range lines {
		file, finding, _ := strings.Cut(line, ":")
		lines[i] = path.Base(file) + ":" + finding
	}
	slices.Sort(lines)
	return lines
}

func TestOnlyImportPathsAreMoved(t *testing.T) {
	source := `package p // "github.com/prometheus/client_golang/prometheus"

import (
	. "github.com/prometheus/client_golang/prometheus"
	version "github.com/prometheus/client_golang/prometheus/collectors/version"
	"github.com/prometheus/client_golang/prometheus/push" // push
)

const text = "github.com/prometheus/client_golang/prometheus"
`
	moved, n, err := moveSource([]byte(source))
	require.NoError(t, err)
	require.Equal(t, 2, n)
	want := strings.Replace(source, `. "`+theirs, `. "`+ours, 1)
	want = strings.Replace(want, theirs+"/push", moves[theirs+"/push"], 1)
	require.Equal(t, want, string(moved))
}
