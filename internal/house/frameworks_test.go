// SPDX-License-Identifier: Apache-2.0

package house

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var linkToSource = regexp.MustCompile(`\]\(\.\./([^)#]+\.go)\)`)

// trimmed returns the lines of a text without their indentation.
func trimmed(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		lines = append(lines, strings.TrimSpace(line))
	}
	return "\n" + strings.Join(lines, "\n") + "\n"
}

// The blocks of docs/frameworks.md need modules that the root has not. They stand in programs and
// examples that their own modules test.
func TestBlocksOfFrameworksStandInTheProgramsThatTheyLinkTo(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs/frameworks.md"))
	require.NoError(t, err)
	parts := strings.Split(string(page), "```go\n")
	require.Greater(t, len(parts), 15)
	file := ""
	for i, part := range parts {
		block, prose := "", part
		if i > 0 {
			var ok bool
			block, prose, ok = strings.Cut(part, "```\n")
			require.True(t, ok, "block %d does not end", i)
			require.NotEmpty(t, strings.TrimSpace(block), "block %d", i)
			require.NotEmpty(t, file, "block %d has no link to a program before it", i)
			source, err := os.ReadFile(filepath.Join(root, file))
			require.NoError(t, err)
			there := strings.Contains(trimmed(string(source)), trimmed(block))
			require.True(t, there, "%s does not have this block:\n%s", file, block)
		}
		if links := linkToSource.FindAllStringSubmatch(prose, -1); links != nil {
			file = links[len(links)-1][1]
		}
	}
}
