// SPDX-License-Identifier: Apache-2.0

package export

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// started starts a service on a loopback port for one test.
func started(t *testing.T, opts ...ServiceOption) *Service {
	t.Helper()
	testkit.Baseline(t)
	s := NewService(engine.NewRegistry(), opts...)
	require.NoError(t, s.Start("127.0.0.1:0"))
	t.Cleanup(func() { require.NoError(t, s.Shutdown(context.Background())) })
	return s
}

func TestAServiceAnswersOnItsPathsAndNoOthers(t *testing.T) {
	s := started(t)
	require.Equal(t, s.BaseURL()+"/", s.RootURL())
	require.Equal(t, s.BaseURL()+"/metrics", s.MetricsURL())
	for _, tt := range []struct {
		method, path string
		status       int
		contentType  string
		contains     string
	}{
		{"GET", "/", 200, "text/html; charset=utf-8", `<a href="/metrics">`},
		{"HEAD", "/", 200, "text/html; charset=utf-8", ""},
		{"POST", "/", 405, "text/plain; charset=utf-8", "GET"},
		{"GET", "/healthz", 200, "text/plain; charset=utf-8", "ok\n"},
		{"GET", "/robots.txt", 200, "text/plain; charset=utf-8", "User-agent: *\nDisallow: /\n"},
		{"GET", "/metrics", 200, encode.Text.ContentType(), ""},
		{"HEAD", "/metrics", 200, encode.Text.ContentType(), ""},
		{"POST", "/metrics", 405, "text/plain; charset=utf-8", "GET"},
		{"GET", "/metrics/", 404, "text/plain; charset=utf-8", ""},
		{"GET", "/debug/pprof/", 404, "text/plain; charset=utf-8", ""},
		{"GET", "/..%2f..%2fetc/passwd", 404, "text/plain; charset=utf-8", ""},
	} {
		req, err := http.NewRequest(tt.method, s.BaseURL()+tt.path, nil)
		require.NoError(t, err)
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		b, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		resp.Body.Close()
		require.Equal(t, tt.status, resp.StatusCode, "%s %s", tt.method, tt.path)
		require.Equal(t, tt.contentType, resp.Header.Get("Content-Type"), "%s %s", tt.method, tt.path)
		require.Contains(t, string(b), tt.contains, "%s %s", tt.method, tt.path)
		if tt.method == "HEAD" {
			require.Empty(t, b)
		}
	}
}

func TestAServiceHasItsOwnPathAndHandlerOptions(t *testing.T) {
	s := started(t, WithPath("/a/b"), WithFormats(encode.OpenMetrics), WithoutCompression())
	require.True(t, strings.HasSuffix(s.MetricsURL(), "/a/b"))
	resp, err := http.Get(s.MetricsURL())
	require.NoError(t, err)
	resp.Body.Close()
	require.Equal(t, encode.OpenMetrics.ContentType(), resp.Header.Get("Content-Type"))
	require.Contains(t, testkit.Fetch(t, s.RootURL()), `<a href="/a/b">`)
	resp, err = http.Get(s.BaseURL() + "/metrics")
	require.NoError(t, err)
	resp.Body.Close()
	require.Equal(t, http.StatusNotFound, resp.StatusCode)
}

func TestURLsNameAHostThatCanBeReached(t *testing.T) {
	for _, tt := range []struct{ addr, host string }{
		{"127.0.0.1:0", "http://127.0.0.1:"},
		{"localhost:0", "http://localhost:"},
		{":0", "http://127.0.0.1:"},
		{"0", "http://127.0.0.1:"},
		{"0.0.0.0:0", "http://127.0.0.1:"},
		{"[::1]:0", "http://[::1]:"},
		{"[::]:0", "http://[::1]:"},
	} {
		t.Run(tt.addr, func(t *testing.T) {
			if strings.Contains(tt.addr, "::") && !hasIPv6() {
				t.Log("no IPv6 on this machine: only the URL is checked")
				bound := &net.TCPAddr{IP: net.IPv6unspecified, Port: 80}
				require.Equal(t, tt.host+"80", baseURL(tt.addr, bound, false))
				return
			}
			testkit.Baseline(t)
			s := NewService(engine.NewRegistry())
			require.Empty(t, s.MetricsURL())
			require.NoError(t, s.Start(tt.addr))
			require.True(t, strings.HasPrefix(s.BaseURL(), tt.host), s.BaseURL())
			require.NotContains(t, s.BaseURL(), ":0")
			require.Equal(t, "ok\n", testkit.Fetch(t, s.BaseURL()+"/healthz"))
			require.NoError(t, s.Shutdown(context.Background()))
			require.Empty(t, s.BaseURL()+s.RootURL()+s.MetricsURL())
		})
	}
	zone := &net.TCPAddr{IP: net.ParseIP("fe80::1"), Port: 80, Zone: "eth0"}
	require.Equal(t, "http://[fe80::1%25eth0]:80", baseURL("[fe80::1%eth0]:0", zone, false))
}

func hasIPv6() bool {
	l, err := net.Listen("tcp", "[::1]:0")
	if err == nil {
		l.Close()
	}
	return err == nil
}

func TestATakenPortIsAClearErrorAndLeavesTheServiceStartable(t *testing.T) {
	first := started(t)
	taken := strings.TrimPrefix(first.BaseURL(), "http://")

	s := NewService(engine.NewRegistry())
	err := s.Start(taken)
	require.ErrorIs(t, err, syscall.EADDRINUSE)
	require.ErrorContains(t, err, taken)
	require.Empty(t, s.MetricsURL())
	require.NoError(t, s.Shutdown(context.Background()), "there is nothing to shut down")

	require.Error(t, s.Start("127.0.0.1:no-such-port"))
	require.Error(t, s.Start("::1:0"), "IPv6 needs brackets")

	require.NoError(t, s.Start("127.0.0.1:0"))
	require.Equal(t, "ok\n", testkit.Fetch(t, s.BaseURL()+"/healthz"))
	require.NoError(t, s.Shutdown(context.Background()))
}

func TestAnAddressWithoutAPortIsAClearError(t *testing.T) {
	testkit.Baseline(t)
	s := NewService(engine.NewRegistry())
	for _, addr := range []string{"127.0.0.1", "localhost", "example.com", ""} {
		err := s.Start(addr)
		if addr == "" { // any port
			require.NoError(t, err)
			require.NoError(t, s.Shutdown(context.Background()))
			continue
		}
		require.EqualError(t, err, fmt.Sprintf(
			`quipu: the metrics service cannot listen on %q: it has no port: write "%s:9100" or ":9100"`, addr, addr))
		require.Empty(t, s.MetricsURL())
	}
}

func TestStartTwiceIsAnErrorAndShutdownMakesRoomForAnother(t *testing.T) {
	s := started(t)
	url := s.MetricsURL()
	require.ErrorIs(t, s.Start("127.0.0.1:0"), ErrStarted)
	require.Equal(t, url, s.MetricsURL(), "the first start goes on")
	for range 5 {
		require.NoError(t, s.Shutdown(context.Background()))
		_, err := http.Get(url)
		require.Error(t, err)
		require.NoError(t, s.Shutdown(context.Background()), "once more is fine")
		require.NoError(t, s.Start("127.0.0.1:0"))
		require.Equal(t, "ok\n", testkit.Fetch(t, s.BaseURL()+"/healthz"))
	}
}

func TestAServiceMayBeStartedAndShutDownFromEverywhere(t *testing.T) {
	testkit.Baseline(t)
	s := NewService(engine.NewRegistry())
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 20 {
				if err := s.Start("127.0.0.1:0"); err != nil && err != ErrStarted {
					t.Error(err)
				}
				s.MetricsURL()
				if err := s.Shutdown(context.Background()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	require.NoError(t, s.Shutdown(context.Background()))
	require.Empty(t, s.MetricsURL())
}

// slowService serves a source behind the server of a Service.
func slowService(t *testing.T, src source) *Service {
	t.Helper()
	s := started(t)
	require.NoError(t, s.Shutdown(context.Background()))
	s.handler = servicePages{metrics: handlerOf(src), path: "/metrics"}
	require.NoError(t, s.Start("127.0.0.1:0"))
	return s
}

func TestShutdownLetsScrapesFinish(t *testing.T) {
	begun, free := make(chan struct{}), make(chan struct{})
	s := slowService(t, sourceFunc(func(w io.Writer, _ engine.Exposition) (int64, error) {
		close(begun)
		<-free
		n, err := io.WriteString(w, "the page\n")
		return int64(n), err
	}))
	url := s.MetricsURL()
	got := make(chan string, 1)
	go func() {
		resp, err := http.Get(url)
		if err != nil {
			got <- err.Error()
			return
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		got <- string(b)
	}()
	<-begun
	ended := make(chan error, 1)
	go func() { ended <- s.Shutdown(context.Background()) }()
	select {
	case <-ended:
		require.Fail(t, "Shutdown did not wait")
	case <-time.After(50 * time.Millisecond):
	}
	require.ErrorIs(t, s.Start("127.0.0.1:0"), ErrStarted, "it is still shutting down")
	close(free)
	require.Equal(t, "the page\n", <-got)
	require.NoError(t, <-ended)
}

func TestShutdownGivesUpWithItsContext(t *testing.T) {
	begun, free := make(chan struct{}), make(chan struct{})
	s := slowService(t, sourceFunc(func(io.Writer, engine.Exposition) (int64, error) {
		close(begun)
		<-free
		return 0, nil
	}))
	c, err := net.Dial("tcp", strings.TrimPrefix(s.BaseURL(), "http://"))
	require.NoError(t, err)
	defer c.Close()
	_, err = io.WriteString(c, getMetrics)
	require.NoError(t, err)
	<-begun
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, s.Shutdown(ctx), context.DeadlineExceeded)
	require.Empty(t, s.MetricsURL())
	_, err = c.Read(make([]byte, 1))
	require.Error(t, err, "the connection is closed")
	close(free)
}

func TestTLSServesBothProtocolsUnderTheCertificatesName(t *testing.T) {
	certs := httptest.NewTLSServer(nil) // its certificate is for 127.0.0.1, ::1 and example.com
	defer certs.Close()
	roots := x509.NewCertPool()
	roots.AddCert(certs.Certificate())

	s := started(t, WithTLS(&tls.Config{Certificates: certs.TLS.Certificates}))
	require.True(t, strings.HasPrefix(s.MetricsURL(), "https://127.0.0.1:"))
	for _, http2 := range []bool{false, true} {
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: http2}
		resp, err := (&http.Client{Transport: transport}).Get(s.MetricsURL())
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, resp.Body)
		require.NoError(t, err)
		resp.Body.Close()
		require.Equal(t, encode.Text.ContentType(), resp.Header.Get("Content-Type"))
		require.Equal(t, http2, resp.ProtoMajor == 2)
		transport.CloseIdleConnections()
	}
	require.NoError(t, s.Shutdown(context.Background()))
	require.NoError(t, s.Start("127.0.0.1:0"), "the configuration is good for another start")
}

func TestTLSWithoutACertificateIsAnErrorOfStart(t *testing.T) {
	testkit.Baseline(t)
	s := NewService(engine.NewRegistry(), WithTLS(&tls.Config{}))
	require.ErrorContains(t, s.Start("127.0.0.1:0"), "certificate")
	require.Empty(t, s.MetricsURL())
}

func TestAServiceThatStopsByItselfSaysSoAndLetsGoOfItsPort(t *testing.T) {
	testkit.Baseline(t)
	certs := httptest.NewTLSServer(nil)
	defer certs.Close()
	s := NewService(engine.NewRegistry(), WithTLS(&tls.Config{ // HTTP/2 does not work with this suite alone
		Certificates: certs.TLS.Certificates,
		MaxVersion:   tls.VersionTLS12,
		CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA},
	}))
	require.NoError(t, s.Start("127.0.0.1:0"))
	port := strings.TrimPrefix(s.BaseURL(), "https://")
	<-s.run.done
	l, err := net.Listen("tcp", port)
	require.NoError(t, err, "the port is free")
	l.Close()
	require.ErrorContains(t, s.Shutdown(context.Background()), "stopped by itself")
	require.Empty(t, s.BaseURL())
}

func TestSlowlorisConnectionsAreClosedByTheHeaderTimeout(t *testing.T) {
	const connections, timeout = 1000, 200 * time.Millisecond
	s := started(t)
	require.Equal(t, headerTimeout, s.run.server.ReadHeaderTimeout)
	require.NoError(t, s.Shutdown(context.Background()))

	// The same server with a shorter timeout makes the test shorter.
	testkit.Baseline(t)
	server := httptest.NewUnstartedServer(s.handler)
	server.Config = newServer(s.handler)
	server.Config.ReadHeaderTimeout = timeout
	server.Start()
	t.Cleanup(server.Close)
	var group sync.WaitGroup
	for range connections {
		c := testkit.Dial(t, server, "GET /metrics HTTP/1.1\r\nHost: x\r\n")
		group.Go(func() {
			for start := time.Now(); ; { // a header byte now and then does not help
				c.SetReadDeadline(time.Now().Add(timeout / 10))
				_, err := io.Copy(io.Discard, c) // there may be a 4xx
				if !errors.Is(err, os.ErrDeadlineExceeded) {
					return
				}
				if time.Since(start) > 25*timeout {
					t.Error("still open")
					return
				}
				io.WriteString(c, "X")
			}
		})
	}
	require.Equal(t, "ok\n", testkit.Fetch(t, server.URL+"/healthz"), "others are served meanwhile")
	group.Wait()
}

func TestHugeHeadersAreRefused(t *testing.T) {
	s := started(t)
	c, err := net.Dial("tcp", strings.TrimPrefix(s.BaseURL(), "http://"))
	require.NoError(t, err)
	defer c.Close()
	go io.WriteString(c, "GET /metrics HTTP/1.1\r\nHost: x\r\nX: "+strings.Repeat("x", 2*maxHeaderBytes)+"\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusRequestHeaderFieldsTooLarge, resp.StatusCode)
}
