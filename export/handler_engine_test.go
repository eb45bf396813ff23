// SPDX-License-Identifier: Apache-2.0

package export

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

func TestCallbacksThatMisbehaveCostTheirFamilyAndNothingElse(t *testing.T) {
	reg := engine.NewRegistry(quiet)
	release := make(chan struct{})
	for name, f := range map[string]func() float64{
		"a_panics":   func() float64 { panic("no value today") },
		"b_exits":    func() float64 { runtime.Goexit(); return 1 },
		"c_hangs":    func() float64 { <-release; return 1 },
		"d_reenters": func() float64 { return reenter(reg) },
		"e_works":    func() float64 { return 42 },
	} {
		_, err := reg.NewGaugeFunc(name, "Help.", f)
		require.NoError(t, err)
	}
	gauge(t, reg, "f_plain", 7)
	s := testkit.Serve(t, Handler(reg))
	t.Cleanup(func() { close(release) })

	req, err := http.NewRequest(http.MethodGet, s.URL, nil)
	require.NoError(t, err)
	req.Header.Set(scrapeTimeoutHeader, "2")
	for range 2 { // the second time the hanging function still hangs
		start := time.Now()
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		page, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		resp.Body.Close()
		require.Equal(t, http.StatusOK, resp.StatusCode)
		require.Less(t, time.Since(start), 2*time.Second, "the scrape timeout is met")
		for _, left := range []string{"\na_panics ", "\nb_exits ", "\nc_hangs "} {
			require.NotContains(t, string(page), left)
		}
		for _, shown := range []string{"\ne_works 42\n", "\nf_plain 7\n"} {
			require.Contains(t, string(page), shown)
		}
	}
	require.Contains(t, testkit.Fetch(t, s.URL), `quipu_callback_failures_total{reason="panic"}`)
}

func TestTimeoutsStatedOrNotAreMetByPagesWithHangingCallbacks(t *testing.T) {
	testkit.Baseline(t)
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	var group sync.WaitGroup
	for header, limit := range map[string]time.Duration{
		"":      10 * time.Second,
		"NaN":   10 * time.Second,
		"-1":    time.Second,
		"1":     time.Second,
		"2.5":   2500 * time.Millisecond,
		"1e309": 10 * time.Second,
	} {
		reg := engine.NewRegistry(quiet)
		for i := range 5 { // 500 ms each
			_, err := reg.NewGaugeFunc(fmt.Sprintf("hangs_%d", i), "Help.", func() float64 { <-release; return 1 })
			require.NoError(t, err)
		}
		gauge(t, reg, "z_plain", 7)
		group.Go(func() {
			start := time.Now()
			w := testkit.Get(Handler(reg), "/", scrapeTimeoutHeader, header)
			if took := time.Since(start); took >= limit {
				t.Errorf("timeout %q: the page took %v", header, took)
			}
			if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "\nz_plain 7\n") {
				t.Errorf("timeout %q: status %d", header, w.Code)
			}
		})
	}
	group.Wait()
}

func TestNamesSelectFamiliesOfTheRegistry(t *testing.T) {
	reg := engine.NewRegistry()
	gauge(t, reg, "one", 1)
	gauge(t, reg, "two", 2)
	h := Handler(reg)
	types := regexp.MustCompile(`(?m)^# TYPE (\S+)`)
	families := func(query string) (names []string) {
		for _, m := range types.FindAllStringSubmatch(testkit.Get(h, "/metrics"+query).Body.String(), -1) {
			if !strings.HasPrefix(m[1], "quipu_") {
				names = append(names, m[1])
			}
		}
		return names
	}
	require.Equal(t, []string{"one", "two"}, families(""))
	require.Equal(t, []string{"two"}, families("?name[]=two"))
	require.Equal(t, []string{"one", "two"}, families("?name[]=two&name%5B%5D=one"))
	require.Nil(t, families("?name[]="))
	require.Nil(t, families("?name[]=three"))
	require.Equal(t, "# EOF\n", testkit.Get(h, "/?name[]=three", "Accept",
		"application/openmetrics-text").Body.String())
	require.Contains(t, testkit.Get(h, "/?name[]=quipu_scrapes_total").Body.String(), "\nquipu_scrapes_total ")
}

func TestSelfMetricsCanBeLeftOut(t *testing.T) {
	reg := engine.NewRegistry()
	gauge(t, reg, "one", 1)
	require.Contains(t, testkit.Get(Handler(reg), "/").Body.String(), "quipu_scrapes_total")
	require.Equal(t, "# HELP one Help.\n# TYPE one gauge\none 1\n",
		testkit.Get(Handler(reg, WithoutSelfMetrics()), "/").Body.String())
}

func TestAStalledReaderOfARealPageHoldsUpNobody(t *testing.T) {
	const series = 100_000 // 7 MB: more than the socket buffers of a stalled reader hold
	reg := manySeries(t, series)
	counter, err := reg.NewCounter("writes_total", "Help.")
	require.NoError(t, err)
	vec, err := reg.NewCounterVec("created_total", "Help.", []string{"n"})
	require.NoError(t, err)
	h := Handler(reg, WithWriteTimeout(time.Second))
	ended := make(chan time.Duration, 1)
	s := testkit.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("stall") != "" {
			start := time.Now()
			defer func() { ended <- time.Since(start) }()
		}
		h.ServeHTTP(w, r)
	}))
	testkit.Dial(t, s, "GET /?stall=1 HTTP/1.1\r\nHost: x\r\n\r\n")

	var writes atomic.Uint64
	stop := make(chan struct{})
	var writer sync.WaitGroup
	writer.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				counter.Inc()
				writes.Add(1)
				vec.With(fmt.Sprint(i % 1000)).Inc()
			}
		}
	})
	require.Contains(t, testkit.Fetch(t, s.URL+"/?name[]=writes_total"), "writes_total")
	require.Empty(t, ended, "another scrape went by meanwhile")
	held := <-ended
	close(stop)
	writer.Wait()
	require.Less(t, held, 10*time.Second)
	require.Positive(t, writes.Load())
	require.EqualValues(t, writes.Load(), counter.Value())
	require.Contains(t, testkit.Fetch(t, s.URL+"/?name[]=writes_total"),
		fmt.Sprintf("\nwrites_total %d\n", writes.Load()))
}

func TestConcurrentScrapesOfARealRegistryAreWhole(t *testing.T) {
	const series, clients = 2000, 100
	s := testkit.Serve(t, Handler(manySeries(t, series), WithMaxConcurrent(4)))
	var group sync.WaitGroup
	// On a busy machine a reader may look stalled, and lose its slot to another one.
	var served, refused, cutOff atomic.Int32
	for i := range clients {
		group.Go(func() {
			req, _ := http.NewRequest(http.MethodGet, s.URL, nil)
			if i%2 == 0 {
				req.Header.Set("Accept", "application/openmetrics-text")
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			page, err := io.ReadAll(resp.Body)
			switch {
			case errors.Is(err, io.ErrUnexpectedEOF):
				cutOff.Add(1)
			case err != nil:
				t.Error(err)
			case resp.StatusCode == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") != "":
				refused.Add(1)
			case strings.Count(string(page), "\nhttp_requests_total{") != series:
				t.Errorf("status %d, %d series", resp.StatusCode, strings.Count(string(page), "\nhttp_requests_total{"))
			default:
				served.Add(1)
			}
		})
	}
	group.Wait()
	require.EqualValues(t, clients, served.Load()+refused.Load()+cutOff.Load())
	require.Positive(t, served.Load())
	require.Less(t, cutOff.Load(), int32(clients/4))
}

func TestALargePageBeginsAtOnceAndCostsLittleMemory(t *testing.T) {
	series := 200_000
	switch {
	case testing.Short():
		series = 50_000
	case os.Getenv("QUIPU_LONG") == "1":
		series = 1_000_000
	}
	s := testkit.Serve(t, Handler(manySeries(t, series)))
	for _, encoding := range []string{"identity", "gzip"} {
		// scrape returns the number of bytes that the process, client included, allocated for it.
		scrape := func() (firstByte time.Duration, allocated uint64) {
			req, err := http.NewRequest(http.MethodGet, s.URL, nil)
			require.NoError(t, err)
			req.Header.Set("Accept-Encoding", encoding)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			resp, err := http.DefaultClient.Do(req)
			require.NoError(t, err)
			defer resp.Body.Close()
			firstByte = time.Since(start)
			_, err = io.Copy(io.Discard, resp.Body)
			require.NoError(t, err)
			runtime.ReadMemStats(&after)
			return firstByte, after.TotalAlloc - before.TotalAlloc
		}
		scrape() // fills the pools
		firstByte, allocated := scrape()
		require.Less(t, firstByte, 250*time.Millisecond, encoding)
		require.Less(t, allocated, uint64(4<<20), encoding)
	}
}

// reenter scrapes and changes the registry whose function calls it.
func reenter(reg *engine.Registry) float64 {
	g, err := reg.NewGauge("defined_by_a_callback", "Help.")
	if err != nil {
		return -1
	}
	g.Inc()
	var page strings.Builder
	if _, err := reg.Expose(&page, engine.Exposition{Names: []string{"f_plain"}}); err != nil {
		return -1
	}
	return float64(page.Len())
}

// Whatever the functions are, however long they take, and however scrapes overlap, the answer is
// 200, in time, and has every metric whose function keeps its own limit.
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
					// Two readers of the registry's own histogram may meet at its mutex, and a
					// goroutine that waits for a mutex stops the clock of the bubble.
					h := Handler(reg, WithoutSelfMetrics())
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
										line := fmt.Sprintf("\nf%d 1\n", i)
										require.True(t, strings.Contains(w.Body.String(), line), "%v", d)
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
