// SPDX-License-Identifier: Apache-2.0

package fibertest

import (
	"bufio"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export"
)

// givesUp returns middleware that runs the following handlers on another goroutine, as fiber's
// middleware timeout does, and gives the request up as soon as one of them sends to entered. It
// closes left when they have returned.
func (v Version) givesUp(entered chan struct{}, left chan<- struct{}) any {
	return v.Handler(func(c Ctx) error {
		go func() {
			defer close(left)
			_ = c.Next() // nobody wants the error
		}()
		<-entered
		c.Raw().TimeoutErrorWithCode("too late", http.StatusGatewayTimeout)
		return nil
	})
}

// LateHandlers checks that Middleware counts a request that was given up under its route, and
// leaves alone what a handler that still runs may use. The race detector reports the rest.
func LateHandlers(t *testing.T, v Version) {
	app, reg := v.measured(Config{})
	entered, answered, left := make(chan struct{}), make(chan struct{}), make(chan struct{})
	values := func(ctx *fasthttp.RequestCtx) (n int) {
		ctx.VisitUserValuesAll(func(any, any) { n++ })
		return n
	}
	before, after := 0, 0
	app.Use(v.givesUp(entered, left))
	app.Add("GET", "/nothing/:id", v.text("never"))
	app.Add("GET", "/late/:id", v.Handler(func(c Ctx) error {
		ctx := c.Raw()
		before = values(ctx)
		entered <- struct{}{}
		ctx.SetUserValue("a", "value")
		<-answered
		after = values(ctx)
		return nil
	}))
	s := v.serve(t, reg, app)
	code, _ := s.ask("GET", "/late/1", nil)
	require.Equal(t, http.StatusGatewayTimeout, code)
	close(answered)
	<-left
	require.Equal(t, before+1, after)
	require.Equal(t, map[string]float64{"GET /late/:id 504": 1}, responses(s.page()))
}

// LatePages checks that a page whose request was given up gives its slot back, and leaves the
// connection to the next response.
func LatePages(t *testing.T, v Version) {
	const limit = 300 * time.Millisecond
	reg := engine.NewRegistry()
	entered, answered, left := make(chan struct{}), make(chan struct{}), make(chan struct{})
	_, err := reg.NewGaugeFunc("slow", "A slow metric.", func() float64 {
		entered <- struct{}{}
		<-answered
		return 1
	})
	require.NoError(t, err)
	app := v.New(Config{})
	page := v.Page(reg, export.WithMaxConcurrent(1), export.WithWriteTimeout(limit))
	app.Add("GET", "/late", v.givesUp(entered, left), page)
	app.Add("GET", "/metrics", page)
	app.Add("GET", "/slow", v.Handler(func(c Ctx) error {
		time.Sleep(2 * limit)
		return c.SendString("slow")
	}))
	s := v.serve(t, reg, app)
	conn := s.dial("GET /late HTTP/1.1\r\nHost: x\r\n\r\nGET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
	r := bufio.NewReader(conn)
	for _, want := range []int{http.StatusGatewayTimeout, http.StatusOK} {
		response, err := http.ReadResponse(r, nil)
		require.NoError(t, err)
		require.Equal(t, want, response.StatusCode)
		require.NoError(t, response.Body.Close())
		if want == http.StatusGatewayTimeout {
			close(answered)
			<-left
		}
	}
	code, body := s.ask("GET", "/metrics?name[]=quipu_series", nil)
	require.Equal(t, http.StatusOK, code, fmt.Sprint("the slot is taken: ", body))
}
