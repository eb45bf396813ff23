// SPDX-License-Identifier: Apache-2.0

package grpcmetrics_test

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/contrib/grpc/grpcmetrics"
	"github.com/quipu-metrics/quipu/engine"
)

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	return string(text)
}

func TestTheCodeOfTheReadmeIsThatOfTheExamples(t *testing.T) {
	examples, err := os.ReadFile("example_test.go")
	require.NoError(t, err)
	blocks := regexp.MustCompile("(?ms)^```go\n(.*?)^```").FindAllStringSubmatch(readme(t), -1)
	require.Len(t, blocks, 4)
	for _, block := range blocks {
		for line := range strings.Lines(block[1]) {
			require.Contains(t, string(examples), "\n"+line)
		}
	}
}

func TestTheReadmeListsAllMetrics(t *testing.T) {
	reg := engine.NewRegistry()
	_, err := grpcmetrics.NewServer(reg, grpcmetrics.WithHandlingTimes(), grpcmetrics.WithSizes())
	require.NoError(t, err)
	_, err = grpcmetrics.NewClient(reg, grpcmetrics.WithMessageTimes())
	require.NoError(t, err)
	want := map[string]string{}
	for info := range reg.All() {
		ofServer := strings.HasPrefix(info.Name, "grpc_server_")
		if ofServer || strings.HasSuffix(info.Name, "_handling_seconds") {
			want[info.Name] = info.Type
		}
	}
	got := map[string]string{}
	rows := regexp.MustCompile("(?m)^\\| `(grpc_\\w+)` \\| (\\w+) \\|")
	for _, row := range rows.FindAllStringSubmatch(readme(t), -1) {
		got[row[1]] = row[2]
	}
	require.Equal(t, want, got, slices.Sorted(maps.Keys(got)))
}
