// SPDX-License-Identifier: Apache-2.0

package testkit

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Together runs a and b at the same time, round after round: neither begins a round before both
// have ended the round before. So they meet within nanoseconds in every round, whereas goroutines
// that only run at the same time seldom do. a and b must not panic or end their goroutine.
func Together(rounds int, a, b func(round int)) {
	var arrived atomic.Int64
	var work sync.WaitGroup
	for _, f := range []func(int){a, b} {
		work.Go(func() {
			for round := range rounds {
				arrived.Add(1)
				for spins := 0; arrived.Load() < int64(2*(round+1)); spins++ {
					if spins%1000 == 999 {
						runtime.Gosched() // the other one may have no processor
					}
				}
				f(round)
			}
		})
	}
	work.Wait()
}
