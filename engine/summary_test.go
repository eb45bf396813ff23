// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// In a program that nobody scraped, a value was shown for ten seconds more, whatever the age.
func TestAMaxAgeOfASecondShowsNoValueForTenSeconds(t *testing.T) {
	for _, wait := range []time.Duration{1101 * time.Millisecond, 2 * time.Second, 5 * time.Second, 11 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			r := NewRegistry(WithStrict())
			must(r.NewSummary("long", "")).Observe(1) // its timer has a period of ten seconds
			s := must(r.NewSummary("s", "", WithMaxAge(time.Second)))
			s.Observe(7)
			time.Sleep(wait)
			require.True(t, math.IsNaN(s.Quantile(0.5)), "after %v", wait)
			require.EqualValues(t, 1, s.Snapshot().Count)
		})
	}
}
