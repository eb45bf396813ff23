// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

func TestTimerObservesSeconds(t *testing.T) {
	r := engine.NewRegistry(engine.WithStrict())
	h, s := must(r.NewHistogram("h", "")), must(r.NewSummary("s", ""))
	func() {
		defer h.Start().Stop()
		defer s.Start().Stop()
		time.Sleep(10 * time.Millisecond)
	}()
	require.EqualValues(t, 1, h.Snapshot().Count)
	require.InDelta(t, 0.1, h.Snapshot().Sum, 0.09)
	require.EqualValues(t, 1, s.Snapshot().Count)
	require.GreaterOrEqual(t, s.Snapshot().Sum, 0.01)
}
