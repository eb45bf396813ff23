// SPDX-License-Identifier: Apache-2.0

package live

import (
	"fmt"
	"net/url"
	"strings"
	"time"
)

const (
	defaultInterval = time.Second
	defaultHistory  = 5 * time.Minute
	defaultWatchers = 16

	minInterval = 100 * time.Millisecond
	maxPoints   = 3600
)

// Option configures [Handler].
type Option func(*config)

type config struct {
	interval time.Duration
	history  time.Duration
	watchers int
	remote   bool
	traces   string
}

// WithInterval sets the time between two samples: a second by default. It panics on less than 100
// milliseconds.
func WithInterval(d time.Duration) Option {
	if d < minInterval {
		panic(fmt.Sprintf("quipu: live: WithInterval(%v): the shortest is %v", d, minInterval))
	}
	return func(c *config) { c.interval = d }
}

// WithHistory sets how much of the past the page shows: five minutes by default. It is kept only
// while somebody looks, so a page that is opened first begins with an empty past. Handler panics if
// there are more than 3 600 samples in it, or less than two.
func WithHistory(d time.Duration) Option { return func(c *config) { c.history = d } }

// WithWatchers sets how many pages may be open at once: 16 by default. Further ones are refused
// with status 503. It panics on less than one.
func WithWatchers(n int) Option {
	if n < 1 {
		panic(fmt.Sprintf("quipu: live: WithWatchers(%d): there must be room for one", n))
	}
	return func(c *config) { c.watchers = n }
}

// WithRemote sets whether requests from other machines and through proxies are answered. The page
// shows all metrics and their labels, so put it behind a login then.
func WithRemote(remote bool) Option { return func(c *config) { c.remote = remote } }

// WithTraceURL makes exemplars links: template is the URL of a trace, with {trace_id} where its ID
// belongs, or another label of the exemplars in braces. It panics if the template is not such a
// URL. Braces before the path would let an exemplar choose the server, so they are refused.
func WithTraceURL(template string) Option {
	begin, _, found := strings.Cut(template, "{")
	u, err := url.Parse(begin)
	if err != nil || !found || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Path == "" {
		panic(fmt.Sprintf("quipu: live: WithTraceURL(%q): want a URL such as https://traces.example/{trace_id}",
			template))
	}
	return func(c *config) { c.traces = template }
}
