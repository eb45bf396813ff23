// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	// maxAnswer bounds the number of bytes that are read of an answer, and answerTimeout the time
	// for it. The status, which decides, is known by then.
	maxAnswer     = 64 << 10
	answerTimeout = 2 * time.Second

	// shownAnswer bounds the part of an answer that an error shows.
	shownAnswer = 512

	// minSecret is the length from which the value of a header counts as a secret.
	minSecret = 8
)

// StatusError is the error of a request that the receiver has answered with a status other than
// 2xx.
type StatusError struct {
	URL    string // without credentials and query
	Status int

	// Body is the first 512 bytes of the answer. Credentials are blacked out if they stand there as
	// they were sent, and may show if the receiver encodes or cuts them.
	Body string

	// RetryAfter is how long the receiver asks clients to wait, within 1 second and 5 minutes; 0 if
	// it does not say.
	RetryAfter time.Duration
}

// Error returns the status and what the receiver says about it.
func (e *StatusError) Error() string {
	text := fmt.Sprintf("%s: %d %s", e.URL, e.Status, http.StatusText(e.Status))
	if e.Body != "" {
		text += fmt.Sprintf(": %q", e.Body)
	}
	return text
}

// networkError is the error of a request without an answer.
type networkError struct{ error }

func (e networkError) Unwrap() error { return e.error }

// transport makes requests. Its credentials are inside of functions, because these are not shown
// when something is printed.
type transport struct {
	client *http.Client
	shown  string
	apply  func(r *http.Request)
	hide   func(text string) string
	url    func() string
}

func newTransport(c *config, u *url.URL) *transport {
	plain := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}
	target := *u
	target.User = nil
	client := http.Client{Transport: &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		TLSHandshakeTimeout:    5 * time.Second,
		MaxResponseHeaderBytes: maxAnswer,
		DisableCompression:     true,
		IdleConnTimeout:        30 * time.Second,
	}}
	if c.client != nil {
		client = *c.client
	}
	// net/http would turn a POST into a GET after a 301, and report success.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &transport{
		client: &client, shown: plain.String(), hide: hider(c, u), url: target.String,
		apply: func(r *http.Request) {
			for name, values := range c.header {
				r.Header[name] = values
			}
			if r.Header.Get("User-Agent") == "" {
				r.Header.Set("User-Agent", "quipu")
			}
			if c.auth {
				r.SetBasicAuth(c.user, c.password)
			}
			if c.host != "" {
				r.Host = c.host
			}
		},
	}
}

// hider returns a function that blacks out credentials, which receivers may send back. It finds
// them as they were sent and escaped for a URL, and not in parts or in other encodings.
func hider(c *config, u *url.URL) func(string) string {
	var pairs []string
	add := func(secret string, least int) {
		if len(secret) >= max(least, 1) {
			pairs = append(pairs, secret, "***", url.QueryEscape(secret), "***")
		}
	}
	if c.auth {
		add(base64.StdEncoding.EncodeToString([]byte(c.user+":"+c.password)), 1)
		add(c.password, 1)
		add(c.user, minSecret)
	}
	for _, values := range c.header {
		for _, value := range values {
			add(value, minSecret)
			for _, part := range strings.Fields(value) {
				add(part, minSecret)
			}
		}
	}
	for _, values := range u.Query() {
		for _, value := range values {
			add(value, minSecret)
		}
	}
	return strings.NewReplacer(pairs...).Replace
}

// post makes one request and returns the headers of its answer.
func (t *transport) post(ctx context.Context, body []byte, header http.Header) (http.Header, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url(), bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("the request cannot be made")
	}
	r.Header = header
	t.apply(r)
	answer, err := t.client.Do(r)
	if err != nil {
		if ctx.Err() != nil {
			return nil, networkError{context.Cause(ctx)}
		}
		if e := (*url.Error)(nil); errors.As(err, &e) {
			err = e.Err // it repeats the URL
		}
		return nil, networkError{fmt.Errorf("%s: %s", t.shown, t.hide(err.Error()))}
	}
	defer answer.Body.Close()
	if answer.StatusCode < 200 { // the body of a 101 is the connection itself
		return nil, &StatusError{URL: t.shown, Status: answer.StatusCode}
	}
	defer time.AfterFunc(answerTimeout, func() { _ = answer.Body.Close() }).Stop()
	text, _ := io.ReadAll(io.LimitReader(answer.Body, maxAnswer)) // a part of it is better than none
	if answer.StatusCode/100 == 2 {
		return answer.Header, nil
	}
	shown := strings.TrimSpace(t.hide(string(text)))
	return nil, &StatusError{
		URL: t.shown, Status: answer.StatusCode,
		Body:       strings.ToValidUTF8(shown[:min(len(shown), shownAnswer)], ""),
		RetryAfter: retryAfter(answer.Header.Get("Retry-After"), time.Now()),
	}
}

const (
	minRetryAfter = time.Second
	maxRetryAfter = 5 * time.Minute
)

// retryAfter reads a Retry-After header, which is a number of seconds or a date. It returns 0 for
// anything else.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(value, 10, 32); err == nil {
		return min(max(time.Duration(seconds)*time.Second, minRetryAfter), maxRetryAfter)
	}
	if date, err := http.ParseTime(value); err == nil {
		return min(max(date.Sub(now), minRetryAfter), maxRetryAfter)
	}
	return 0
}

// statusOf returns the status and the text of an answer that is an error.
func statusOf(err error) (status int, body string, ok bool) {
	e := (*StatusError)(nil)
	if !errors.As(err, &e) {
		return 0, "", false
	}
	return e.Status, e.Body, true
}

// retriable reports whether the same request may succeed a little later.
func retriable(err error) bool {
	if status, _, ok := statusOf(err); ok {
		return status == http.StatusTooManyRequests || status >= 500
	}
	var network networkError
	return errors.As(err, &network)
}

const (
	firstBackoff = 250 * time.Millisecond
	maxBackoff   = 10 * time.Second
)

// wait waits before the request is repeated, and reports false if there is no time for that. Waits
// double, are random within their bounds, and never shorter than the receiver asks for.
func wait(ctx context.Context, err error, failures int) bool {
	d := firstBackoff
	for ; failures > 1 && d < maxBackoff; failures-- {
		d *= 2
	}
	d = min(d, maxBackoff)
	d = d/2 + rand.N(d/2+1)
	if e := (*StatusError)(nil); errors.As(err, &e) {
		d = max(d, e.RetryAfter)
	}
	if at, ok := ctx.Deadline(); ok && time.Until(at) <= d {
		return false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
