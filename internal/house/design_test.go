// SPDX-License-Identifier: Apache-2.0

package house

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// firstCells returns the names in back quotes in the first cell of each row of the table that
// follows a heading of docs/design.md.
func firstCells(t *testing.T, heading string) (rows [][]string) {
	text, err := os.ReadFile(filepath.Join(root, "docs/design.md"))
	require.NoError(t, err)
	_, section, found := strings.Cut(string(text), heading+"\n")
	require.True(t, found, heading)
	_, table, found := strings.Cut(section, "\n|---|---|\n")
	require.True(t, found, heading)
	for line := range strings.Lines(table) {
		if !strings.HasPrefix(line, "| ") {
			break
		}
		rows = append(rows, codes(strings.Split(line, "|")[1]))
	}
	return rows
}

func TestTheDesignListsThePackagesByFloor(t *testing.T) {
	rows := firstCells(t, "## The packages")
	there := map[string]bool{}
	above := attic
	for _, row := range rows {
		for _, dir := range row {
			require.LessOrEqual(t, floor(dir), above, "%s is further down than a package that it may import", dir)
			there[dir] = true
		}
		above = floor(row[0])
	}
	for dir := range floors {
		require.True(t, there[dir], "docs/design.md has no row for %s", dir)
	}
}

func TestTheDesignListsTheFilesOfEngineByLayer(t *testing.T) {
	rows := firstCells(t, "### The files of engine")
	slices.Reverse(rows)
	require.Len(t, rows, len(layers))
	for i, row := range rows {
		want := slices.DeleteFunc(slices.Clone(layers[i]), func(file string) bool { return file == "doc" })
		require.ElementsMatch(t, want, row)
	}
}
