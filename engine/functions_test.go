// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

func TestFunctionsOfAPageDoNotWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := logged()
		for i := range 60 {
			define(t, r, fmt.Sprint("f", i), (&sleeper{takes: 30 * ms}).value)
		}
		values, took := timedPage(t, r, engine.Exposition{Deadline: time.Now().Add(750 * ms)})
		require.Len(t, values, 60)
		require.Equal(t, 30*ms, took)
		values, took = timedPage(t, r, engine.Exposition{Deadline: time.Now().Add(-time.Hour)})
		require.Empty(t, values)
		require.Equal(t, 10*ms, took, "what is left to functions when the deadline is over does not add up")
		time.Sleep(time.Second)
		values, took = timedPage(t, r, engine.Exposition{
			Names: []string{"f1", "f2"}, Deadline: time.Now().Add(750 * ms),
		})
		require.Equal(t, map[string]string{"f1": "1", "f2": "1"}, values)
		require.Equal(t, 30*ms, took)
	})
}

func TestFunctionsThatAPageDoesNotShowAreNotCalled(t *testing.T) {
	r, _ := logged()
	shown, hidden, collector := new(sleeper), new(sleeper), new(sleeper)
	define(t, r, "shown", shown.value)
	define(t, r, "hidden", hidden.value)
	require.NoError(t, r.Register(sleepAndEmit(collector)))
	timedPage(t, r, engine.Exposition{Names: []string{"shown"}})
	require.EqualValues(t, 1, shown.calls.Load())
	require.Zero(t, hidden.calls.Load()+collector.calls.Load())
}

func TestManyHangingFunctionsDelayAPageByTheBudgetAndLoseOnlyThemselves(t *testing.T) {
	release := make(chan struct{})
	var running sync.WaitGroup
	defer running.Wait()
	defer close(release)
	r, _ := logged()
	for i := range 12 {
		running.Add(1)
		_, err := r.NewGaugeFunc(fmt.Sprintf("hang_%02d", i), "", func() float64 {
			<-release
			running.Done()
			return 1
		})
		require.NoError(t, err)
	}
	_, err := r.NewGaugeFunc("last", "", func() float64 { return 1 })
	require.NoError(t, err)
	begin := time.Now()
	values := valuesOf(t, r)
	took := time.Since(begin)
	require.Equal(t, map[string]string{"last": "1"}, values)
	require.Less(t, took, 3*time.Second)

	begin = time.Now()
	require.Equal(t, map[string]string{"last": "1"}, valuesOf(t, r))
	require.Less(t, time.Since(begin), time.Second, "of the 2 that a page waits")
}

func TestACollectorHasTheTimeOfThePage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := logged()
		slow := &sleeper{takes: 1200 * ms}
		require.NoError(t, r.Register(sleepAndEmit(slow)))
		define(t, r, "z", func() float64 { return 1 })
		all := map[string]string{"z": "1", `collected{a="x"}`: "1"}
		values, took := timedPage(t, r, engine.Exposition{})
		require.Equal(t, all, values)
		require.Equal(t, 1200*ms, took)

		slow.takes = 7 * time.Second
		values, took = timedPage(t, r, engine.Exposition{Deadline: time.Now().Add(8 * time.Second)})
		require.Equal(t, all, values)
		require.Equal(t, 7*time.Second, took)

		values, took = timedPage(t, r, engine.Exposition{Deadline: time.Now().Add(time.Second)})
		require.Equal(t, map[string]string{"z": "1"}, values)
		require.Equal(t, time.Second, took)
		_, took = timedPage(t, r, engine.Exposition{Deadline: time.Now().Add(time.Second)})
		require.Zero(t, took, "the call has had all the time of this page already")
		values, took = timedPage(t, r, engine.Exposition{Deadline: time.Now().Add(8 * time.Second)})
		require.Equal(t, all, values, "a page with more time waits for the same call")
		require.Equal(t, 6*time.Second, took)
		require.EqualValues(t, 3, slow.calls.Load())
	})
}

// For random functions, durations and overlapping pages: a page is complete by its deadline, it has
// the value of every function that takes no longer than its own limit and the page's, and no
// function is called twice at once.
func TestAPageIsCompleteAndInTimeWhateverItsFunctionsTake(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	for round := range 60 {
		random := rand.New(rand.NewPCG(seed, uint64(round)))
		synctest.Test(t, func(t *testing.T) {
			r, _ := logged()
			var functions, collectors []*sleeper
			for i := range 1 + random.IntN(40) {
				s := &sleeper{takes: time.Duration(random.Int64N(int64(700 * ms)))}
				switch random.IntN(8) {
				case 0:
					s.takes = 0
				case 1:
					s.takes = time.Hour
				}
				functions = append(functions, s)
				define(t, r, fmt.Sprintf("f%02d", i), s.value)
			}
			for i := range random.IntN(6) {
				s := &sleeper{takes: time.Duration(random.Int64N(int64(2 * time.Second)))}
				collectors = append(collectors, s)
				c := sleepAndEmit(s)
				c.name = fmt.Sprintf("c%02d", i)
				if i%2 == 1 {
					c.name = "h" + c.name // after the functions, in the order of names
				}
				require.NoError(t, r.Register(c))
			}
			var pages sync.WaitGroup
			for range 1 + random.IntN(8) {
				after := time.Duration(random.Int64N(int64(time.Second)))
				limit := time.Duration(random.Int64N(int64(1500 * ms)))
				pages.Go(func() {
					time.Sleep(after)
					e := engine.Exposition{Deadline: time.Now().Add(limit)}
					if limit < 100*ms {
						e.Deadline, limit = time.Time{}, 2*time.Second
					}
					values, took := timedPage(t, r, e)
					require.LessOrEqual(t, took, limit)
					for i, s := range functions {
						name := fmt.Sprintf("f%02d", i)
						switch {
						case s.takes < min(limit, engine.CallbackTimeout):
							require.Contains(t, values, name, "%v of %v", s.takes, limit)
						case s.takes == time.Hour:
							require.NotContains(t, values, name)
						}
					}
					for i, s := range collectors {
						name := fmt.Sprintf(`c%02d{a="x"}`, i)
						if i%2 == 1 {
							name = "h" + name
						}
						if s.takes < limit {
							require.Contains(t, values, name, "%v of %v", s.takes, limit)
						}
					}
				})
			}
			pages.Wait()
			time.Sleep(2 * time.Hour)
			for _, s := range append(functions, collectors...) {
				require.False(t, s.twice.Load())
			}
		})
	}
}
