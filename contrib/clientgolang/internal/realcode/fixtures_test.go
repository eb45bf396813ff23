// SPDX-License-Identifier: Apache-2.0

package realcode

import (
	"bufio"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// unpackFixtures gives node_exporter the fixtures of its tests that a module cannot have as they
// are: its repository keeps them packed, because some are symbolic links, and one link is missing.
func unpackFixtures(t *testing.T, dir string) {
	dir = filepath.Join(dir, "collector", "fixtures")
	for _, name := range []string{"sys.ttar", "udev.ttar"} {
		unpack(t, filepath.Join(dir, name), dir)
	}
	require.NoError(t, os.Symlink("10", filepath.Join(dir, "proc", "self")))
}

// unpack does what node_exporter's program ttar does with an archive, which takes it 14 seconds. An
// archive is a text. Its headers are "Directory", "Path" with "Lines" or "SymlinkTo", and "Mode".
func unpack(t *testing.T, archive, dir string) {
	file, err := os.Open(archive)
	require.NoError(t, err)
	defer file.Close()
	// EOF says that a line has no newline. A backslash before either word keeps it.
	words := strings.NewReplacer(`\NULLBYTE`, "NULLBYTE", "NULLBYTE", "\x00", `\EOF`, "EOF", "EOF\n", "")
	path := ""
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		header, value, _ := strings.Cut(lines.Text(), ": ")
		switch header {
		case "Directory":
			require.NoError(t, os.MkdirAll(filepath.Join(dir, value), 0o755))
		case "Path":
			path = filepath.Join(dir, value)
		case "SymlinkTo":
			require.NoError(t, os.Symlink(value, path))
		case "Lines":
			n, err := strconv.Atoi(value)
			require.NoError(t, err)
			var content strings.Builder
			for ; n > 0 && lines.Scan(); n-- {
				content.WriteString(lines.Text() + "\n")
			}
			require.NoError(t, os.WriteFile(path, []byte(words.Replace(content.String())), 0o600))
		}
	}
	require.NoError(t, lines.Err())
	require.NotEmpty(t, path)
}
