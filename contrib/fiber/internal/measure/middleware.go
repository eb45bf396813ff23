// SPDX-License-Identifier: Apache-2.0

package measure

import (
	"context"
	"net/http"
	"strings"
	"sync"

	"github.com/valyala/fasthttp"
)

// Ctx has the methods that the contexts of all versions of fiber share.
type Ctx interface {
	Next() error
	Method(override ...string) string
	SendStatus(code int) error
}

// Version has what differs between the versions of fiber. C is the type of contexts.
type Version[C Ctx] struct {
	Request     func(C) *fasthttp.RequestCtx
	Context     func(C) context.Context // of the user
	HandleError func(C, error) error    // calls the application's error handler
	Route       func(C) Route           // of the last handler that ran
	IsRoute     func(C) bool            // reports whether that is no middleware
	Match       func(C) string          // finds the template for the path in the table, or ""
	Refused     func(C) bool            // reports whether the request has been answered already
}

// Route is an entry of fiber's table of routes, which has the middleware as well.
type Route struct {
	Entry    any    // fiber's pointer, of which there is one for each entry
	Path     string // the template
	Handlers int
}

// SameHandlers reports whether two lists of handlers are the same memory. That is how a copy of an
// entry of the table is recognised.
func SameHandlers[H any](a, b []H) bool {
	return len(a) > 0 && len(b) > 0 && &a[0] == &b[0]
}

// middleware measures the requests of an application.
type middleware[C Ctx] struct {
	*Meter
	Version[C]
	templates sync.Map // of the routes, by Route.Entry; "" for middleware
}

// Middleware returns a handler that measures requests by m.
func Middleware[C Ctx](m *Meter, v Version[C]) func(C) error {
	return (&middleware[C]{Meter: m, Version: v}).serve
}

func (m *middleware[C]) serve(c C) error {
	if m.Refused(c) {
		return c.Next()
	}
	q := m.begin(m.Request(c))
	if !q.outermost {
		return serveInside(&q, c)
	}
	returned := false
	// Without recover, so that a panic keeps its stack.
	defer func() { q.end(m.ended(c, returned)) }()
	err := c.Next()
	if err != nil && !givenUp(m.Request(c)) {
		// The application's error handler decides about the code, and runs after all middleware. So
		// it is called here, as fiber's middleware logger does.
		if m.HandleError(c, err) != nil {
			_ = c.SendStatus(http.StatusInternalServerError) // it returns nil
		}
		err = nil
	}
	returned = true
	return err
}

// serveInside serves a request that is left out, or that is measured further out.
func serveInside[C Ctx](q *request, c C) error {
	returned := false
	defer func() {
		if !returned {
			q.panicked()
		}
	}()
	err := c.Next()
	returned = true
	return err
}

// ended describes the end of a request. If it was given up, its handlers may still change the route
// in c and the context of the user.
func (m *middleware[C]) ended(c C, returned bool) ended {
	e := ended{ctx: context.Background(), method: c.Method(), returned: returned}
	if givenUp(m.Request(c)) {
		e.route = m.Match(c)
		return e
	}
	e.route = m.template(c)
	if m.server.Exemplars != nil {
		e.ctx = m.Context(c)
	}
	return e
}

// template returns the template of the request's route, or "" if the last handler that ran was
// middleware. IsRoute is slow, so it is asked once for each entry. Entries are part of the program:
// clients cannot make any.
func (m *middleware[C]) template(c C) string {
	route := m.Route(c)
	if route.Handlers == 0 {
		return "" // fiber has made it up, of the path, because it has not routed the request
	}
	if known, ok := m.templates.Load(route.Entry); ok {
		return known.(string)
	}
	template := ""
	if m.IsRoute(c) {
		template = strings.Clone(route.Path)
	}
	m.templates.Store(route.Entry, template)
	return template
}
