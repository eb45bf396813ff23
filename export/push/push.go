// SPDX-License-Identifier: Apache-2.0

package push

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
)

// Pusher pushes the metrics of a registry to one group of one server. Its methods may be called
// concurrently. One request is in flight at a time, and the others wait for it.
type Pusher struct {
	reg     *engine.Registry
	client  *http.Client
	custom  bool    // the URL is not that of a Pushgateway's group
	labels  []label // the job and the grouping labels
	format  encode.Format
	timeout time.Duration
	logger  *slog.Logger // nil: slog.Default() at the time

	// Secrets are inside functions only, because these are not shown when a Pusher is printed or
	// dumped.
	request func(ctx context.Context, method string, page []byte) (*http.Request, error)
	redact  redact
	shown   string // the URL without secrets

	turn chan struct{} // of capacity 1; holds a value while a request is in flight
	size int           // of the latest page, guarded by turn
}

// New returns a Pusher for a job at a server such as http://gateway:9091. The URL may have a path,
// for gateways behind a prefix. A user name and a password in the URL are sent as basic auth. New
// sends nothing and starts no goroutine. It returns an error if the URL, the job or an option
// cannot work.
func New(serverURL, job string, opts ...Option) (*Pusher, error) {
	p, err := newPusher(serverURL, job, opts)
	if err != nil {
		return nil, fmt.Errorf("quipu: push: %w", err)
	}
	return p, nil
}

func newPusher(serverURL, job string, opts []Option) (*Pusher, error) {
	server, err := parseURL(serverURL)
	if err != nil {
		return nil, err
	}
	c := &config{reg: engine.Default(), timeout: defaultTimeout, header: http.Header{}}
	if server.User != nil {
		c.auth, c.user = true, server.User.Username()
		c.password, _ = server.User.Password()
	}
	for i, opt := range opts {
		if opt == nil {
			return nil, fmt.Errorf("option %d of %d is nil", i+1, len(opts))
		}
		if err := opt(c); err != nil {
			return nil, err
		}
	}
	if err := c.check(job); err != nil {
		return nil, err
	}
	labels := sorted(job, c.grouping)
	u, err := target(server, c, labels)
	if err != nil {
		return nil, err
	}
	client := http.Client{Transport: newTransport()}
	if c.client != nil {
		client = *c.client
	}
	client.CheckRedirect = checkRedirect
	return &Pusher{
		reg: c.reg, client: &client, custom: c.path != "", labels: labels,
		format: c.format, timeout: c.timeout, logger: c.logger,
		request: newRequest(c, u),
		redact:  newRedact(secretsOf(c, u, proxyOf(c, u))),
		shown:   shown(u),
		turn:    make(chan struct{}, 1),
	}, nil
}

func (c *config) check(job string) error {
	if job == "" {
		return errors.New("the job is empty: name it for what this process does")
	}
	if err := checkValue("the job", job); err != nil {
		return err
	}
	if c.auth && strings.Contains(c.user, ":") {
		return errors.New("basic auth: a user name with a colon cannot be sent")
	}
	if c.auth && c.header.Get("Authorization") != "" {
		return errors.New(`basic auth and WithHeader("Authorization") exclude each other`)
	}
	if c.path != "" && c.format != encode.Text {
		return errors.New("WithPath and WithFormat exclude each other: import paths read text, " +
			"and drop the rest without an error")
	}
	return nil
}

// newTransport returns the transport of the default client (see [WithClient]). Connecting has
// shorter limits than the push, so that a dead server is noticed sooner than a slow one.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  proxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		TLSHandshakeTimeout:    5 * time.Second,
		MaxResponseHeaderBytes: maxAnswer,
		DisableKeepAlives:      true,
		DisableCompression:     true, // a compressed answer could be larger than the bounds
	}
}

// Add pushes with POST. The pushed metrics replace those metrics of the group that have the same
// names; the others stay.
func (p *Pusher) Add(ctx context.Context) error { return p.push(ctx, http.MethodPost) }

// Replace pushes with PUT. The pushed metrics replace all metrics of the group.
func (p *Pusher) Replace(ctx context.Context) error { return p.push(ctx, http.MethodPut) }

// Delete deletes the group with all its metrics, those of other pushers included. It is not an
// error if the group does not exist, but always one with [WithPath]. A Pushgateway answers first
// and deletes a moment later, but before it processes later pushes.
func (p *Pusher) Delete(ctx context.Context) error {
	if p.custom {
		return errors.New("quipu: push: Delete: there are no groups at a server that WithPath names")
	}
	return p.push(ctx, http.MethodDelete)
}

// push waits for its turn and makes one request.
func (p *Pusher) push(ctx context.Context, method string) error {
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return p.failed(method, context.Cause(ctx))
	}
	ctx, cancel := context.WithTimeoutCause(ctx, p.timeout, timeoutError(p.timeout))
	defer cancel()

	var page []byte
	left := leftOut{}
	if method != http.MethodDelete {
		var err error
		if page, err = p.render(ctx, left); err != nil {
			return err
		}
	}
	req, err := p.request(ctx, method, page)
	if err != nil {
		return p.failed(method, err)
	}
	resp, err := p.client.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx) // it tells who gave up; the error of net/http may tell a consequence only
		}
		return p.failed(method, err)
	}
	hurry := time.AfterFunc(answerTimeout, cancel)
	defer hurry.Stop()
	if err := p.readAnswer(resp); err != nil {
		return err
	}
	return left.err()
}

// pageReserve is the part of a push's time that is reserved for sending the page, or a quarter of
// the time if that is less.
const pageReserve = 2 * time.Second

// timeoutError is the error of a push that has exceeded its time. It is context.DeadlineExceeded
// for errors.Is.
type timeoutError time.Duration

func (e timeoutError) Error() string        { return fmt.Sprintf("not done within %v", time.Duration(e)) }
func (e timeoutError) Is(target error) bool { return target == context.DeadlineExceeded }
func (e timeoutError) Timeout() bool        { return true }

// failed returns the error of a request without an answer.
func (p *Pusher) failed(method string, err error) error {
	return fmt.Errorf("quipu: push: %s %s: %w", method, p.shown, p.redact.wrap(err))
}

// escaping is that of all pages. Pushgateways refuse other names unless they are told to accept
// them, and the URL of a group cannot have them otherwise.
const escaping = encode.UnderscoresEscaping

// render returns the page to push. The transport may still read the body after it has returned the
// answer, so every page is allocated anew. The size of the latest page is the estimate for the
// allocation. left gets the metrics that the page lacks because of its escaped names.
func (p *Pusher) render(ctx context.Context, left leftOut) ([]byte, error) {
	if err := checkDeclared(p.reg, p.labels); err != nil {
		return nil, err
	}
	body := new(bytes.Buffer)
	body.Grow(p.size + p.size/16)
	exposition := engine.Exposition{
		Format: p.format, Escaping: escaping, NoSelf: true, WholeFamilies: true, Context: ctx,
		LeftOut: func(metric string) { left[metric] = true },
	}
	if deadline, ok := ctx.Deadline(); ok {
		// Slow functions must leave time to send the page. Without a Deadline the engine waits for
		// up to two seconds.
		left := time.Until(deadline)
		if left -= min(left/4, pageReserve); left < 2*time.Second {
			exposition.Deadline = time.Now().Add(left)
		}
	}
	if _, err := p.reg.Expose(body, exposition); err != nil {
		return nil, fmt.Errorf("quipu: push: the page was not finished: %w", err)
	}
	p.size = body.Len()
	if p.format == encode.Text {
		if err := checkPage(body.Bytes(), p.labels); err != nil {
			return nil, err
		}
	}
	return body.Bytes(), nil
}

// newRequest returns a function that makes the requests of a Pusher.
func newRequest(c *config, u *url.URL) func(context.Context, string, []byte) (*http.Request, error) {
	return func(ctx context.Context, method string, page []byte) (*http.Request, error) {
		var body io.Reader // nil for DELETE, which has no body
		if method != http.MethodDelete {
			body = bytes.NewReader(page)
		}
		req, err := http.NewRequestWithContext(ctx, method, u.String(), body)
		if err != nil {
			return nil, err
		}
		req.Header = c.header.Clone()
		if body != nil {
			req.Header.Set("Content-Type", c.format.ContentType())
		}
		if req.Header.Get("User-Agent") == "" {
			req.Header.Set("User-Agent", "quipu")
		}
		if c.auth {
			req.SetBasicAuth(c.user, c.password)
		}
		if c.host != "" {
			req.Host = c.host
		}
		return req, nil
	}
}

// String returns the URL to which a Pusher pushes, without user, password and query.
func (p *Pusher) String() string { return "push to " + p.shown }

// LogValue returns the value of [Pusher.String] for log/slog.
func (p *Pusher) LogValue() slog.Value { return slog.StringValue(p.String()) }
