// SPDX-License-Identifier: Apache-2.0

package export

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// Whatever functions there are, however long they take and however scrapes overlap: the answer is 200, in time, and has
// every metric whose function takes no longer than its own limit.
func TestAScrapeIsAnsweredInTimeWhateverItsFunctionsTake(t *testing.T) {
	const ms = time.Millisecond
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	durations := map[string][]time.Duration{
		"many quick ones": make([]time.Duration, 60),
		"two slow ones":   {200 * ms, 480 * ms},
		"random ones":     make([]time.Duration, 200),
	}
	for i := range durations["many quick ones"] {
		durations["many quick ones"][i] = 30 * ms
	}
	for i := range durations["random ones"] {
		durations["random ones"][i] = time.Duration(random.Int64N(int64(time.Second)))
	}
	durations["random ones"][7] = time.Hour
	for name, takes := range durations {
		for _, timeout := range []int{1, 2, 10} {
			t.Run(fmt.Sprintf("%s, timeout %d s", name, timeout), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					reg := engine.NewRegistry(quiet)
					for i, d := range takes {
						_, err := reg.NewGaugeFunc(fmt.Sprint("f", i), "", func() float64 { time.Sleep(d); return 1 })
						require.NoError(t, err)
					}
					h := Handler(reg)
					var scrapers sync.WaitGroup
					for i := range 4 {
						scrapers.Go(func() {
							time.Sleep(time.Duration(i) * 70 * ms)
							for range 5 {
								begin := time.Now()
								w := testkit.Get(h, "/metrics", scrapeTimeoutHeader, strconv.Itoa(timeout))
								require.Equal(t, http.StatusOK, w.Code)
								require.Less(t, time.Since(begin), time.Duration(timeout)*time.Second)
								for i, d := range takes {
									if d < engine.CallbackTimeout {
										require.True(t, strings.Contains(w.Body.String(), fmt.Sprintf("\nf%d 1\n", i)), "%v", d)
									}
								}
								time.Sleep(130 * ms)
							}
						})
					}
					scrapers.Wait()
					time.Sleep(2 * time.Hour)
				})
			})
		}
	}
}
