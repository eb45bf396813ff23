// SPDX-License-Identifier: Apache-2.0

package collect

import (
	"errors"
	"flag"
	"log/slog"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestNamesAndTypesAreThoseOfDashboards compares names, types and help texts with a list that was
// checked against dashboards.
func TestNamesAndTypesAreThoseOfDashboards(t *testing.T) {
	var b strings.Builder
	for info := range everything(t).All() {
		if runtime.GOOS == "linux" || !strings.HasPrefix(info.Name, "process_") {
			b.WriteString(info.Name + " " + info.Type + " {" + strings.Join(info.Labels, ",") + "} " + info.Help + "\n")
		}
	}
	golden := filepath.Join("testdata", "families.txt")
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(b.String()), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	if runtime.GOOS == "linux" {
		require.Equal(t, string(want), b.String())
	}
}

func TestEveryFamilyHasASample(t *testing.T) {
	if runtime.GOOS != "linux" {
		return // without /proc there are no metrics of the process
	}
	reg := everything(t)
	page := pageOf(t, reg)
	for info := range reg.All() {
		require.NotEmpty(t, page.Types[info.Name], info.Name)
	}
	for series, value := range page.Samples {
		require.False(t, math.IsNaN(value) || math.IsInf(value, 0) || value < 0, "%s %v", series, value)
	}
}

func TestSecondCallChangesNothing(t *testing.T) {
	reg := everything(t)
	require.ErrorIs(t, Go(reg), engine.ErrTaken)
	if runtime.GOOS == "linux" {
		require.ErrorIs(t, Process(reg), engine.ErrTaken)
	}
	require.Positive(t, pageOf(t, reg).Value(t, "go_goroutines"))
}

// Go and Build have a label version. With a constant label of that name, they could not be
// registered.
func TestAConstantLabelVersionOfTheRegistryCostsNothing(t *testing.T) {
	reg := engine.NewRegistry(engine.WithConstLabels(engine.Labels{"version": "7", "zone": "eu"}),
		engine.WithLogger(slog.New(slog.DiscardHandler)))
	require.NoError(t, errors.Join(Go(reg), Process(reg), Build(reg)))
	page := pageOf(t, reg)
	require.Equal(t, 1.0, page.Value(t, "go_info", "version", runtime.Version(), "zone", "eu"))
	require.Positive(t, page.Value(t, "go_goroutines", "version", "7", "zone", "eu"))
	require.Contains(t, page.Types, "go_build_info")
}

func TestPromtoolAcceptsThePage(t *testing.T) {
	promtool := testkit.Require(t, "promtool")
	lint := exec.Command(promtool, "check", "metrics")
	lint.Stdin = strings.NewReader(pageOf(t, everything(t)).Text)
	out, err := lint.CombinedOutput()
	require.NoError(t, err)
	require.Empty(t, string(out))
}

func TestEveryFormatHasThePage(t *testing.T) {
	reg := everything(t)
	for _, format := range []encode.Format{encode.Text, encode.OpenMetrics, encode.Protobuf} {
		var b strings.Builder
		_, err := reg.Expose(&b, engine.Exposition{Format: format, NoSelf: true})
		require.NoError(t, err)
		require.Contains(t, b.String(), "go_goroutines")
	}
}
