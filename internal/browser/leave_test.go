// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export/live"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// goroutines counts the goroutines that run code of export/live.
func goroutines(t *testing.T) (n int) {
	t.Helper()
	var stacks bytes.Buffer
	require.NoError(t, pprof.Lookup("goroutine").WriteTo(&stacks, 2))
	for stack := range strings.SplitSeq(stacks.String(), "\n\n") {
		if strings.Contains(stack, "/export/live.") {
			n++
		}
	}
	return n
}

// heap returns the bytes in use after a collection.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

func TestNothingIsKeptAndNothingRunsAfterTheLastWatcher(t *testing.T) {
	reg := engine.NewRegistry()
	vec := engine.Must(reg.NewCounterVec("calls_total", "Calls.", []string{"user", "path"}))
	for i := range 10_000 {
		vec.With("user-"+strconv.Itoa(i), "/some/path").Add(float64(i))
	}
	server := testkit.Serve(t, live.Handler(reg, live.WithInterval(interval)))
	b := startBrowser(t)
	one, two := b.newTab(server.URL), b.newTab(server.URL)
	watch := func(p *tab) {
		p.visit("/#/metric/calls_total")
		p.until(`() => document.querySelector('.series-bar')?.textContent.includes('10,000 series')`)
	}
	watch(one) // makes what stays: the connection, and what the registry keeps of its first scrape
	one.leave()
	testkit.Poll(t, patience, func() error { return want(0, goroutines(t)) })
	before := heap()

	watch(one)
	watch(two)
	require.Equal(t, 3, goroutines(t), "the one that samples, and one for each of the pages")
	during := heap()
	require.Greater(t, during-before, int64(1<<20), "the history must be large enough to be missed")

	one.visit("/#/health") // another view is another watcher
	one.until(`() => document.querySelectorAll('.cards section').length > 5`)
	testkit.Poll(t, patience, func() error { return want(3, goroutines(t)) })
	one.leave()
	testkit.Poll(t, patience, func() error { return want(2, goroutines(t)) })
	two.close()
	testkit.Poll(t, patience, func() error { return want(0, goroutines(t)) })
	after := heap()
	t.Logf("%d KiB before, %d KiB with two watchers, %d KiB after them", before>>10, during>>10, after>>10)
	require.Less(t, after-before, (during-before)/10)
}

func want(want, got int) error {
	if got != want {
		return fmt.Errorf("%d goroutines, want %d", got, want)
	}
	return nil
}

func TestAServerShutsDownWhileAPageIsOpen(t *testing.T) {
	testkit.Require(t, "chromium")
	testkit.Baseline(t)
	reg := engine.NewRegistry()
	engine.Must(reg.NewCounter("jobs_total", "Jobs."))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := &http.Server{Handler: live.Handler(reg, live.WithInterval(interval)), ReadHeaderTimeout: time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()

	p := startBrowser(t).newTab("http://" + listener.Addr().String())
	p.visit("/")
	p.inList("jobs_total")
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	began := time.Now()
	require.NoError(t, server.Shutdown(ctx))
	took := time.Since(began)
	t.Logf("the server was down after %v", took)
	require.Less(t, took, 2*time.Second)
	require.ErrorIs(t, <-served, http.ErrServerClosed)
	p.until(`() => document.getElementById('state').textContent === 'no answer'`)
	testkit.Poll(t, patience, func() error { return want(0, goroutines(t)) })

	// The same address answers again, and the page goes on by itself.
	require.NotEmpty(t, p.text(`[data-metric="jobs_total"]`), "the last numbers stay on the page")
	listener, err = net.Listen("tcp", listener.Addr().String())
	require.NoError(t, err)
	server = &http.Server{Handler: live.Handler(reg, live.WithInterval(interval)), ReadHeaderTimeout: time.Second}
	go func() { served <- server.Serve(listener) }()
	p.until(`() => document.getElementById('state').textContent === 'live'`)
	for _, fault := range p.takeFaults() {
		require.Contains(t, fault, "net::ERR_", "the log of the browser has the lost connection and nothing else")
	}
	p.close()
	require.NoError(t, server.Shutdown(ctx))
	require.ErrorIs(t, <-served, http.ErrServerClosed)
}

func TestAPageThatIsRefusedSaysSoAndAsksAgain(t *testing.T) {
	reg := engine.NewRegistry()
	engine.Must(reg.NewCounter("jobs_total", "Jobs."))
	server := testkit.Serve(t, live.Handler(reg, live.WithInterval(interval), live.WithWatchers(1)))
	b := startBrowser(t)
	one, two := b.newTab(server.URL), b.newTab(server.URL)
	one.visit("/")
	one.inList("jobs_total")
	two.visit("/")
	two.until(`() => document.getElementById('state').textContent === 'refused'`)
	one.close()
	two.inList("jobs_total")
	for _, fault := range two.takeFaults() {
		require.Contains(t, fault, "503", "the log of the browser has the refusal and nothing else")
	}
}

func TestManyPagesShareTheFewConnectionsOfABrowser(t *testing.T) {
	reg := engine.NewRegistry()
	c := engine.Must(reg.NewCounter("jobs_total", "Jobs."))
	server := testkit.Serve(t, live.Handler(reg, live.WithInterval(interval)))
	b := startBrowser(t)
	var tabs []*tab
	for range 8 {
		p := b.newTab(server.URL, chromedp.WithNewWindow(false))
		tabs = append(tabs, p)
		p.toFront()
		p.visit("/#/metric/jobs_total")
		p.until(`() => document.getElementById('state').textContent === 'live'`)
	}
	c.Add(5)
	for _, p := range tabs {
		p.toFront()
		p.until(`() => document.querySelector('[data-fact="value"] b').textContent === '5'`)
	}
	testkit.Poll(t, patience, func() error { return want(2, goroutines(t)) })
	last := tabs[len(tabs)-1]
	p := b.newTab(server.URL, chromedp.WithNewWindow(false))
	p.toFront()
	last.until(`() => document.hidden`)
	time.Sleep(5 * interval)
	require.Equal(t, "live", last.state(), "a page alone goes on while nobody sees it")
}
