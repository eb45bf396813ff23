// SPDX-License-Identifier: Apache-2.0

package fibertest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

var errUnwell = errors.New("unwell")

// routes adds routes of every kind to an application.
func (v Version) routes(app App) {
	app.Add("GET", "/", v.text("root"))
	app.Add("GET", "/users/:id", v.text("user"))
	app.Add("POST", "/users", v.status(http.StatusCreated))
	app.Add("GET", "/files/*", v.text("file"))
	app.Add("GET", "/chain", v.next(), v.text("chain"))
	app.Add("GET", "/early", v.status(http.StatusForbidden), v.text("never"))
	app.Add("GET", "/teapot", v.fails(v.Error(http.StatusTeapot, "no coffee")))
	app.Add("GET", "/wrapped", v.fails(fmt.Errorf("wrapped: %w", v.Error(http.StatusConflict, "no"))))
	app.Add("GET", "/unwell", v.fails(errUnwell))
	app.Add("GET", "/onward", v.next()) // to no other handler
	app.Use("/guarded", v.status(http.StatusUnauthorized))
	app.Add("GET", "/guarded/:id", v.text("never"))
	shop := v.New(Config{})
	shop.Use(v.next())
	shop.Add("GET", "/items/:id", v.text("item"))
	shop.Add("GET", "/", v.text("shop"))
	app.Mount("/shop", shop)
}

// requests of every kind, with the route and the code that they have.
var requests = []struct {
	method, path, route string
	code                int
}{
	{"GET", "/", "/", 200},
	{"HEAD", "/", "/", 200},
	{"GET", "/users/1", "/users/:id", 200},
	{"GET", "/users/2?x=y", "/users/:id", 200},
	{"POST", "/users", "/users", 201},
	{"GET", "/files/a/b/c", "/files/*", 200},
	{"GET", "/chain", "/chain", 200},
	{"GET", "/early", "/early", 403},
	{"GET", "/teapot", "/teapot", 418},
	{"GET", "/wrapped", "/wrapped", 409},
	{"GET", "/unwell", "/unwell", 500},
	{"GET", "/onward", "/onward", 404},
	{"GET", "/guarded/1", "unmatched", 401},
	{"GET", "/shop/items/1", "/shop/items/:id", 200},
	{"GET", "/shop", "/shop/", 200},
	{"GET", "/shop/nothing", "unmatched", 404},
	{"GET", "/nothing", "unmatched", 404},
	{"DELETE", "/users/1", "unmatched", 405},
	{"PUT", "/", "unmatched", 405},
}

// RoutesAndCodes checks that requests count under their route's template and the code that the
// client gets.
func RoutesAndCodes(t *testing.T, v Version) {
	app, reg := v.measured(Config{})
	app.Use(v.next())
	v.routes(app)
	s := v.serve(t, reg, app)
	want := map[string]float64{}
	for _, q := range requests {
		code, _ := s.ask(q.method, q.path, nil)
		require.Equal(t, q.code, code, "%s %s", q.method, q.path)
		want[fmt.Sprint(q.method, " ", q.route, " ", q.code)]++
	}
	page := s.page()
	require.Equal(t, want, responses(page))
	total := 0.0
	for _, n := range counts(page, "http_requests_total") {
		total += n
	}
	require.EqualValues(t, len(requests), total)
}

var times = regexp.MustCompile(`(?m)^http_request_duration_seconds_(sum|bucket).*\n`)

// SamePage checks that the same requests have the same page with export.Middleware.
func SamePage(t *testing.T, v Version) {
	app, reg := v.measured(Config{})
	app.Add("GET", "/text", v.text("0123456789"))
	app.Add("HEAD", "/text", v.text("0123456789")) // fiber v3 puts its own after the last handler
	app.Add("POST", "/created", v.status(http.StatusCreated), v.text(""))
	app.Use(v.Handler(func(c Ctx) error {
		c.Raw().SetStatusCode(http.StatusNotFound)
		return c.SendString("nothing")
	}))
	oracle, mux := engine.NewRegistry(), http.NewServeMux()
	mux.HandleFunc("GET /text", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "0123456789") })
	mux.HandleFunc("POST /created", func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusCreated)
		io.WriteString(w, "Created")
	})
	handler := export.Middleware(oracle)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, r.Pattern = mux.Handler(r); r.Pattern == "" {
			w.WriteHeader(http.StatusNotFound)
			io.WriteString(w, "nothing")
			return
		}
		mux.ServeHTTP(w, r)
	}))
	one, other := v.serve(t, reg, app), httptest.NewServer(handler)
	defer other.Close()
	for _, url := range []string{one.url, other.URL} {
		s := &site{t: t, url: url}
		s.ask("GET", "/text", nil)
		s.ask("HEAD", "/text", nil)
		s.ask("POST", "/created", strings.NewReader(strings.Repeat("x", 5000)))
		s.ask("POST", "/created", io.MultiReader(strings.NewReader("in chunks")))
		s.ask("GET", "/nothing", nil)
	}
	want := (&site{t: t, reg: oracle}).page().Text
	require.Equal(t, times.ReplaceAllString(want, ""), times.ReplaceAllString(one.page().Text, ""))
}

// ErrorHandlers checks that the application's own error handler decides about the code.
func ErrorHandlers(t *testing.T, v Version) {
	calls := 0
	app, reg := v.measured(Config{OnError: func(err error) int {
		calls++
		if errors.Is(err, errUnwell) {
			return http.StatusServiceUnavailable
		}
		return 0 // it fails itself
	}})
	app.Add("GET", "/unwell", v.fails(errUnwell))
	app.Add("GET", "/worse", v.fails(errors.New("worse")))
	s := v.serve(t, reg, app)
	code, _ := s.ask("GET", "/unwell", nil)
	require.Equal(t, http.StatusServiceUnavailable, code)
	code, _ = s.ask("GET", "/worse", nil)
	require.Equal(t, http.StatusInternalServerError, code)
	require.Equal(t, map[string]float64{"GET /unwell 503": 1, "GET /worse 500": 1}, responses(s.page()))
	require.Equal(t, 2, calls, "once for each error")
}

// NextRoutes checks that a handler that passes a request on counts under the route that answers it.
func NextRoutes(t *testing.T, v Version) {
	app, reg := v.measured(Config{})
	app.Add("GET", "/pass", v.next())
	app.Add("GET", "/old", v.Handler(func(c Ctx) error {
		c.Path("/new")
		return c.RestartRouting()
	}))
	app.Add("GET", "/new", v.text("new"))
	app.Use(v.status(http.StatusNotFound)) // as applications answer 404
	s := v.serve(t, reg, app)
	for _, path := range []string{"/pass", "/old", "/none"} {
		s.ask("GET", path, nil)
	}
	require.Equal(t, map[string]float64{"GET unmatched 404": 2, "GET /new 200": 1}, responses(s.page()))
}

// Panics checks what counts when a handler panics: with fiber's recover further out, further in,
// and between two Middlewares.
func Panics(t *testing.T, v Version) {
	panics := v.Handler(func(c Ctx) error {
		if c.Path() == "/panic" {
			panic("no")
		}
		return c.Next()
	})
	for _, tt := range []struct {
		name   string
		chain  func(measure any) []any
		code   string
		panics float64
	}{
		{"outside", func(measure any) []any { return []any{v.Recover(), measure} }, "", 1},
		{"inside", func(measure any) []any { return []any{measure, v.Recover()} }, "500", 0},
		{"between", func(measure any) []any { return []any{measure, v.Recover(), measure} }, "500", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			reg := engine.NewRegistry()
			app := v.New(Config{})
			for _, h := range append(tt.chain(v.Middleware(reg)), panics) {
				app.Use(h)
			}
			app.Add("GET", "/panic", v.text("never"))
			s := v.serve(t, reg, app)
			code, _ := s.ask("GET", "/panic", nil)
			require.Equal(t, http.StatusInternalServerError, code)
			page := s.page()
			require.Equal(t, map[string]float64{"GET unmatched": 1},
				counts(page, "http_requests_total", "method", "route"))
			want := map[string]float64{}
			if tt.code != "" {
				want["GET unmatched "+tt.code] = 1
			}
			require.Equal(t, want, responses(page))
			require.Equal(t, tt.panics, page.Value(t, "http_panics_total", "method", "GET", "route", "unmatched"))

			code, _ = s.ask("GET", "/nothing", nil) // over the same connection
			require.Equal(t, http.StatusNotFound, code)
			page = s.page()
			require.Equal(t, 1.0, responses(page)["GET unmatched 404"])
			require.Equal(t, tt.panics, page.Value(t, "http_panics_total", "method", "GET", "route", "unmatched"))
		})
	}
}

// Unrecovered checks a panic without fiber's recover, in a process of its own.
func Unrecovered(t *testing.T, v Version) {
	const variable = "QUIPU_UNRECOVERED"
	if os.Getenv(variable) != "" {
		app, reg := v.measured(Config{})
		app.Add("GET", "/panic", v.Handler(func(Ctx) error { return panicking() }))
		s := v.serve(t, reg, app)
		s.ask("GET", "/panic", nil)
		return
	}
	command := testkit.Self(t, "-test.run=^"+t.Name()+"$")
	command.Env = append(os.Environ(), variable+"=1")
	out, err := command.CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "panic: out of coffee")
	require.Contains(t, string(out), "fibertest.panicking(")
}

func panicking() error { panic("out of coffee") }

// ClosedSets checks that made-up paths and methods make no series.
func ClosedSets(t *testing.T, v Version) {
	app, reg := v.measured(Config{})
	v.routes(app)
	s := v.serve(t, reg, app)
	send := func(i int) {
		method := "GET"
		if i%2 == 1 {
			method = "M" + strconv.Itoa(i)
		}
		prefix := []string{"/", "/users/", "/files/", "/shop/", "/shop/items/", "/guarded/"}[i/2%6]
		s.ask(method, prefix+"made-up-"+strconv.Itoa(i*7919), nil)
	}
	for i := range 12 {
		send(i)
	}
	before := s.page()
	for i := range 10_000 {
		send(12 + i)
	}
	after := s.page()
	require.Equal(t, len(before.Samples), len(after.Samples))
	require.NotContains(t, after.Text, "made-up")
}

// ReusedMemory checks that no label refers to memory that fasthttp uses again for the next request.
func ReusedMemory(t *testing.T, v Version) {
	app, reg := v.measured(Config{})
	for i := range 40 {
		app.Add("GET", fmt.Sprintf("/r%d/:x", i), v.Handler(func(c Ctx) error {
			return c.SendString(c.Params("x"))
		}))
	}
	s := v.serve(t, reg, app)
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range 400 {
				x := strings.Repeat(string(rune('a'+worker)), 1+i%50)
				if _, body, err := s.fetch("GET", fmt.Sprintf("/r%d/%s", i%40, x), nil); err != nil || body != x {
					t.Errorf("got %q, %v, want %q", body, err, x)
				}
			}
		}()
	}
	wg.Wait()
	want := map[string]float64{}
	for i := range 40 {
		want[fmt.Sprintf("GET /r%d/:x 200", i)] = 40
	}
	require.Equal(t, want, responses(s.page()))
}

// Nesting checks that a request counts once, however many Middlewares it passes.
func Nesting(t *testing.T, v Version) {
	reg := engine.NewRegistry()
	app := v.New(Config{})
	app.Use(v.Middleware(reg))
	app.Use(v.Middleware(reg))
	sub := v.New(Config{})
	sub.Use(v.Middleware(reg))
	sub.Add("GET", "/x", v.Middleware(reg), v.fails(v.Error(http.StatusTeapot, "no")))
	app.Mount("/sub", sub)
	other := engine.NewRegistry()
	app.Use(v.Middleware(other))
	app.Add("GET", "/y", v.text("y"))
	s := v.serve(t, reg, app)
	for range 3 {
		s.ask("GET", "/sub/x", nil)
		s.ask("GET", "/y", nil)
	}
	require.Equal(t, map[string]float64{"GET /sub/x 418": 3, "GET /y 200": 3}, responses(s.page()))
	require.Equal(t, map[string]float64{"GET /y 200": 3}, responses(pageOf(t, other)), "of another registry")
}
