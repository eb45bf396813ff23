// SPDX-License-Identifier: Apache-2.0

package percpu

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPinNamesAPAndKeepsItToItself(t *testing.T) {
	if purego(t) {
		return
	}
	// Only the pin protects this increment in two steps.
	index := alloc(t, 1)
	defer Free(index, 1)
	const goroutines, each = 8, 100_000
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for range each {
				for {
					pid := Pin()
					if pid < 0 || pid >= 1<<16 {
						t.Errorf("P %d", pid)
					}
					p := Word(pid, index)
					if p == nil {
						Unpin()
						Grow(pid, index)
						continue
					}
					Store(p, Load(p)+1)
					Unpin()
					break
				}
			}
		})
	}
	wg.Wait()
	require.Equal(t, uint64(goroutines*each), Sum(index))
}

func BenchmarkPin(b *testing.B) {
	for range b.N {
		Pin()
		Unpin()
	}
}
