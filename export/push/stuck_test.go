// SPDX-License-Identifier: Apache-2.0

package push

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

// Answers that keep a client for ever are in the first connection only; what is pushed next goes through.
func TestAnAnswerThatKeepsTheConnectionHoldsUpNoLaterPush(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
	flood := func(c net.Conn, begin, more string) {
		_, err := io.WriteString(c, begin)
		for err == nil {
			_, err = io.WriteString(c, more)
		}
	}
	for name, tc := range map[string]struct {
		behave func(c net.Conn)
		want   string // of the error; empty if the push has arrived
		closed bool   // by the client, at once
	}{
		"101": {func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
		}, "101 Switching Protocols", true},
		"101 and a flood": {func(c net.Conn) {
			flood(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", "more")
		}, "101 Switching Protocols", true},
		"100 for ever": {func(c net.Conn) { flood(c, "", "HTTP/1.1 100 Continue\r\n\r\n") }, "headers exceeded", false},
		"103 for ever": {func(c net.Conn) { flood(c, "", "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n") }, "PUT", false},
		"half a body": {func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 500 No\r\nContent-Length: 100\r\n\r\nhalf")
		}, "half", false},
		"half a body of 200": {func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
		}, "", false},
		"trailers for ever": {func(c net.Conn) {
			flood(c, "HTTP/1.1 500 No\r\nTrailer: X\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "X: "+strings.Repeat("y", 100)+"\r\n")
		}, "500 ", false},
		"204 with more": {func(c net.Conn) { flood(c, "HTTP/1.1 204 No Content\r\n\r\n", "more") }, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			var connections atomic.Int32
			gone := make(chan struct{})
			url := listen(t, func(c net.Conn) {
				readRequest(c)
				if connections.Add(1) > 1 {
					_, _ = io.WriteString(c, ok)
					return
				}
				tc.behave(c)
				_, _ = io.Copy(io.Discard, c)
				close(gone)
			})
			p := newPusherFor(t, url, WithTimeout(time.Second))
			begin := time.Now()
			err := p.Replace(t.Context())
			require.Less(t, time.Since(begin), 10*time.Second)
			if tc.want == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, tc.want)
			}
			select {
			case <-gone:
			case <-time.After(20 * time.Second):
				require.Fail(t, "the connection is open")
			}
			for range 2 {
				require.NoError(t, p.Replace(t.Context()))
			}
		})
	}
}

func TestAnExpectationIsNotWaitedFor(t *testing.T) {
	g := newGateway(t, func(http.ResponseWriter, *http.Request) {})
	require.NoError(t, newPusherFor(t, g.URL, WithHeader("Expect", "100-continue")).Add(t.Context()))
	require.Equal(t, jobsPage, g.one(t).body)
}

// slowly defines functions that take a while.
func slowly(t *testing.T, n int, takes time.Duration) *engine.Registry {
	reg := jobs(t)
	for i := range n {
		must(reg.NewGaugeFunc(fmt.Sprint("slow_", i), "", func() float64 { time.Sleep(takes); return 1 }))
	}
	return reg
}

func TestSlowFunctionsCostThemselvesAndNotThePush(t *testing.T) {
	g := newGateway(t, nil)
	p, err := New(g.URL, "j", WithRegistry(slowly(t, 4, 600*time.Millisecond)), WithTimeout(1500*time.Millisecond))
	require.NoError(t, err)
	require.NoError(t, p.Replace(t.Context()))
	require.Contains(t, g.one(t).body, "jobs_total 3\n")
}

func TestACallerWhoGivesUpWaitsForNoFunction(t *testing.T) {
	g := newGateway(t, nil)
	p, err := New(g.URL, "j", WithRegistry(slowly(t, 4, 5*time.Second)))
	require.NoError(t, err)
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(100*time.Millisecond, func() { cancel(errors.New("enough")) })
	begin := time.Now()
	require.ErrorContains(t, p.Replace(ctx), "enough")
	require.Less(t, time.Since(begin), 450*time.Millisecond, "the first function alone would take 500 ms")
	require.Empty(t, g.seen())
}

// late is a gateway that takes a while to store what it has received, whether or not the client waits.
type late struct {
	mu       sync.Mutex
	stored   []string
	inFlight int
	most     int
	takes    func(n int) time.Duration
	n        int
}

func (l *late) RoundTrip(r *http.Request) (*http.Response, error) {
	body, _ := io.ReadAll(r.Body)
	l.mu.Lock()
	takes := l.takes(l.n)
	l.n++
	l.inFlight++
	l.most = max(l.most, l.inFlight)
	l.mu.Unlock()
	stored := make(chan struct{})
	go func() {
		defer close(stored)
		time.Sleep(takes)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.inFlight--
		l.stored = append(l.stored, string(body))
	}()
	select {
	case <-stored:
		return answer(r, 200), nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

// runLate cancels Run 100 ms after its start, in a bubble.
func runLate(t *testing.T, takes func(n int) time.Duration) (stored []string, most int, took time.Duration, err error) {
	synctest.Test(t, func(t *testing.T) {
		l := &late{takes: takes}
		reg := engine.NewRegistry()
		c := must(reg.NewCounter("steps_total", ""))
		p := must(New("http://gw", "j", WithRegistry(reg), WithClient(&http.Client{Transport: l}), WithLogger(slog.New(slog.DiscardHandler))))
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, func() { c.Add(42); cancel() })
		begin := time.Now()
		err = p.Run(ctx, time.Hour)
		took = time.Since(begin)
		time.Sleep(time.Hour)
		l.mu.Lock()
		defer l.mu.Unlock()
		stored, most = l.stored, l.most
	})
	return stored, most, took, err
}

func TestTheLastPushWaitsForTheOneUnderWay(t *testing.T) {
	stored, most, took, err := runLate(t, func(n int) time.Duration {
		return []time.Duration{400 * time.Millisecond, 0}[n]
	})
	require.NoError(t, err)
	require.Len(t, stored, 2)
	require.Contains(t, stored[0], "steps_total 0\n")
	require.Contains(t, stored[1], "steps_total 42\n")
	require.Equal(t, 1, most, "nothing overlaps")
	require.Equal(t, 400*time.Millisecond, took)
}

func TestRunReturnsAnErrorWhenTheLastValuesMayBeReplacedByOlderOnes(t *testing.T) {
	stored, _, took, err := runLate(t, func(n int) time.Duration {
		return []time.Duration{20 * time.Second, 0}[n]
	})
	require.Contains(t, stored[len(stored)-1], "steps_total 0\n", "the gateway ends with the old value")
	require.ErrorContains(t, err, "older ones, of a push that was not answered, may replace them")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Equal(t, 100*time.Millisecond+lastTimeout/2, took)
}

func TestTheEndOfRunIsBoundedWhateverTheServerDoes(t *testing.T) {
	_, _, took, err := runLate(t, func(int) time.Duration { return time.Minute })
	require.ErrorContains(t, err, "not done within 5s")
	require.Equal(t, 100*time.Millisecond+lastTimeout, took)
}
