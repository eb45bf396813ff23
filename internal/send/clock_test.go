// SPDX-License-Identifier: Apache-2.0

package send

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTimesOfSendsAreThoseOfTheClockAndAllDifferent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c Clock
		begin := time.Now().UnixMilli()
		require.Equal(t, begin, c.Next())
		require.Equal(t, begin+1, c.Next())
		require.Equal(t, begin+2, c.Next())
		time.Sleep(time.Second)
		require.Equal(t, begin+1000, c.Next())
	})
}
