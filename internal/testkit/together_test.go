// SPDX-License-Identifier: Apache-2.0

package testkit

import (
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTogetherLetsNeitherFunctionGetAheadByARound(t *testing.T) {
	const rounds = 500
	var done [2][rounds]atomic.Bool
	step := func(me, other int) func(int) {
		return func(round int) {
			if round > 0 && !done[other][round-1].Load() {
				t.Errorf("round %d began before the other one had ended the round before", round)
			}
			done[me][round].Store(true)
		}
	}
	Together(rounds, step(0, 1), step(1, 0))
	require.True(t, done[0][rounds-1].Load() && done[1][rounds-1].Load())
}
