// SPDX-License-Identifier: Apache-2.0

package push

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

func TestEveryMethodSendsWhatItShould(t *testing.T) {
	for method, tc := range map[string]struct {
		push func(*Pusher, context.Context) error
		body string
	}{
		http.MethodPost:   {(*Pusher).Add, jobsPage},
		http.MethodPut:    {(*Pusher).Replace, jobsPage},
		http.MethodDelete: {(*Pusher).Delete, ""},
	} {
		t.Run(method, func(t *testing.T) {
			for _, status := range []int{200, 202, 204} {
				g := newGateway(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
				p := newPusherFor(t, g.URL+"/prefix", WithGrouping("path", "/var/tmp"))
				require.NoError(t, tc.push(p, t.Context()))
				got := g.one(t)
				require.Equal(t, method, got.method)
				require.Equal(t, "/prefix/metrics/job/backup/path@base64/L3Zhci90bXA", got.uri)
				require.Equal(t, tc.body, got.body, "the registry's own metrics stay at home")
				require.Equal(t, int64(len(tc.body)), got.length, "the length is known in advance")
				if method == http.MethodDelete {
					require.NotContains(t, got.header, "Content-Type")
				} else {
					require.Equal(t, "text/plain; version=0.0.4; charset=utf-8", got.header.Get("Content-Type"))
				}
			}
		})
	}
}

func TestPushInProtobuf(t *testing.T) {
	g := newGateway(t, nil)
	require.NoError(t, newPusherFor(t, g.URL, WithFormat(encode.Protobuf)).Add(t.Context()))
	got := g.one(t)
	require.Equal(t, encode.Protobuf.ContentType(), got.header.Get("Content-Type"))
	require.Equal(t, "\x0a\x0ajobs_total\x12\x05Jobs.", got.body[1:1+12+7]) // name and help
	require.Equal(t, len(got.body)-1, int(got.body[0]), "one message, after its length")
}

func TestPushToACustomPath(t *testing.T) {
	g := newGateway(t, nil)
	p := newPusherFor(t, g.URL, WithPath("/api/v1/import/prometheus"), WithGrouping("host", "a"))
	require.NoError(t, p.Add(t.Context()))
	require.Equal(t, "/api/v1/import/prometheus?extra_label=job%3Dbackup&extra_label=host%3Da", g.one(t).uri)
	require.ErrorContains(t, p.Delete(t.Context()), "no groups")
	require.Len(t, g.seen(), 1, "a deletion that would do nothing is not sent")
}

func TestHeadersAndCredentialsAreSent(t *testing.T) {
	basic := func(user, password string) string {
		r := http.Request{Header: http.Header{}}
		r.SetBasicAuth(user, password)
		return r.Header.Get("Authorization")
	}
	for name, tc := range map[string]struct {
		user *url.Userinfo
		opts []Option
		want string
	}{
		"none":       {nil, nil, ""},
		"in the URL": {url.UserPassword("me", "p@ss/w:rd"), nil, basic("me", "p@ss/w:rd")},
		"user only":  {url.User("me"), nil, basic("me", "")},
		"option":     {nil, []Option{WithBasicAuth("me", "pw")}, basic("me", "pw")},
		"option before the URL": {url.UserPassword("me", "old"), []Option{WithBasicAuth("me", "new")},
			basic("me", "new")},
		"token": {nil, []Option{WithHeader("authorization", "Bearer t0ken")}, "Bearer t0ken"},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGateway(t, nil)
			u, err := url.Parse(g.URL)
			require.NoError(t, err)
			u.User = tc.user
			opts := append(tc.opts, WithHeader("X-Tenant", "7"), WithHeader("x-tenant", "8"),
				WithHeader("Host", "gw.example"))
			require.NoError(t, newPusherFor(t, u.String(), opts...).Add(t.Context()))
			got := g.one(t)
			require.Equal(t, tc.want, got.header.Get("Authorization"))
			require.Equal(t, []string{"7", "8"}, got.header["X-Tenant"])
			require.Equal(t, "gw.example", got.host)
			require.Equal(t, "quipu", got.header.Get("User-Agent"))
		})
	}
}

func TestTheDefaultRegistryIsPushedUnlessAnotherIsGiven(t *testing.T) {
	c := engine.NewCounter("push_default_total", "Of the default registry.")
	defer engine.Default().Unregister("push_default_total")
	c.Inc()
	g := newGateway(t, nil)
	p, err := New(g.URL, "j")
	require.NoError(t, err)
	require.NoError(t, p.Add(t.Context()))
	require.Contains(t, g.one(t).body, "push_default_total 1\n")
}

func TestPagesOfManyChunksArriveWhole(t *testing.T) {
	reg := engine.NewRegistry(engine.WithMaxSeries(20_000))
	v, err := reg.NewCounterVec("x_total", "X.", []string{"n"})
	require.NoError(t, err)
	for i := range 20_000 {
		v.With(strings.Repeat("n", i%50) + string(rune('a'+i%26)) + strings.Repeat("m", i/50)).Inc()
	}
	var want strings.Builder
	_, err = reg.Expose(&want, engine.Exposition{NoSelf: true})
	require.NoError(t, err)
	require.Greater(t, want.Len(), 1<<20)

	g := newGateway(t, nil)
	p, err := New(g.URL, "j", WithRegistry(reg))
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, p.Replace(t.Context()))
	}
	for _, got := range g.seen() {
		require.Equal(t, want.Len(), len(got.body))
		require.True(t, want.String() == got.body)
	}
}

func TestAGatewayThatRefuses(t *testing.T) {
	testkit.Baseline(t)
	addr := testkit.FreeAddr(t)
	err := secretly(t, "http://"+addr)
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	require.ErrorContains(t, err, "PUT http://"+addr+"/metrics/job/backup: ")
	require.True(t, retriable(err))
	var op *net.OpError
	require.ErrorAs(t, err, &op)
}

func TestAGatewayThatHangs(t *testing.T) {
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
			err := secretly(t, url, WithTimeout(100*time.Millisecond))
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.ErrorContains(t, err, "not done within 100ms")
			require.Less(t, time.Since(begin), 2*time.Second)
			require.True(t, retriable(err))

			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			err = newPusherFor(t, url).Add(ctx)
			require.ErrorIs(t, err, context.DeadlineExceeded, "the caller's time counts as well")
			require.Less(t, time.Since(begin), 2*time.Second)
		})
	}
}

func TestOneRequestIsInFlightAtATime(t *testing.T) {
	var flying, most atomic.Int32
	g := newGateway(t, func(w http.ResponseWriter, r *http.Request) {
		n := flying.Add(1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		time.Sleep(5 * time.Millisecond)
		flying.Add(-1)
	})
	p := newPusherFor(t, g.URL)
	var pushes sync.WaitGroup
	for range 8 {
		pushes.Go(func() {
			if err := p.Add(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	pushes.Wait()
	require.Equal(t, int32(1), most.Load())
	require.Len(t, g.seen(), 8)
}

func TestAPushThatWaitsForItsTurnCanBeCancelled(t *testing.T) {
	release := make(chan struct{})
	arrived := make(chan struct{})
	g := newGateway(t, func(http.ResponseWriter, *http.Request) { arrived <- struct{}{}; <-release })
	p := newPusherFor(t, g.URL)
	first := make(chan error)
	go func() { first <- p.Add(context.Background()) }()
	<-arrived
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	require.ErrorContains(t, p.Add(ctx), "enough")
	close(release)
	require.NoError(t, <-first)
	g.one(t)
}

func TestAPageThatNobodyWaitsForIsNotFinished(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	reg := engine.NewRegistry()
	must(reg.NewGaugeFunc("a", "", func() float64 { cancel(); return 1 }))
	g := newGateway(t, nil)
	p, err := New(g.URL, "j", WithRegistry(reg))
	require.NoError(t, err)
	err = p.Add(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "the page was not finished")
	require.Empty(t, g.seen())
}

func TestNothingIsLeftOpenBetweenPushes(t *testing.T) {
	var mu sync.Mutex
	open := map[net.Conn]bool{}
	testkit.Baseline(t)
	g := &gateway{}
	g.Server = httptest.NewUnstartedServer(g)
	g.Config.ConnState = func(c net.Conn, state http.ConnState) {
		mu.Lock()
		defer mu.Unlock()
		if open[c] = true; state == http.StateClosed {
			delete(open, c)
		}
	}
	g.Start()
	t.Cleanup(g.Close)
	p := newPusherFor(t, g.URL)
	for range 3 {
		require.NoError(t, p.Add(t.Context()))
	}
	testkit.Poll(t, 5*time.Second, func() error {
		mu.Lock()
		defer mu.Unlock()
		if len(open) > 0 {
			return fmt.Errorf("%d connections", len(open))
		}
		return nil
	})
}

func TestTLSIsTheClients(t *testing.T) {
	testkit.Baseline(t)
	g := &gateway{}
	g.Server = httptest.NewUnstartedServer(g)
	g.Config.ErrorLog = log.New(io.Discard, "", 0) // the handshake fails on purpose
	g.StartTLS()
	t.Cleanup(g.Close)

	require.ErrorContains(t, secretly(t, g.URL), "certificate", "an unknown authority is refused")
	require.Empty(t, g.seen())
	pool := g.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	defer client.CloseIdleConnections()
	require.NoError(t, secretly(t, g.URL, WithClient(client)))
	require.Equal(t, jobsPage, g.one(t).body)
}

// Answers that never end come on the first connection only; the next push succeeds.
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
