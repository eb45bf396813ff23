// SPDX-License-Identifier: Apache-2.0

package house

import (
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// goBlocks returns the Go code blocks of a Markdown file.
func goBlocks(t *testing.T, name string) []string {
	source, err := os.ReadFile(filepath.Join(root, name))
	require.NoError(t, err)
	var blocks []string
	for _, part := range strings.Split(string(source), "```go\n")[1:] {
		block, _, ok := strings.Cut(part, "```")
		require.True(t, ok, "a code block of %s does not end", name)
		blocks = append(blocks, block)
	}
	return blocks
}

// build compiles a program as if it were part of the module.
func build(t *testing.T, program string) (binary string) {
	dir := t.TempDir()
	source := filepath.Join(dir, "main.go")
	require.NoError(t, os.WriteFile(source, []byte(program), 0o600))
	binary = filepath.Join(dir, "main")
	cmd := exec.Command("go", "build", "-o", binary, source)
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s\n%s", out, program)
	return binary
}

func TestFirstProgramOfTheReadmeServesItsMetrics(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := listener.Addr().String()
	require.NoError(t, listener.Close())

	program := goBlocks(t, "README.md")[0]
	require.Contains(t, program, "127.0.0.1:8000")
	cmd := exec.Command(build(t, strings.ReplaceAll(program, "127.0.0.1:8000", addr)))
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})

	get := func(path string) (string, error) {
		resp, err := http.Get("http://" + addr + path)
		if err != nil {
			return "", err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		return string(body), err
	}
	require.Eventually(t, func() bool {
		_, err := get("/hello")
		return err == nil
	}, 10*time.Second, 20*time.Millisecond)
	page, err := get("/metrics")
	require.NoError(t, err)
	require.Contains(t, page, "# TYPE http_requests_total counter\nhttp_requests_total{path=\"/hello\"} 1\n")
}

func TestSecondProgramOfTheReadmeCompilesAndRuns(t *testing.T) {
	binary := build(t, secondOfReadme(t))
	out, err := exec.Command(binary).CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// secondOfReadme makes a program of the second block of the README, which is statements.
func secondOfReadme(t *testing.T) string {
	return `package main

import "github.com/quipu-metrics/quipu/engine"

func main() {
` + goBlocks(t, "README.md")[1] + `
	if err != nil || requests.With("GET", "200").Value() != 4 || hits.With(route{"GET", 200}).Value() != 1 {
		panic("wrong")
	}
	done.Inc()
}
`
}
