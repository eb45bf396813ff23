// SPDX-License-Identifier: Apache-2.0

package atomicf

import (
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/percpu"
)

// flipGOMAXPROCS changes the number of Ps every millisecond until stop is called.
func flipGOMAXPROCS(most int) (stop func()) {
	before := runtime.GOMAXPROCS(0)
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-done:
				runtime.GOMAXPROCS(before)
				return
			case <-time.After(time.Millisecond):
				runtime.GOMAXPROCS(1 + rand.IntN(most))
			}
		}
	})
	return func() { close(done); wg.Wait() }
}

func TestNothingIsLostWhileGOMAXPROCSFlips(t *testing.T) {
	stop := flipGOMAXPROCS(64)
	defer stop()
	for name, fresh := range cells {
		t.Run(name, func(t *testing.T) {
			c := fresh()
			var once atomic.Int64
			calls := run(8, stressTime(), func(int) {
				c.add(1)
				if once.Add(1) == 5000 {
					c.heat() // while others add, if it is not hot by then
				}
			})
			require.Equal(t, float64(calls), c.value())
			if percpu.Private {
				mustHeat(t, c, cell.heat)
			}
		})
	}
}

// Every read is at least the sum of the additions that had finished when it began, and at most the
// sum of those that had started when it ended. No reader sees a lower value than before.
func TestReadsLieBetweenFinishedAndStarted(t *testing.T) {
	adds := 500_000
	if long() {
		adds = 100_000_000
	}
	const writers = 4
	for name, fresh := range cells {
		t.Run(name, func(t *testing.T) {
			c := fresh()
			var started, finished atomic.Uint64
			var wg, readers sync.WaitGroup
			for range writers {
				wg.Go(func() {
					for i := range adds / writers {
						started.Add(1)
						c.add(1)
						finished.Add(1)
						if i == adds/writers/4 {
							c.heat()
						}
					}
				})
			}
			done := make(chan struct{})
			for range 2 {
				readers.Go(func() {
					last := 0.0
					for running := true; running; {
						select {
						case <-done:
							running = false
						default:
						}
						least := float64(finished.Load())
						got := c.value()
						most := float64(started.Load())
						if got < least || got > most || got < last {
							t.Errorf("read %v, which should be in [%v, %v] and not below %v", got, least, most, last)
							return
						}
						last = got
					}
				})
			}
			wg.Wait()
			close(done)
			readers.Wait()
			require.Equal(t, float64(adds/writers*writers), c.value())
		})
	}
}

// A reader right after a Set sees that value, to the last bit, and Adds since the Set began, but
// none from before. Any other reader sees the value of some Set, and no more Adds than can have
// come after it.
func TestSetReadsBackWhileOthersAdd(t *testing.T) {
	const (
		unit = 1 << 24 // Set k sets k units; Adds add 1
		kept = 1 << 16 // Sets that are remembered
	)
	l := new(Level)
	var started, finished, sets atomic.Uint64
	before := make([]atomic.Uint64, kept) // Adds that had finished when Set k began
	done := make(chan struct{})
	var wg sync.WaitGroup
	background := func(work func()) {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					work()
				}
			}
		})
	}
	judge := func(got float64) {
		set := uint64(got / unit)
		adds := got - float64(set)*unit
		most := started.Load() - before[set%kept].Load()
		if set > sets.Load() || adds > float64(most) {
			if sets.Load()-set < kept/2 { // otherwise the reader has slept, and most is wrong
				t.Errorf("read %v: Set %d, %v additions, of at most %d", got, set, adds, most)
			}
		}
	}
	for range 2 {
		background(func() {
			started.Add(1)
			l.Add(1)
			finished.Add(1)
		})
	}
	background(func() { judge(l.Load()) })

	rounds, hot := uint64(0), 0
	for end := time.Now().Add(stressTime()); time.Now().Before(end) && !t.Failed(); {
		rounds++
		before[rounds%kept].Store(finished.Load())
		sets.Store(rounds)
		value := float64(rounds) * unit
		if rounds%2 == 0 {
			l.promote()
		}
		l.Set(value)
		if rounds%4 < 2 {
			l.promote()
		}
		if levelIsHot(l) {
			hot++
		}
		if got := l.Load(); got < value {
			t.Errorf("read %v after a Set of %v", got, value)
		} else {
			judge(got)
		}
		for range rand.IntN(2000) {
			finished.Load() // give Adds some time
		}
	}
	close(done)
	wg.Wait()
	t.Logf("%d rounds, %d of them hot", rounds, hot)
	l.Set(math.Pi)
	require.Equal(t, math.Pi, l.Load())
}
