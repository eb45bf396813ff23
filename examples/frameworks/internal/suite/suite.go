// SPDX-License-Identifier: Apache-2.0

// Package suite tests the programs of this module. They serve the same things by different
// frameworks, so they have one test, and each program states what differs.
package suite

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/examples/frameworks/internal/demo"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// Program describes the program in the directory of the test.
type Program struct {
	// The routes of /users/1, /api/orders/1 and /admin/reports/2026.
	Users, Orders, Reports string

	NoReport   Counted // of GET /admin/nothing, where nothing is mounted
	NotAllowed Counted // of DELETE /users/1
	MadeUp     Counted // of /users/1 with a method that does not exist
	Panic      Counted // of /panic

	Handler      func(*engine.Registry) http.Handler // of the program; nil if it is not one of net/http
	StreamsLater bool                                // the framework sends streams when the handler has returned

	Panics map[string]Panic // by name
}

// Counted is what a client gets, and the route and the code that are counted.
type Counted struct {
	Answer int    // 0 if the connection is closed
	Route  string // "" if the request is not counted
	Code   string // "" if there is no response
}

// OK returns the Counted of a request that succeeds.
func OK(route string) Counted { return Counted{http.StatusOK, route, "200"} }

// Panic is another way to deal with panics than that of the program.
type Panic struct {
	New  func(*engine.Registry) Server
	Want Counted // of /panic
	N    float64 // of panics that are counted
}

// Server serves until Shutdown.
type Server interface {
	Serve(net.Listener) error
	Shutdown(context.Context) error
}

// HTTP returns a server of net/http.
func HTTP(h http.Handler) Server {
	return &http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0)} // which gets the panics
}

const patience = 30 * time.Second // the machine may be busy

// Run builds and starts the program, and tests it.
func Run(t *testing.T, p Program) {
	program := testkit.Start(t, testkit.Build(t, "."), "-addr", "127.0.0.1:0")
	url := program.Find(`(?m)^Serving metrics on: (http://127\.0\.0\.1:\d+)/metrics$`, patience)[1]
	s := &site{t: t, url: url, client: &http.Client{Transport: new(http.Transport)}}
	s.page = func() (*testkit.Page, error) { return testkit.GetPage(url + "/metrics") }
	s.requests(p)
	s.streaming(p.StreamsLater)
	s.upgrade()
	s.closedSets()
	s.client.CloseIdleConnections()
	http.DefaultClient.CloseIdleConnections()
	program.Signal(os.Interrupt)
	require.Zero(t, program.Wait(patience), program.Output())
	if p.Handler != nil {
		t.Run("HTTP2", func(t *testing.T) { runHTTP2(t, p.Handler(engine.NewRegistry())) })
	}
	for name, panics := range p.Panics {
		t.Run("panics/"+name, func(t *testing.T) { runPanics(t, panics) })
	}
}

// site is a server that runs.
type site struct {
	t      *testing.T
	url    string
	client *http.Client
	page   func() (*testkit.Page, error)
}

// ask returns the code of the answer, or 0 if there is none.
func (s *site) ask(method, path string) int {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, nil)
	require.NoError(s.t, err)
	response, err := s.client.Do(r)
	if err != nil {
		require.ErrorIs(s.t, err, io.EOF, "%s %s", method, path)
		return 0
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	require.NoError(s.t, err)
	return response.StatusCode
}

// settled returns the page when no request is in flight.
func (s *site) settled() (page *testkit.Page) {
	s.t.Helper()
	testkit.Poll(s.t, patience, func() (err error) {
		if page, err = s.page(); err != nil {
			return err
		}
		if n := page.Value(s.t, "http_requests_in_flight"); n != 0 {
			return fmt.Errorf("%v requests are in flight", n)
		}
		return nil
	})
	return page
}

// by returns the values of a metric by some of its labels.
func by(page *testkit.Page, name string, labels ...string) map[string]float64 {
	found := map[string]float64{}
	for series, n := range page.Named(name) {
		var values []string
		for _, label := range labels {
			_, rest, _ := strings.Cut(series, label+`="`)
			value, _, _ := strings.Cut(rest, `"`)
			values = append(values, value)
		}
		if n != 0 {
			found[strings.Join(values, " ")] += n
		}
	}
	return found
}

func (s *site) requests(p Program) {
	s.t.Helper()
	responses, requests := map[string]float64{}, map[string]float64{}
	for _, q := range []struct {
		method, path string
		want         Counted
	}{
		{"GET", "/users/1", OK(p.Users)},
		{"GET", "/users/2", OK(p.Users)},
		{"GET", "/api/orders/1", OK(p.Orders)},
		{"GET", "/admin/reports/2026", OK(p.Reports)},
		{"GET", "/fail", Counted{http.StatusTeapot, "/fail", "418"}},
		{"GET", "/panic", p.Panic},
		{"GET", "/admin/nothing", p.NoReport},
		{"GET", "/nothing", Counted{http.StatusNotFound, "unmatched", "404"}},
		{"DELETE", "/users/1", p.NotAllowed},
		{"MADEUP", "/users/1", p.MadeUp},
	} {
		if q.want.Answer == 0 {
			s.client.CloseIdleConnections() // over a new connection, a client does not try again
		}
		require.Equal(s.t, q.want.Answer, s.ask(q.method, q.path), "%s %s", q.method, q.path)
		method := strings.Replace(q.method, "MADEUP", "other", 1)
		if q.want.Route != "" {
			requests[method+" "+q.want.Route]++
		}
		if q.want.Code != "" {
			responses[method+" "+q.want.Route+" "+q.want.Code]++
		}
	}
	page := s.settled()
	require.Equal(s.t, requests, by(page, "http_requests_total", "method", "route"))
	require.Equal(s.t, responses, by(page, "http_responses_total", "method", "route", "code"))
}

// streaming checks that the first event arrives while the others are still to come.
func (s *site) streaming(later bool) {
	s.t.Helper()
	response, err := s.client.Get(s.url + "/events")
	require.NoError(s.t, err)
	defer response.Body.Close()
	r := bufio.NewReader(response.Body)
	line, err := r.ReadString('\n')
	require.NoError(s.t, err)
	require.Equal(s.t, "data: 0\n", line)
	first := time.Now()
	page, err := s.page()
	require.NoError(s.t, err)
	inFlight := 1.0
	if later {
		inFlight = 0
	}
	require.Equal(s.t, inFlight, page.Value(s.t, "http_requests_in_flight"), "the first event came at the end")
	rest, err := io.ReadAll(r)
	require.NoError(s.t, err)
	require.Equal(s.t, demo.Events-1, strings.Count(string(rest), "data: "))
	require.Greater(s.t, time.Since(first), demo.Pause/2)
	require.Equal(s.t, 1.0, by(s.settled(), "http_responses_total", "route", "code")["/events 200"])
}

// upgrade checks a connection that a handler takes over.
func (s *site) upgrade() {
	s.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	require.NoError(s.t, err)
	defer conn.Close()
	require.NoError(s.t, conn.SetDeadline(time.Now().Add(patience)))
	_, err = io.WriteString(conn, "GET /echo HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	require.NoError(s.t, err)
	r := bufio.NewReader(conn)
	response, err := http.ReadResponse(r, nil)
	require.NoError(s.t, err)
	require.Equal(s.t, http.StatusSwitchingProtocols, response.StatusCode)
	_, err = io.WriteString(conn, "hello\n")
	require.NoError(s.t, err)
	line, err := r.ReadString('\n')
	require.NoError(s.t, err)
	require.Equal(s.t, "hello\n", line)
	conn.Close()
	page := s.settled()
	require.Equal(s.t, 1.0, by(page, "http_responses_total", "route", "code")["/echo 101"])
	require.Zero(s.t, by(page, "http_response_size_bytes_count", "route")["/echo"])
}

// closedSets checks that made-up paths and methods make no series, wherever they lead.
func (s *site) closedSets() {
	s.t.Helper()
	send := func(i int) {
		method := "GET"
		if i%2 == 1 {
			method = "MADEUP" + strconv.Itoa(i)
		}
		prefix := []string{"/", "/users/", "/api/", "/api/orders/", "/admin/", "/admin/reports/"}[i/2%6]
		s.ask(method, prefix+"made-up-"+strconv.Itoa(i))
	}
	for i := range 12 { // one of each kind
		send(i)
	}
	before := s.settled()
	for i := range 10_000 {
		send(12 + i)
	}
	after := s.settled()
	require.Equal(s.t, len(before.Samples), len(after.Samples))
	require.NotContains(s.t, after.Text, "made-up")
	require.NotContains(s.t, after.Text, "MADEUP")
}

// runHTTP2 checks streams over HTTP/2, where a ResponseWriter has other methods.
func runHTTP2(t *testing.T, h http.Handler) {
	server := httptest.NewUnstartedServer(h)
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	s := &site{t: t, url: server.URL, client: server.Client()}
	s.page = func() (*testkit.Page, error) {
		response, err := s.client.Get(s.url + "/metrics")
		if err != nil {
			return nil, err
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err != nil {
			return nil, err
		}
		require.Equal(t, 2, response.ProtoMajor)
		return testkit.ParsePage(string(text))
	}
	s.streaming(false)
}

// runPanics serves in this process, and checks what a panic counts.
func runPanics(t *testing.T, p Panic) {
	reg := engine.NewRegistry()
	server := p.New(reg)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	stopped := make(chan error, 1)
	go func() { stopped <- server.Serve(listener) }()
	s := &site{
		t: t, url: "http://" + listener.Addr().String(), client: &http.Client{Transport: new(http.Transport)},
		page: func() (*testkit.Page, error) {
			var text strings.Builder
			if _, err := reg.Expose(&text, engine.Exposition{}); err != nil {
				return nil, err
			}
			return testkit.ParsePage(text.String())
		},
	}
	require.Equal(t, p.Want.Answer, s.ask("GET", "/panic"))
	page := s.settled()
	route := p.Want.Route
	require.Equal(t, 1.0, by(page, "http_requests_total", "route")[route])
	require.Equal(t, p.N, by(page, "http_panics_total", "route")[route])
	want := map[string]float64{}
	if p.Want.Code != "" {
		want[route+" "+p.Want.Code] = 1
	}
	require.Equal(t, want, by(page, "http_responses_total", "route", "code"))
	s.client.CloseIdleConnections()
	require.NoError(t, server.Shutdown(t.Context()))
	if err := <-stopped; err != nil {
		require.ErrorIs(t, err, http.ErrServerClosed)
	}
}
