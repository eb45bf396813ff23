// SPDX-License-Identifier: Apache-2.0

package live

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

func TestOptionsThatCannotWorkPanic(t *testing.T) {
	reg := engine.NewRegistry()
	const template = "want a URL such as https://traces.example/{trace_id}"
	for want, f := range map[string]func(){
		".Handler needs a registry: pass engine.Default() or one of your own": func() {
			Handler(nil)
		},
		".Handler: option 2 of 2 is nil": func() {
			Handler(reg, WithRemote(true), nil)
		},
		": WithInterval(99ms): the shortest is 100ms": func() {
			WithInterval(99 * time.Millisecond)
		},
		": WithWatchers(0): there must be room for one": func() {
			WithWatchers(0)
		},
		`: WithTraceURL("/trace/{trace_id}"): ` + template: func() {
			WithTraceURL("/trace/{trace_id}")
		},
		`: WithTraceURL("javascript:alert({a})"): ` + template: func() {
			WithTraceURL("javascript:alert({a})")
		},
		`: WithTraceURL("https://traces.example/"): ` + template: func() {
			WithTraceURL("https://traces.example/")
		},
		`: WithTraceURL("https://{trace_id}/x"): ` + template: func() {
			WithTraceURL("https://{trace_id}/x")
		},
		".Handler: a history of 1s has 1 samples at an interval of 1s: want 2 to 3600": func() {
			Handler(reg, WithHistory(time.Second))
		},
		".Handler: a history of 24h0m0s has 86400 samples at an interval of 1s: want 2 to 3600": func() {
			Handler(reg, WithHistory(24*time.Hour))
		},
	} {
		require.PanicsWithValue(t, "quipu: live"+want, f)
	}
	Handler(reg, WithHistory(24*time.Hour), WithInterval(24*time.Second), WithTraceURL("http://t/?q={trace_id}"))
}
