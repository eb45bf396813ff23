// SPDX-License-Identifier: Apache-2.0

package native

import (
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/go/analysis/analysistest"

	// The programs of testdata import these, and go mod tidy does not look at testdata.
	_ "github.com/quipu-metrics/quipu/contrib/clientgolang/bridge"
	_ "github.com/quipu-metrics/quipu/contrib/clientgolang/promauto"
	_ "github.com/quipu-metrics/quipu/contrib/clientgolang/promhttp"
	_ "github.com/quipu-metrics/quipu/contrib/clientgolang/testutil"
)

var update = flag.Bool("update", false, "write the golden files")

// golden runs the analyzer on a package in testdata and compares the fixed files with golden ones.
func golden(t *testing.T, name string, config *Config) {
	const root = "../../.." // of the module
	pattern := "./internal/migrate/native/testdata/" + name
	if !*update {
		analysistest.RunWithSuggestedFixes(t, root, New(config), pattern)
		return
	}
	for _, result := range analysistest.Run(t, root, New(config), pattern) {
		edits := result.Result.(*Report).Edits
		changed, err := Apply(result.Action.Package.Fset, edits, os.ReadFile)
		require.NoError(t, err)
		for file, source := range changed {
			require.NoError(t, os.WriteFile(file+".golden", source, 0o644))
		}
	}
}

func TestFormsThatMove(t *testing.T) { golden(t, "forms", &Config{}) }

func TestMetricsThatStay(t *testing.T) {
	golden(t, "stays", &Config{Stays: map[string]bool{"exported": true}})
}

func TestRegistrationsThatMove(t *testing.T) { golden(t, "register", &Config{}) }

func TestTheHandlerMoves(t *testing.T) { golden(t, "handler", &Config{}) }

func TestDotImportsMove(t *testing.T) { golden(t, "dot", &Config{}) }
