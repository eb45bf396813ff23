// SPDX-License-Identifier: Apache-2.0

package send

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"
)

// Words are how errors and logs call what a package does.
type Words struct {
	Package string // in errors, after "quipu: ", as in push
	Act     string // one time, as in "a push"
	Acting  string // again and again, as in "pushing works again"
}

// Sender sends requests to one URL. Its methods may be called concurrently.
type Sender struct {
	words   Words
	client  *http.Client
	timeout time.Duration
	logger  *slog.Logger // nil: slog.Default() at the time
	retry   func(*StatusError) bool
	dated   bool
	endTurn func() // closes connections

	// Secrets are inside functions only, because these are not shown when a Sender is printed or
	// dumped.
	request func(ctx context.Context, r Request) (*http.Request, error)
	redact  redact
	shown   string // the URL without secrets

	turn chan struct{} // of capacity 1; holds a value during a turn
}

// New returns a Sender to a URL, which [ParseURL] has returned. A user name and a password in it
// are sent as basic auth, unless the settings have others. It sends nothing and starts no
// goroutine. Errors have no prefix.
func New(words Words, u *url.URL, s *Settings) (*Sender, error) {
	if err := s.Check(u); err != nil {
		return nil, err
	}
	s = s.withLogin(u)
	target := *u
	target.User = nil
	client, endTurn := newClient(s)
	client.CheckRedirect = checkRedirect
	timeout := s.timeout
	if timeout == 0 {
		timeout = defaultTimeout
	}
	retry := s.Retry
	if retry == nil {
		retry = Busy
	}
	return &Sender{
		words: words, client: client, timeout: timeout, logger: s.logger,
		retry: retry, dated: s.Dated, endTurn: endTurn,
		request: newRequest(s, &target),
		redact:  newRedact(secretsOf(s, &target, proxyOf(s, &target))),
		shown:   shown(&target),
		turn:    make(chan struct{}, 1),
	}, nil
}

// String returns the URL without user, password and query.
func (s *Sender) String() string { return s.shown }

// Request is what differs between the requests of a [Sender].
type Request struct {
	Method string
	Header http.Header // describes the body
	Body   []byte      // nil for none. The transport may read it after Send has returned.

	// Most is how many bytes of an answer with a status of 2xx are read, within the time of the
	// turn. If it is 0, these are 64 KiB within 2 seconds.
	Most int64
}

// newRequest returns a function that makes the requests of a Sender.
func newRequest(s *Settings, u *url.URL) func(context.Context, Request) (*http.Request, error) {
	return func(ctx context.Context, r Request) (*http.Request, error) {
		var body io.Reader
		if r.Body != nil {
			body = bytes.NewReader(r.Body)
		}
		req, err := http.NewRequestWithContext(ctx, r.Method, u.String(), body)
		if err != nil {
			return nil, err
		}
		for _, header := range []http.Header{s.header, r.Header} {
			for name, values := range header {
				req.Header[name] = append([]string(nil), values...)
			}
		}
		if req.Header.Get("User-Agent") == "" {
			req.Header.Set("User-Agent", "quipu")
		}
		if s.auth {
			req.SetBasicAuth(s.user, s.password)
		}
		if s.host != "" {
			req.Host = s.host
		}
		return req, nil
	}
}

// InTurn calls f when no other call of f is under way, with a context that ends after the time of
// the settings. The method is that of the requests, for the error when ctx is done before.
func (s *Sender) InTurn(ctx context.Context, method string, f func(context.Context) error) error {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
		defer s.endTurn()
	case <-ctx.Done():
	}
	if ctx.Err() != nil { // select takes either case if both are ready
		return s.failed(method, context.Cause(ctx))
	}
	ctx, cancel := context.WithTimeoutCause(ctx, s.timeout, timeoutError(s.timeout))
	defer cancel()
	return f(ctx)
}

// Send makes one request in a turn and reads its answer. An answer other than 2xx is a
// [*StatusError].
func (s *Sender) Send(ctx context.Context, r Request) (*Answer, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	req, err := s.request(ctx, r)
	if err != nil {
		return nil, s.failed(r.Method, err)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx) // it tells who gave up; the error of net/http may tell a consequence only
		}
		return nil, s.failed(r.Method, err)
	}
	limit := int64(maxAnswer)
	if resp.StatusCode/100 == 2 && r.Most > 0 {
		limit = r.Most
	} else {
		hurry := time.AfterFunc(answerTimeout, cancel)
		defer hurry.Stop()
	}
	return s.readAnswer(req, resp, limit)
}

// failed returns the error of a request without an answer.
func (s *Sender) failed(method string, err error) error {
	return fmt.Errorf("quipu: %s: %s %s: %w", s.words.Package, method, s.shown, s.redact.wrap(err))
}

// timeoutError is the error of a turn that has exceeded its time. It is context.DeadlineExceeded
// for errors.Is.
type timeoutError time.Duration

func (e timeoutError) Error() string        { return fmt.Sprintf("not done within %v", time.Duration(e)) }
func (e timeoutError) Is(target error) bool { return target == context.DeadlineExceeded }
func (e timeoutError) Timeout() bool        { return true }
