// SPDX-License-Identifier: Apache-2.0

package export

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// stallsFor is how long an attacker keeps an answer that it does not read, before it asks again.
const stallsFor = 3 * time.Second

// bulky returns a registry whose page of 12 MB is more than socket buffers and HTTP/2 windows hold,
// and is compressed fast.
func bulky(t *testing.T) *engine.Registry {
	t.Helper()
	reg := engine.NewRegistry(engine.WithMaxSeries(12_000))
	vec, err := reg.NewGaugeVec("bulk", "", []string{"text", "n"})
	require.NoError(t, err)
	for i := range 12_000 {
		vec.With(strings.Repeat("bulk", 250), strconv.Itoa(i)).Set(1)
	}
	return reg
}

// healthyScrapes scrapes as Prometheus does during an attack, and requires that nearly all scrapes
// get the whole page.
func healthyScrapes(t *testing.T, url string, transport *http.Transport) {
	t.Helper()
	scrapes, mayFail, interval := 8, 1, 300*time.Millisecond
	if os.Getenv("QUIPU_LONG") == "1" {
		scrapes, mayFail, interval = 59, 4, 2*time.Second
	}
	busy := 5 * time.Second // that the machine may be
	if raceEnabled {
		busy *= 3
	}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: 10 * time.Second}
	next, last := time.Now(), time.Now()
	var failures []string
	failedBefore := false
	for i := range scrapes {
		time.Sleep(time.Until(next))
		err := wholePage(client, url)
		if err != nil {
			failures = append(failures, fmt.Sprintf("scrape %d: %v", i, err))
			require.False(t, failedBefore, "a gap over two intervals: %v", failures)
		} else {
			require.Less(t, time.Since(last), 2*interval+busy,
				"the machine may be busy for some seconds, no longer")
			last = time.Now()
		}
		failedBefore = err != nil
		next = next.Add(interval)
	}
	require.LessOrEqual(t, len(failures), mayFail, "%v", failures)
}

func wholePage(client *http.Client, url string) error {
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "application/openmetrics-text")
	req.Header.Set(scrapeTimeoutHeader, "10")
	resp, err := client.Do(req) // asks for gzip
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return err
	case resp.StatusCode != http.StatusOK:
		return errors.New(resp.Status)
	case !bytes.HasSuffix(page, []byte("# EOF\n")):
		return fmt.Errorf("%d bytes without an end", len(page))
	}
	return nil
}

// attackers runs attacks until the test ends.
func attackers(t *testing.T, n int, attack func(ctx context.Context)) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	for range n {
		group.Go(func() {
			for ctx.Err() == nil {
				attack(ctx)
			}
		})
	}
	t.Cleanup(func() {
		cancel()
		group.Wait()
	})
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// stall asks for the page over a new connection and does not read it.
func stall(addr string, hold time.Duration) func(ctx context.Context) {
	return func(ctx context.Context) {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			pause(ctx, 10*time.Millisecond)
			return
		}
		defer c.Close()
		_ = c.(*net.TCPConn).SetReadBuffer(4 << 10)
		_, _ = io.WriteString(c, getMetrics)
		pause(ctx, hold/2+rand.N(hold))
	}
}

// stallStreams asks for pages over one HTTP/2 connection and reads none.
func stallStreams(client *http.Client, url string) func(ctx context.Context) {
	return func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, stallsFor/2+rand.N(stallsFor))
		defer cancel()
		req, _ := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		req.Header.Set("Accept-Encoding", "identity")
		resp, err := client.Do(req)
		if err != nil {
			pause(ctx, 10*time.Millisecond)
			return
		}
		if resp.StatusCode == http.StatusOK {
			<-ctx.Done()
		}
		resp.Body.Close()
	}
}

func TestStalledClientsKeepNobodyOutOfADefaultService(t *testing.T) {
	holds := []time.Duration{stallsFor} // many at once
	if !raceEnabled {
		// Always new connections: 160 begun pages a second. Under the race detector they would keep
		// both CPUs of a small machine busy.
		holds = append(holds, 200*time.Millisecond)
	}
	for _, hold := range holds {
		t.Run(hold.String(), func(t *testing.T) {
			testkit.Baseline(t)
			s := NewService(bulky(t))
			require.NoError(t, s.Start("127.0.0.1:0"))
			t.Cleanup(func() { require.NoError(t, s.Shutdown(context.Background())) })
			attackers(t, 32, stall(strings.TrimPrefix(s.BaseURL(), "http://"), hold))
			time.Sleep(200 * time.Millisecond)
			healthyScrapes(t, s.MetricsURL(), &http.Transport{})
		})
	}
}

// logged is the wrapper of a logging middleware, without Unwrap.
type logged struct {
	http.ResponseWriter
	status int
}

func (l *logged) WriteHeader(status int) { l.status = status; l.ResponseWriter.WriteHeader(status) }

func TestStalledClientsKeepNobodyOutBehindAWriterThatCannotBeInterrupted(t *testing.T) {
	h := Handler(bulky(t))
	s := testkit.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(&logged{w, 0}, r)
	}))
	attackers(t, 8, stall(s.Listener.Addr().String(), time.Hour)) // they only have to stay connected
	time.Sleep(200 * time.Millisecond)
	healthyScrapes(t, s.URL, &http.Transport{})
}

func TestStalledStreamsOfOneConnectionKeepNobodyOut(t *testing.T) {
	testkit.Baseline(t)
	certs := httptest.NewTLSServer(nil)
	defer certs.Close()
	s := NewService(bulky(t), WithTLS(&tls.Config{Certificates: certs.TLS.Certificates}))
	require.NoError(t, s.Start("127.0.0.1:0"))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		_ = s.Shutdown(ctx)
	})
	one := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true,
		MaxConnsPerHost: 1}
	t.Cleanup(one.CloseIdleConnections)
	attackers(t, 32, stallStreams(&http.Client{Transport: one}, s.MetricsURL()))
	time.Sleep(200 * time.Millisecond)
	healthyScrapes(t, s.MetricsURL(),
		&http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true})
}

// A blocked connection takes no resets of streams, so its handlers stay in their writes.
func TestAnHTTP2ConnectionThatIsNotReadHoldsNoSlots(t *testing.T) {
	testkit.Baseline(t)
	s := httptest.NewUnstartedServer(Handler(bulky(t)))
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	over := make(chan struct{})
	t.Cleanup(func() { close(over) })
	one := s.Client().Transport.(*http.Transport).Clone()
	one.MaxConnsPerHost = 1
	one.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, addr)
		if err == nil {
			c = &deaf{c, over, time.Now().Add(300 * time.Millisecond)}
		}
		return c, err
	}
	healthy := &http.Transport{TLSClientConfig: one.TLSClientConfig.Clone(), ForceAttemptHTTP2: true}
	attackers(t, 16, stallStreams(&http.Client{Transport: one}, s.URL))
	t.Cleanup(one.CloseIdleConnections)
	time.Sleep(500 * time.Millisecond)
	healthyScrapes(t, s.URL, healthy)
	s.CloseClientConnections()
}

// deaf is a connection that stops reading after a while.
type deaf struct {
	net.Conn
	over  chan struct{}
	until time.Time
}

func (d *deaf) Read(b []byte) (int, error) {
	if time.Now().After(d.until) {
		<-d.over
	}
	return d.Conn.Read(b)
}

// circle unwraps to itself, or to another circle that unwraps to it.
type circle struct {
	http.ResponseWriter
	next http.ResponseWriter
}

func (c *circle) Unwrap() http.ResponseWriter { return c.next }

func TestAWriterThatUnwrapsToItselfGetsItsPage(t *testing.T) {
	reg := engine.NewRegistry()
	_, err := reg.NewCounter("jobs_total", "")
	require.NoError(t, err)
	for _, length := range []int{1, 2, 7} {
		rec := httptest.NewRecorder()
		loops := make([]*circle, length)
		for i := range loops {
			loops[i] = &circle{ResponseWriter: rec}
		}
		for i := range loops {
			loops[i].next = loops[(i+1)%length]
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			Handler(reg).ServeHTTP(loops[0], httptest.NewRequest(http.MethodGet, "/metrics", nil))
			Handler(reg).ServeHTTP(&circle{next: loops[0], ResponseWriter: httptest.NewRecorder()},
				httptest.NewRequest(http.MethodPost, "/metrics", nil))
		}()
		select {
		case <-done:
			require.Contains(t, rec.Body.String(), "jobs_total 0\n")
		case <-time.After(30 * time.Second):
			require.Fail(t, "the handler walks in a circle")
		}
	}
}
