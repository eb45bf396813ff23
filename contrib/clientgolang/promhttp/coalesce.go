// SPDX-License-Identifier: Apache-2.0

package promhttp

import (
	"errors"
	"slices"
	"sync"

	"github.com/quipu-metrics/quipu/contrib/clientgolang/internal/page"
)

// coalesced shares the families of one gathering between the requests that come before all of its
// users are done: see [HandlerOpts.CoalesceGather].
type coalesced struct {
	gather gather

	mu  sync.Mutex
	now *gathering // nil when nobody uses one
}

// gathering is one call, and its result. Its first user writes the result and then closes ready;
// the others read it after that.
type gathering struct {
	users int // guarded by coalesced.mu
	ready chan struct{}

	families []page.Family
	done     func()
	err      error
}

// errPanicked is the error of requests that wait for a call which panics. The panic is that of the
// request which made the call.
var errPanicked = errors.New("coalesced gather panicked")

// join is a [gather].
func (c *coalesced) join() ([]page.Family, func(), error) {
	c.mu.Lock()
	g := c.now
	if g != nil {
		g.users++
		c.mu.Unlock()
		<-g.ready
		return slices.Clone(g.families), func() { c.leave(g) }, g.err
	}
	g = &gathering{users: 1, ready: make(chan struct{}), done: func() {}, err: errPanicked}
	c.now = g
	c.mu.Unlock()
	returned := false
	defer func() {
		if !returned { // by a panic
			c.forget(g)
		}
		close(g.ready)
	}()
	g.families, g.done, g.err = c.gather()
	returned = true
	return slices.Clone(g.families), func() { c.leave(g) }, g.err
}

// leave ends the use of a gathering. The last user ends the gathering.
func (c *coalesced) leave(g *gathering) {
	c.mu.Lock()
	g.users--
	last := g.users == 0
	if last && c.now == g {
		c.now = nil
	}
	c.mu.Unlock()
	if last {
		g.done()
	}
}

// forget makes the next request gather anew.
func (c *coalesced) forget(g *gathering) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now == g {
		c.now = nil
	}
}
