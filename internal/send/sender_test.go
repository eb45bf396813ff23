// SPDX-License-Identifier: Apache-2.0

package send

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/testkit"
)

func TestAServerThatRefuses(t *testing.T) {
	testkit.Baseline(t)
	addr := testkit.FreeAddr(t)
	err := secretly(t, "http://"+addr)
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	require.ErrorContains(t, err, "PUT http://"+addr+"/write: ")
	require.True(t, retriable(err))
	var op *net.OpError
	require.ErrorAs(t, err, &op)
}

func TestAServerThatHangs(t *testing.T) {
	for name, behave := range map[string]func(net.Conn){
		"before it reads":   func(net.Conn) {},
		"after it has read": func(c net.Conn) { readRequest(c) },
		"in its headers": func(c net.Conn) {
			readRequest(c)
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nX-A")
		},
	} {
		t.Run(name, func(t *testing.T) {
			url := listen(t, behave)
			begin := time.Now()
			err := secretly(t, url, withTimeout(100*time.Millisecond))
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.ErrorContains(t, err, "not done within 100ms")
			require.Less(t, time.Since(begin), 2*time.Second)
			require.True(t, retriable(err))

			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			err = put(ctx, newSenderFor(t, url))
			require.ErrorIs(t, err, context.DeadlineExceeded, "the caller's time counts as well")
			require.Less(t, time.Since(begin), 2*time.Second)
		})
	}
}

func TestOneRequestIsInFlightAtATime(t *testing.T) {
	var flying, most atomic.Int32
	g := testkit.NewRecorder(t, func(w http.ResponseWriter, r *http.Request) {
		n := flying.Add(1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		time.Sleep(5 * time.Millisecond)
		flying.Add(-1)
	})
	s := newSenderFor(t, g.URL)
	var sends sync.WaitGroup
	for range 8 {
		sends.Go(func() {
			if err := put(context.Background(), s); err != nil {
				t.Error(err)
			}
		})
	}
	sends.Wait()
	require.Equal(t, int32(1), most.Load())
	require.Len(t, g.Seen(), 8)
}

func TestASendThatWaitsForItsTurnCanBeCancelled(t *testing.T) {
	release := make(chan struct{})
	arrived := make(chan struct{})
	g := testkit.NewRecorder(t, func(http.ResponseWriter, *http.Request) { arrived <- struct{}{}; <-release })
	s := newSenderFor(t, g.URL)
	first := make(chan error)
	go func() { first <- put(context.Background(), s) }()
	<-arrived
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	require.ErrorContains(t, put(ctx, s), "enough")
	close(release)
	require.NoError(t, <-first)
	g.One(t)
}

// Answers that never end come on the first connection only; the next request succeeds.
func TestAnAnswerThatKeepsTheConnectionHoldsUpNoLaterRequest(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
	flood := func(c net.Conn, begin, more string) {
		_, err := io.WriteString(c, begin)
		for err == nil {
			_, err = io.WriteString(c, more)
		}
	}
	for name, tc := range map[string]struct {
		behave func(c net.Conn)
		want   string // of the error; empty if the request has arrived
		closed bool   // by the client, at once
	}{
		"101": {func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
		}, "101 Switching Protocols", true},
		"101 and a flood": {func(c net.Conn) {
			flood(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", "more")
		}, "101 Switching Protocols", true},
		"100 for ever": {func(c net.Conn) { flood(c, "", "HTTP/1.1 100 Continue\r\n\r\n") }, "headers exceeded", false},
		"103 for ever": {func(c net.Conn) { flood(c, "", "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n") }, "PUT",
			false},
		"half a body": {func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 500 No\r\nContent-Length: 100\r\n\r\nhalf")
		}, "half", false},
		"half a body of 200": {func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
		}, "", false},
		"trailers for ever": {func(c net.Conn) {
			flood(c, "HTTP/1.1 500 No\r\nTrailer: X\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
				"X: "+strings.Repeat("y", 100)+"\r\n")
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
			s := newSenderFor(t, url, withTimeout(time.Second))
			begin := time.Now()
			err := put(t.Context(), s)
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
				require.NoError(t, put(t.Context(), s))
			}
		})
	}
}

func TestAnExpectationIsNotWaitedFor(t *testing.T) {
	g := testkit.NewRecorder(t, func(http.ResponseWriter, *http.Request) {})
	require.NoError(t, put(t.Context(), newSenderFor(t, g.URL, withHeader("Expect", "100-continue"))))
	require.Equal(t, page, g.One(t).Body)
}

func TestARequestHasItsOwnHeadersAndABodyOrNone(t *testing.T) {
	g := testkit.NewRecorder(t, nil)
	s := newSenderFor(t, g.URL, withHeader("X-Tenant", "7"))
	header := http.Header{"Content-Type": {"text/plain"}, "Content-Encoding": {"snappy"}}
	for _, r := range []Request{
		{Method: http.MethodPost, Header: header, Body: []byte(page)},
		{Method: http.MethodPut, Header: header, Body: []byte{}},
		{Method: http.MethodDelete},
	} {
		_, err := s.Send(t.Context(), r)
		require.NoError(t, err)
	}
	seen := g.Seen()
	require.Len(t, seen, 3)
	for i, want := range []struct{ method, body, kind, encoding string }{
		{"POST", page, "text/plain", "snappy"}, {"PUT", "", "text/plain", "snappy"}, {"DELETE", "", "", ""},
	} {
		require.Equal(t, want.method, seen[i].Method)
		require.Equal(t, want.body, seen[i].Body)
		require.Equal(t, int64(len(want.body)), seen[i].Length, "the length is known in advance")
		require.Equal(t, want.kind, seen[i].Header.Get("Content-Type"))
		require.Equal(t, want.encoding, seen[i].Header.Get("Content-Encoding"))
		require.Equal(t, "7", seen[i].Header.Get("X-Tenant"))
	}
	require.Len(t, header, 2, "the caller's headers are not changed")
}

func TestATurnHasTheTimeOfTheSettings(t *testing.T) {
	for want, opts := range map[time.Duration][]option{defaultTimeout: nil, time.Minute: {withTimeout(time.Minute)}} {
		synctest.Test(t, func(t *testing.T) {
			begin := time.Now()
			err := newSenderFor(t, "http://gw", opts...).InTurn(t.Context(), "PUT", func(ctx context.Context) error {
				<-ctx.Done()
				return context.Cause(ctx)
			})
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.EqualError(t, err, "not done within "+want.String())
			require.Equal(t, want, time.Since(begin))
		})
	}
}

func TestWhatATurnReturnsIsTheErrorAsItIs(t *testing.T) {
	s, err := newSenderFor(t, "http://gw"), errors.New("a metric that cannot be sent")
	for range 2 {
		require.Same(t, err, s.InTurn(t.Context(), "PUT", func(context.Context) error { return err }))
	}
}

func TestATurnOfAContextThatIsDoneDoesNotBegin(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("told to stop by " + password))
	s := newSenderFor(t, "http://gw", withBasicAuth("me", password))
	for range 100 { // both a turn and the end of the context are there
		err := s.InTurn(ctx, http.MethodPut, func(context.Context) error { panic("it has begun") })
		require.EqualError(t, err, "quipu: otlp: PUT http://gw/write: told to stop by ***")
	}
}
