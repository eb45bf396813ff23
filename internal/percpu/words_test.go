// SPDX-License-Identifier: Apache-2.0

package percpu

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/testkit"
)

func TestRowsDoNotOverlapAndDoNotStraddleGroups(t *testing.T) {
	if purego(t) {
		return
	}
	owner := make(map[uint32]int)
	type row struct {
		index uint32
		n     int
	}
	var rows []row
	rng := rand.New(rand.NewPCG(3, 4))
	for i := range 2000 {
		n := 1 + rng.IntN(40)
		if i%500 == 0 {
			n = MaxRow
		}
		r := row{alloc(t, n), n}
		require.GreaterOrEqual(t, len(Row(0, r.index)), n, "a row of %d words at %d", n, r.index)
		for w := range uint32(n) {
			_, taken := owner[r.index+w]
			require.False(t, taken, "word %d has two owners", r.index+w)
			owner[r.index+w] = i
		}
		rows = append(rows, r)
	}
	for _, r := range rows {
		Free(r.index, r.n)
	}
}

func TestAFreedRowComesBackZeroOnEveryP(t *testing.T) {
	if purego(t) {
		return
	}
	before := runtime.GOMAXPROCS(4)
	defer runtime.GOMAXPROCS(before)
	const n = 13 // no other test uses this length
	index := alloc(t, n)
	require.GreaterOrEqual(t, Procs(), 4)
	for pid := range Procs() {
		Grow(pid, index)
		for w := range n {
			Row(pid, index)[w] = uint64(100*pid + w + 1)
		}
	}
	require.NotZero(t, Sum(index))
	Free(index, n)
	again := alloc(t, n)
	require.Equal(t, index, again)
	for pid := range Procs() {
		require.Equal(t, make([]uint64, n), append([]uint64(nil), Row(pid, again)[:n]...), "P %d", pid)
	}
	Free(again, n)
}

func TestAllocRefusesWhatCannotBe(t *testing.T) {
	for _, n := range []int{-1, 0, MaxRow + 1, 1 << 30} {
		_, ok := Alloc(n)
		require.False(t, ok, "%d words", n)
	}
}

func TestAllocDoesNotWait(t *testing.T) {
	if purego(t) {
		return
	}
	slab.Lock()
	_, ok := Alloc(1)
	slab.Unlock()
	require.False(t, ok)
	Free(alloc(t, 1), 1)
}

func TestAPThatAppearsLaterHasNoWordsUntilItGrows(t *testing.T) {
	if purego(t) {
		return
	}
	index := alloc(t, 2)
	defer Free(index, 2)
	later := Procs() + 3
	require.Nil(t, Row(later, index))
	require.Nil(t, Word(later, index))
	require.True(t, Grow(later, index))
	require.Equal(t, later+1, Procs(), "no hole is left below it")
	require.NotNil(t, Row(later, index))
	*Word(later, index+1) = 7
	require.Equal(t, uint64(7), Sum(index+1))
	require.Zero(t, Sum(index))

	require.Nil(t, Row(maxProcs, index))
	require.Nil(t, Word(maxProcs, index))
	require.Nil(t, Word(-1, index))
	require.False(t, Grow(maxProcs, index), "past the directory")
}

// Many goroutines add directories at the same time. None is lost, and so no word is.
func TestGrowingAtTheSameTimeLosesNoWord(t *testing.T) {
	if purego(t) {
		return
	}
	index := alloc(t, 1)
	defer Free(index, 1)
	first := Procs()
	const more = 40
	var wg sync.WaitGroup
	var start sync.WaitGroup
	start.Add(1)
	for g := range 8 {
		wg.Go(func() {
			start.Wait()
			for i := range more {
				pid := first + (i*7+g*3)%more
				Grow(pid, index)
				atomic.AddUint64(Word(pid, index), 1)
			}
		})
	}
	start.Done()
	wg.Wait()
	require.GreaterOrEqual(t, Procs(), first+more)
	require.Equal(t, uint64(8*more), Sum(index))
}

// A reader of a word that grows never sees it shrink, whatever GOMAXPROCS does.
func TestSumNeverGoesDown(t *testing.T) {
	if purego(t) {
		return
	}
	before := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(before)
	index := alloc(t, 1)
	defer Free(index, 1)
	done := make(chan struct{})
	var wg sync.WaitGroup
	var total atomic.Uint64
	for range 4 {
		wg.Go(func() {
			for n := uint64(0); ; {
				select {
				case <-done:
					total.Add(n)
					return
				default:
				}
				pid := Pin()
				if p := Word(pid, index); p != nil {
					Add(p, 3)
					Unpin()
					n += 3
					continue
				}
				Unpin()
				Grow(pid, index)
			}
		})
	}
	last := uint64(0)
	for i, end := 0, time.Now().Add(200*time.Millisecond); time.Now().Before(end); i++ {
		got := Sum(index)
		if got < last {
			t.Errorf("%d after %d", got, last)
			break
		}
		last = got
		if i%1000 == 0 {
			runtime.GOMAXPROCS(1 + rand.IntN(32))
		}
	}
	close(done)
	wg.Wait()
	require.Equal(t, total.Load(), Sum(index))
}

// Free needs the lock of the slab to put a row where Alloc finds it. While the test holds that
// lock, the words of the row still turn zero, so they are zeroed before.
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

// An update of a hot cell allocates nothing on any P, because its row has memory on all of them.
func TestAllocMakesMemoryOnEveryP(t *testing.T) {
	if !Private {
		return // purego: there are no rows
	}
	// These are whole groups. Some of them have not been used before, whatever other tests did.
	for range 64 {
		index, ok := Alloc(MaxRow)
		for ; !ok; index, ok = Alloc(MaxRow) {
			runtime.Gosched() // the cleanup of another test holds the lock of the slab
		}
		for pid := range runtime.GOMAXPROCS(0) {
			require.Len(t, Row(pid, index), MaxRow, "P %d", pid)
		}
		defer Free(index, MaxRow)
	}
}

func BenchmarkPinnedAdd(b *testing.B) {
	if !Private {
		b.Skip("purego: nothing is private")
	}
	index := alloc(b, 1)
	defer Free(index, 1)
	for b.Loop() {
		pid := Pin()
		if p := Word(pid, index); p != nil {
			Add(p, 1)
		}
		Unpin()
	}
}

func BenchmarkAllocFree(b *testing.B) {
	if !Private {
		b.Skip("purego: nothing is private")
	}
	for b.Loop() {
		Free(alloc(b, 1), 1)
	}
}
