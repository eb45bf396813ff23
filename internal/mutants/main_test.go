// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNineOfTenBugsAreEnough(t *testing.T) {
	for _, c := range []struct {
		score
		want bool
	}{{score{9, 10}, true}, {score{8, 9}, false}, {score{18, 20}, true}, {score{17, 19}, false}, {score{1, 1}, true}} {
		require.Equal(t, c.want, c.enough(), "%v", c.score)
	}
}
