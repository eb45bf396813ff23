// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// Row 6 of docs/reliability.md: some tests run again in a process whose garbage collector runs all
// the time and overwrites the memory that it frees. If the engine held memory only by its address
// as a number, that memory would not survive.
func TestTotalsAreExactUnderMemoryPressure(t *testing.T) {
	const child = "QUIPU_PRESSURE_CHILD"
	if os.Getenv(child) != "" {
		t.Log("this is the child")
		return
	}
	cmd := testkit.Self(t,
		"-test.run=^(TestTotalsAreExactWhileHandlesAreCollected|TestUpdatesAllocateNothing|"+
			"TestLookupsAllocateNothing)$",
		"-test.timeout=60s", "-test.short", "-test.v")
	cmd.Env = append(os.Environ(), child+"=1", "GOGC=1", "GOMEMLIMIT=64MiB", "GODEBUG=clobberfree=1")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "--- PASS: TestTotalsAreExactWhileHandlesAreCollected")
}

func TestTotalsAreExactWhileHandlesAreCollected(t *testing.T) {
	const workers, kept = 4, 8
	r := engine.NewRegistry()
	type set struct {
		Name   string
		Number int
	}
	c, err := engine.RegisterCounterOf[set](r, "c_total", "")
	require.NoError(t, err)
	h, err := r.NewHistogramVec("h", "", []string{"name"})
	require.NoError(t, err)
	s, err := r.NewSummaryVec("s", "", nil)
	require.NoError(t, err)
	var work sync.WaitGroup
	rounds := make([]int, workers)
	end := time.Now().Add(span(200*time.Millisecond, 20*time.Second))
	for w := range workers {
		work.Go(func() {
			n := 0
			for ; time.Now().Before(end); n++ {
				for i := range kept {
					name := fmt.Sprintf("kept-%d", i) // a new string each time
					c.With(set{name, -i}).Inc()
					h.With(name).Observe(1)
					s.WithLabels(engine.Labels{"name": name}).Observe(1)
				}
				// These series live for one round. Some are busy enough to get memory of their own
				// on each P.
				name := fmt.Sprintf("short-%d-%d", w, n)
				counter, hist, sum := c.With(set{name, n}), h.With(name), s.WithLabels(engine.Labels{"name": name})
				updates := 50
				if n%16 == 0 {
					updates = 5000
				}
				for range updates {
					counter.Inc()
					hist.Observe(1)
					sum.Observe(1)
				}
				c.Delete(set{name, n})
				h.Delete(name)
				s.DeleteLabels(engine.Labels{"name": name})
				require.EqualValues(t, updates, counter.Value())
				require.EqualValues(t, updates, hist.Snapshot().Count)
				if n%16 == 0 {
					require.EqualValues(t, updates, sum.Snapshot().Count)
				}
			}
			rounds[w] = n
		})
	}
	work.Wait()
	runtime.GC()
	total := 0
	for _, n := range rounds {
		total += n
	}
	page := scrape(t, r)
	for i := range kept {
		require.EqualValues(t, total, page.float(t, fmt.Sprintf(`c_total{name="kept-%d",number="%d"}`, i, -i)))
		require.EqualValues(t, total, page.float(t, fmt.Sprintf(`h_count{name="kept-%d"}`, i)))
		require.EqualValues(t, total, page.float(t, fmt.Sprintf(`h_sum{name="kept-%d"}`, i)))
		require.EqualValues(t, total, page.float(t, fmt.Sprintf(`s_count{name="kept-%d"}`, i)))
	}
	require.Len(t, page.family("c_total").samples, kept)
}
