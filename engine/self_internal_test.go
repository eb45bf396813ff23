// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheGuideListsTheRegistrysOwnMetrics(t *testing.T) {
	guide, err := os.ReadFile("../docs/guide.md")
	require.NoError(t, err)
	_, section, found := strings.Cut(string(guide), "\n## The registry's own metrics\n")
	require.True(t, found)
	section, _, _ = strings.Cut(section, "\n## ")
	var listed, want []string
	for line := range strings.Lines(section) {
		if cells := strings.Split(line, "|"); strings.HasPrefix(line, "| `quipu_") {
			listed = append(listed, strings.Join(cells[1:4], "|"))
			require.Greater(t, len(cells[4]), 10, line)
		}
	}
	for _, m := range selfMetrics {
		d := m.definition()
		labels := " "
		if len(d.labels) > 0 {
			labels = " " + strings.Join(d.labels, ", ") + " "
		}
		want = append(want, fmt.Sprintf(" `%s` | %s |%s", d.name, d.typ, labels))
	}
	require.Equal(t, want, listed)
}
