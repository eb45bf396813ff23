// SPDX-License-Identifier: Apache-2.0

package fibertest

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export"
	"github.com/quipu-metrics/quipu/histogram"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// sizes returns the number and the sum of a histogram's observations for a route.
func sizes(t *testing.T, page *testkit.Page, name, method, route string) [2]float64 {
	t.Helper()
	labels := []string{"method", method, "route", route}
	return [2]float64{page.Value(t, name+"_count", labels...), page.Value(t, name+"_sum", labels...)}
}

// ResponseSizes checks the sizes of responses of every kind.
func ResponseSizes(t *testing.T, v Version) {
	stream := func(length ...int) any {
		return v.Handler(func(c Ctx) error { return c.SendStream(strings.NewReader("0123456789"), length...) })
	}
	app, reg := v.measured(Config{})
	app.Add("GET", "/text", v.text("0123456789"))
	app.Add("HEAD", "/head", v.text("0123456789"))
	app.Add("GET", "/none", v.status(http.StatusNoContent))
	app.Add("GET", "/known", stream(10))
	app.Add("GET", "/limited", v.Handler(func(c Ctx) error {
		return c.SendStream(io.LimitReader(strings.NewReader("0123456789"), 6))
	}))
	app.Add("GET", "/stated", v.Handler(func(c Ctx) error {
		return c.SendStream(io.LimitReader(strings.NewReader("0123"), 6), 4)
	}))
	app.Add("GET", "/unknown", stream())
	s := v.serve(t, reg, app)
	for _, tt := range []struct {
		method, path string
		want         [2]float64
	}{
		{"GET", "/text", [2]float64{1, 10}},
		{"HEAD", "/head", [2]float64{1, 0}},
		{"GET", "/none", [2]float64{1, 0}},
		{"GET", "/known", [2]float64{1, 10}},
		{"GET", "/limited", [2]float64{1, 6}},
		{"GET", "/stated", [2]float64{1, 4}},
		{"GET", "/unknown", [2]float64{0, 0}}, // no size
	} {
		_, body := s.ask(tt.method, tt.path, nil)
		if tt.want[0] > 0 && tt.method == "GET" {
			require.Len(t, body, int(tt.want[1]), tt.path)
		}
		require.Equal(t, tt.want, sizes(t, s.page(), "http_response_size_bytes", tt.method, tt.path), tt.path)
		require.Equal(t, 1.0, sizes(t, s.page(), "http_request_duration_seconds", tt.method, tt.path)[0])
	}
}

// RequestSizes checks the sizes of request bodies of every kind, of applications that read them
// before the handler and of those that stream them.
func RequestSizes(t *testing.T, v Version) {
	const large = 2 << 20
	var form bytes.Buffer
	parts := multipart.NewWriter(&form)
	require.NoError(t, parts.WriteField("a", strings.Repeat("x", 1000)))
	require.NoError(t, parts.Close())
	text := strings.Repeat("x", large)
	for _, streams := range []bool{false, true} {
		app, reg := v.measured(Config{StreamsBody: streams, BodyLimit: 4 << 20})
		for _, path := range []string{"/small", "/chunked", "/form", "/large", "/none"} {
			app.Add("POST", path, v.Handler(func(c Ctx) error { c.Body(); return c.SendString("ok") }))
		}
		s := v.serve(t, reg, app)
		s.ask("POST", "/small", strings.NewReader(text[:100]))
		s.ask("POST", "/chunked", io.MultiReader(strings.NewReader(text[:100])))
		s.ask("POST", "/large", strings.NewReader(text))
		s.ask("POST", "/none", nil)
		response, err := http.Post(s.url+"/form", parts.FormDataContentType(), bytes.NewReader(form.Bytes()))
		require.NoError(t, err)
		response.Body.Close()
		page := s.page()
		unknown := func(n float64) [2]float64 {
			if streams {
				return [2]float64{0, 0}
			}
			return [2]float64{1, n}
		}
		for path, want := range map[string][2]float64{
			"/small": {1, 100}, "/chunked": unknown(100), "/large": unknown(large), "/none": {1, 0},
			"/form": {1, float64(form.Len())},
		} {
			got := sizes(t, page, "http_request_size_bytes", "POST", path)
			require.Equal(t, want, got, "%s, streams: %t", path, streams)
		}
	}
}

// RefusedBodies checks that a request does not count whose body fasthttp refuses to read.
func RefusedBodies(t *testing.T, v Version) {
	app, reg := v.measured(Config{BodyLimit: 1000})
	app.Add("POST", "/x", v.text("x"))
	s := v.serve(t, reg, app)
	code, _ := s.ask("POST", "/x", strings.NewReader(strings.Repeat("x", 1000)))
	require.Equal(t, http.StatusOK, code)
	conn := s.dial("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n")
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusRequestEntityTooLarge, response.StatusCode)
	require.Equal(t, map[string]float64{"POST /x 200": 1}, responses(s.page()))
}

// InFlight checks the gauge while a handler runs.
func InFlight(t *testing.T, v Version) {
	entered, release := make(chan struct{}), make(chan struct{})
	app, reg := v.measured(Config{})
	app.Add("GET", "/slow", v.Handler(func(c Ctx) error {
		close(entered)
		<-release
		return c.SendString("done")
	}))
	s := v.serve(t, reg, app)
	s.dial("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
	<-entered
	require.Equal(t, 1.0, pageOf(t, reg).Value(t, "http_requests_in_flight"))
	close(release)
	s.page()
}

// Streams checks that what a stream flushes arrives before the stream ends.
func Streams(t *testing.T, v Version) {
	release := make(chan struct{})
	app, reg := v.measured(Config{})
	app.Add("GET", "/stream", v.Handler(func(c Ctx) error {
		c.Raw().SetBodyStreamWriter(func(w *bufio.Writer) {
			io.WriteString(w, "first\n")
			w.Flush()
			<-release
			io.WriteString(w, "second\n")
		})
		return nil
	}))
	s := v.serve(t, reg, app)
	response, err := http.Get(s.url + "/stream")
	require.NoError(t, err)
	defer response.Body.Close()
	r := bufio.NewReader(response.Body)
	line, err := r.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "first\n", line)
	require.Equal(t, map[string]float64{"GET /stream 200": 1}, responses(s.page()), "the handler has returned")
	close(release)
	rest, err := io.ReadAll(r)
	require.NoError(t, err)
	require.Equal(t, "second\n", string(rest))
}

// Upgrades checks a connection that a handler takes over.
func Upgrades(t *testing.T, v Version) {
	app, reg := v.measured(Config{})
	app.Add("GET", "/chat/:room", v.Handler(func(c Ctx) error {
		raw := c.Raw()
		raw.SetStatusCode(http.StatusSwitchingProtocols)
		raw.Response.Header.Set("Connection", "Upgrade")
		raw.Response.Header.Set("Upgrade", "echo")
		raw.Hijack(func(conn net.Conn) { io.Copy(conn, conn) })
		return nil
	}))
	s := v.serve(t, reg, app)
	conn := s.dial("GET /chat/1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	r := bufio.NewReader(conn)
	response, err := http.ReadResponse(r, nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusSwitchingProtocols, response.StatusCode)
	time.Sleep(400 * time.Millisecond)
	_, err = io.WriteString(conn, "hello\n")
	require.NoError(t, err)
	line, err := r.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "hello\n", line)
	conn.Close()

	page := s.page()
	require.Equal(t, map[string]float64{"GET /chat/:room 101": 1}, responses(page))
	require.Equal(t, [2]float64{0, 0}, sizes(t, page, "http_response_size_bytes", "GET", "/chat/:room"))
	took := sizes(t, page, "http_request_duration_seconds", "GET", "/chat/:room")
	require.Equal(t, 1.0, took[0])
	require.Less(t, took[1], 0.4)
}

// TimedOut checks the code of a response that fasthttp sends while the handler goes on.
func TimedOut(t *testing.T, v Version) {
	app, reg := v.measured(Config{})
	app.Add("GET", "/late", v.Handler(func(c Ctx) error {
		var response fasthttp.Response
		response.SetStatusCode(http.StatusGatewayTimeout)
		response.SetBodyString("late")
		c.Raw().TimeoutErrorWithResponse(&response)
		return nil
	}))
	s := v.serve(t, reg, app)
	code, body := s.ask("GET", "/late", nil)
	require.Equal(t, http.StatusGatewayTimeout, code)
	require.Equal(t, "late", body)
	require.Equal(t, map[string]float64{"GET /late 504": 1}, responses(s.page()))
	require.Equal(t, [2]float64{1, 4}, sizes(t, s.page(), "http_response_size_bytes", "GET", "/late"))
}

// TimedOutHandler checks a handler of fiber's middleware that answers with 408 while the handler
// goes on. ended gets true when that has found its values intact.
func TimedOutHandler(t *testing.T, v Version, handler any, ended <-chan bool) {
	app, reg := v.measured(Config{}, export.WithExemplars(func(context.Context) engine.Labels { return nil }))
	app.Add("GET", "/slow", handler)
	s := v.serve(t, reg, app)
	code, _ := s.ask("GET", "/slow", nil)
	require.Equal(t, http.StatusRequestTimeout, code)
	require.True(t, <-ended)
	require.Equal(t, map[string]float64{"GET /slow 408": 1}, responses(s.page()))
}

// Options checks the options of package export that do not need net/http, and that the others are
// refused.
func Options(t *testing.T, v Version) {
	type traceKey struct{}
	app, reg := v.measured(Config{},
		export.WithGroupStatusCodes(),
		export.WithConstLabels(engine.Labels{"server": "a"}),
		export.WithDurationBuckets(1, 2),
		export.WithNativeHistograms(histogram.NativeDefaults()),
		export.WithExemplars(func(ctx context.Context) engine.Labels {
			id, _ := ctx.Value(traceKey{}).(string)
			return engine.Labels{"trace_id": id}
		}),
	)
	app.Use(v.Handler(func(c Ctx) error {
		c.SetUser(context.WithValue(context.Background(), traceKey{}, "4bf92f35"))
		return c.Next()
	}))
	app.Add("GET", "/x", v.text("x"))
	s := v.serve(t, reg, app)
	s.ask("GET", "/x", nil)
	page := s.page()
	labels := []string{"method", "GET", "route", "/x", "server", "a"}
	require.Equal(t, 1.0, page.Value(t, "http_responses_total", append(labels, "code", "2xx")...))
	require.Equal(t, 1.0, page.Value(t, "http_request_duration_seconds_bucket", append(labels, "le", "1")...))
	require.Len(t, page.Named("http_request_duration_seconds_bucket"), 3)
	var text strings.Builder
	_, err := reg.Expose(&text, engine.Exposition{Format: encode.OpenMetrics})
	require.NoError(t, err)
	require.Contains(t, text.String(), `# {trace_id="4bf92f35"} 1`)

	for _, opt := range []export.InstrumentOption{
		nil,
		export.WithSkip(func(*http.Request) bool { return true }),
		export.WithLabelFunc("host", func(r *http.Request) string { return r.Host }, "a"),
	} {
		require.Panics(t, func() { v.Middleware(engine.NewRegistry(), opt) })
	}
	require.Panics(t, func() { v.Middleware(nil) })
	taken := engine.NewRegistry()
	_, err = taken.NewGauge("http_requests_total", "")
	require.NoError(t, err)
	require.Panics(t, func() { v.Middleware(taken) })
}

// LeftOut checks that requests for /metrics are not counted, nor those of handlers that stand
// before Middleware.
func LeftOut(t *testing.T, v Version) {
	reg := engine.NewRegistry()
	app := v.New(Config{})
	app.Add("GET", "/before", v.text("before"))
	app.Use(v.Middleware(reg))
	app.Add("GET", "/metrics", v.Page(reg))
	app.Add("GET", "/after", v.text("after"))
	s := v.serve(t, reg, app)
	for _, path := range []string{"/before", "/metrics", "/metrics?name[]=x", "/after"} {
		s.ask("GET", path, nil)
	}
	require.Equal(t, map[string]float64{"GET /after 200": 1}, responses(s.page()))
}

// UnderNetHTTP checks an application that fiber's adaptor serves in a server of net/http, which
// uses contexts of fasthttp again without resetting them, and has no connection of fasthttp.
func UnderNetHTTP(t *testing.T, v Version) {
	app, reg := v.measured(Config{})
	app.Add("GET", "/users/:id", v.text("user"))
	app.Add("GET", "/metrics", v.Page(reg))
	s := testkit.Serve(t, v.AsHandler(app))
	for range 10 {
		require.Equal(t, "user", testkit.Fetch(t, s.URL+"/users/1"))
	}
	page, err := testkit.GetPage(s.URL + "/metrics")
	require.NoError(t, err)
	require.Equal(t, map[string]float64{"GET /users/:id 200": 10}, responses(page))
}
