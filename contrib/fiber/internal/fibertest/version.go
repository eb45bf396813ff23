// SPDX-License-Identifier: Apache-2.0

// Package fibertest has the tests that the packages for the versions of fiber share. Each of them
// describes its version of fiber by a Version.
package fibertest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// Version is a version of fiber. Values of type any are handlers of that version.
type Version struct {
	Middleware func(reg *engine.Registry, opts ...export.InstrumentOption) any
	Page       func(reg *engine.Registry, opts ...export.Option) any
	Recover    func() any
	Handler    func(Handler) any
	Error      func(code int, message string) error
	New        func(Config) App
	AsHandler  func(App) http.Handler // fiber's adaptor
}

// Config configures an application.
type Config struct {
	OnError     func(err error) int // the code of an error; nil: fiber's own error handler
	StreamsBody bool
	BodyLimit   int // 0: fiber's own
}

// App is an application.
type App interface {
	Use(args ...any) // handlers, after a prefix if there is one
	Add(method, path string, handlers ...any)
	Mount(prefix string, app App)
	Serve(net.Listener) error
	Shutdown() error
	Handler() fasthttp.RequestHandler
}

// Handler handles a request of any version.
type Handler func(c Ctx) error

// Ctx has the methods that the versions of fiber share, and their equivalents.
type Ctx interface {
	Next() error
	RestartRouting() error
	SendStatus(code int) error
	SendString(body string) error
	SendStream(stream io.Reader, size ...int) error
	Body() []byte
	Path(override ...string) string
	Params(key string, defaultValue ...string) string

	Raw() *fasthttp.RequestCtx
	SetUser(context.Context)
}

// text returns a handler that answers with a text.
func (v Version) text(body string) any {
	return v.Handler(func(c Ctx) error { return c.SendString(body) })
}

// status returns a handler that answers with a code.
func (v Version) status(code int) any {
	return v.Handler(func(c Ctx) error { return c.SendStatus(code) })
}

// fails returns a handler that returns an error.
func (v Version) fails(err error) any {
	return v.Handler(func(Ctx) error { return err })
}

// next returns middleware that does nothing.
func (v Version) next() any {
	return v.Handler(func(c Ctx) error { return c.Next() })
}

// site is an application that runs, and the registry whose metrics it updates.
type site struct {
	t    *testing.T
	reg  *engine.Registry
	url  string
	addr string
}

// serve runs an application on a loopback port until the test ends, and checks that no handler of a
// page is left then. Goroutines of fasthttp are: those of its workers live for up to ten seconds.
func (v Version) serve(t *testing.T, reg *engine.Registry, app App) *site {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	stopped := make(chan error, 1)
	go func() { stopped <- app.Serve(listener) }()
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		require.NoError(t, app.Shutdown())
		require.NoError(t, <-stopped)
		testkit.Poll(t, 10*time.Second, func() error {
			stacks := make([]byte, 1<<20)
			if stacks = stacks[:runtime.Stack(stacks, true)]; bytes.Contains(stacks, []byte("(*Page).run")) {
				return fmt.Errorf("the handler of a page is left:\n%s", stacks)
			}
			return nil
		})
	})
	addr := listener.Addr().String()
	return &site{t, reg, "http://" + addr, addr}
}

// measured returns an application whose first handler is Middleware.
func (v Version) measured(c Config, opts ...export.InstrumentOption) (App, *engine.Registry) {
	reg := engine.NewRegistry()
	app := v.New(c)
	app.Use(v.Middleware(reg, opts...))
	return app, reg
}

// ask sends a request and returns the code and the body of the answer.
func (s *site) ask(method, path string, body io.Reader) (code int, text string) {
	s.t.Helper()
	code, text, err := s.fetch(method, path, body)
	require.NoError(s.t, err, "%s %s", method, path)
	return code, text
}

// fetch does the same, on any goroutine.
func (s *site) fetch(method, path string, body io.Reader) (code int, text string, err error) {
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, body)
	if err != nil {
		return 0, "", err
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	all, err := io.ReadAll(response.Body)
	return response.StatusCode, string(all), err
}

// dial opens a connection and sends text as it is.
func (s *site) dial(text string) net.Conn {
	s.t.Helper()
	conn, err := net.Dial("tcp", s.addr)
	require.NoError(s.t, err)
	s.t.Cleanup(func() { conn.Close() })
	require.NoError(s.t, conn.SetDeadline(time.Now().Add(30*time.Second)))
	_, err = io.WriteString(conn, text)
	require.NoError(s.t, err)
	return conn
}

// page returns the registry's page once no request is in flight.
func (s *site) page() *testkit.Page {
	s.t.Helper()
	var page *testkit.Page
	testkit.Poll(s.t, 10*time.Second, func() error {
		page = pageOf(s.t, s.reg)
		for _, n := range page.Named("http_requests_in_flight") {
			if n != 0 {
				return fmt.Errorf("%v requests are in flight", n)
			}
		}
		return nil
	})
	return page
}

func pageOf(t testing.TB, reg *engine.Registry) *testkit.Page {
	t.Helper()
	var text bytes.Buffer
	_, err := reg.Expose(&text, engine.Exposition{NoSelf: true})
	require.NoError(t, err)
	page, err := testkit.ParsePage(text.String())
	require.NoError(t, err)
	return page
}

// counts returns what a metric counts, by "method route" or "method route code".
func counts(page *testkit.Page, name string, labels ...string) map[string]float64 {
	found := map[string]float64{}
	for series, n := range page.Named(name) {
		var key []string
		for _, label := range labels {
			_, rest, _ := strings.Cut(series, label+`="`)
			value, _, _ := strings.Cut(rest, `"`)
			key = append(key, value)
		}
		if n != 0 {
			found[strings.Join(key, " ")] += n
		}
	}
	return found
}

// responses returns the number of responses by "method route code".
func responses(page *testkit.Page) map[string]float64 {
	return counts(page, "http_responses_total", "method", "route", "code")
}
