// SPDX-License-Identifier: Apache-2.0

package examples_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/testkit"
)

// patience is how long a test waits for a program to start. The machine may be busy.
const patience = 30 * time.Second

func TestTheReadmeOfHelloShowsWhatHappens(t *testing.T) {
	program := testkit.Start(t, testkit.Build(t, "./hello"), "-addr", "127.0.0.1:0")
	base := program.Find(`^Serving metrics on: (http://127\.0\.0\.1:\d+)/metrics\n`, patience)[1]
	text, err := os.ReadFile("hello/README.md")
	require.NoError(t, err)
	readme := string(text)

	greeting := testkit.Fetch(t, base+"/hello/Ada")
	require.Contains(t, readme, "/hello/Ada\n"+greeting)
	page := testkit.Fetch(t, base+"/metrics")
	_, shown, found := strings.Cut(readme, "about itself:\n\n```\n")
	require.True(t, found)
	shown, _, _ = strings.Cut(shown, "```")
	lines := strings.Split(strings.TrimSpace(shown), "\n")
	require.Len(t, lines, 6)
	for _, line := range lines {
		require.Contains(t, page, line+"\n")
	}
	require.Contains(t, page, "\nlatency_seconds_count{")
	require.Contains(t, page, "\nuptime_seconds{")
}
