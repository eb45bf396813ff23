// SPDX-License-Identifier: Apache-2.0

//go:build !race && (amd64 || arm64)

package engine_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Each of these functions only calls another one. If the compiler stops inlining it, an update or a
// lookup pays for a second call, and the values of With move to the heap.
func TestHotFunctionsAreInlined(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		require.NotEqual(t, "true", os.Getenv("CI"), "no go command")
		t.Skipf("SKIPPED: there is no go command to ask: %v", err)
	}
	out, err := exec.Command("go", "build", "-gcflags=-m", ".").CombinedOutput()
	require.NoError(t, err, "%s", out)
	for _, name := range []string{
		"(*Counter).Inc", "(*Gauge).Set", "(*Gauge).Inc", "(*Gauge).Dec", "(*Summary).Observe",
		"(*CounterVec).With", "(*GaugeVec).With", "(*HistogramVec).With", "(*SummaryVec).With",
		"(*CounterVec).WithLabels", "(*GaugeVec).WithLabels", "(*HistogramVec).WithLabels", "(*SummaryVec).WithLabels",
	} {
		// Not require.Contains, which would print the whole output.
		require.True(t, strings.Contains(string(out), "can inline "+name+"\n"), "%s is not inlined", name)
	}
	for line := range strings.Lines(string(out)) {
		require.False(t, strings.Contains(line, "leaking param: values") && strings.Contains(line, "vec.go"), line)
	}
}
