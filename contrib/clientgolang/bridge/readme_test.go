// SPDX-License-Identifier: Apache-2.0

package bridge_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheProgramOfTheReadmeCompiles(t *testing.T) {
	readme := string(must(os.ReadFile("../README.md")))
	_, program, found := strings.Cut(readme, "```go\n")
	require.True(t, found)
	program, _, _ = strings.Cut(program, "```")
	dir := t.TempDir()
	file := filepath.Join(dir, "main.go")
	require.NoError(t, os.WriteFile(file, []byte(program), 0o600))
	out, err := exec.Command("go", "build", "-o", filepath.Join(dir, "main"), file).CombinedOutput()
	require.NoError(t, err, "%s", out)
}
