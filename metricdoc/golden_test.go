// SPDX-License-Identifier: Apache-2.0

package metricdoc

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

// recorder records what a test would report.
type recorder struct{ errors, logs []string }

func (r *recorder) Helper() {}
func (r *recorder) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}
func (r *recorder) Logf(format string, args ...any) {
	r.logs = append(r.logs, fmt.Sprintf(format, args...))
}

func TestGoldenTellsWhatHasChanged(t *testing.T) {
	t.Setenv(UpdateVariable, "")
	file := filepath.Join(t.TempDir(), "new", "metrics.md")
	var r recorder
	Golden(&r, shop(t), file)
	require.Len(t, r.errors, 1)
	require.Contains(t, r.errors[0], "write it with QUIPU_UPDATE=1 go test")

	t.Setenv(UpdateVariable, "1")
	r = recorder{}
	Golden(&r, shop(t), file)
	require.Equal(t, recorder{logs: []string{file + " is written"}}, r)

	t.Setenv(UpdateVariable, "")
	r = recorder{}
	Golden(&r, shop(t), file)
	require.Equal(t, recorder{}, r)

	reg := shop(t)
	reg.Unregister("shop_rare_total")
	reg.Unregister("shop_latency_seconds")
	engine.Must(reg.NewHistogram("shop_latency_seconds", "Time of an order.", engine.WithBuckets(0.1, 1)))
	Golden(&r, reg, file)
	require.Len(t, r.errors, 1)
	require.Equal(t, "the metrics differ from "+file+"; if they should, run QUIPU_UPDATE=1 go test\n"+
		"- `shop_latency_seconds`: - labels: `route`\n"+
		"- `shop_latency_seconds`: - buckets: 0.1, 0.3, 1\n"+
		"- `shop_rare_total`: is there\n"+
		"- `shop_rare_total`: Events that have not come yet.\n"+
		"- `shop_rare_total`: - type: counter\n"+
		"- `shop_rare_total`: - labels: `why`\n"+
		"+ `shop_latency_seconds`: - buckets: 0.1, 1\n", r.errors[0])
}

func TestGoldenIgnoresTheEndsOfLinesAndNothingElse(t *testing.T) {
	t.Setenv(UpdateVariable, "")
	file := filepath.Join(t.TempDir(), "metrics.md")
	text := FromRegistry(shop(t)).Without("quipu_").Markdown()
	for changed, ok := range map[string]bool{strings.ReplaceAll(text, "\n", "\r\n"): true, text + "\n": false} {
		require.NoError(t, os.WriteFile(file, []byte(changed), 0o600))
		var r recorder
		Golden(&r, shop(t), file)
		require.Equal(t, ok, len(r.errors) == 0)
	}
}

func TestGoldenReportsAFileThatCannotBeWritten(t *testing.T) {
	t.Setenv(UpdateVariable, "1")
	var r recorder
	Golden(&r, shop(t), filepath.Join(t.TempDir(), "a\x00b"))
	require.Len(t, r.errors, 1)
	require.Empty(t, r.logs)
}
