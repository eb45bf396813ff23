// SPDX-License-Identifier: Apache-2.0

package percpu

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/testkit"
)

// Free needs the slab's lock to put a row where Alloc finds it. With the lock held by the test, the row gets its zeroes all
// the same, so they come first.
func TestARowIsZeroBeforeItCanBeHandedOutAgain(t *testing.T) {
	if purego(t) {
		return
	}
	const n = 3
	index := alloc(t, n)
	for w := range n {
		Store(&Row(0, index)[w], 7)
	}
	slab.Lock()
	freed := make(chan struct{})
	go func() {
		defer close(freed)
		Free(index, n)
	}()
	zero := func() bool { return Sum(index) == 0 && Sum(index+1) == 0 && Sum(index+2) == 0 }
	for end := time.Now().Add(5 * time.Second); !zero() && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	before := zero()
	slab.Unlock()
	<-freed
	require.True(t, before, "the row waits for the lock with its old words in it")
}

// Two goroutines that need memory for the same P at the same time end up with the same memory.
func TestTwoGoroutinesThatGrowTheSamePShareItsWords(t *testing.T) {
	if purego(t) {
		return
	}
	const rounds = 200
	index := alloc(t, 1)
	defer Free(index, 1)
	first := Procs()
	grow := func(round int) {
		Grow(first+round, index)
		atomic.AddUint64(Word(first+round, index), 1)
	}
	testkit.Together(rounds, grow, grow)
	for round := range rounds {
		require.Equal(t, uint64(2), *Word(first+round, index), "P %d", first+round)
	}
}
