// SPDX-License-Identifier: Apache-2.0

package send

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// maxAnswer bounds the number of bytes that are read of an answer. Beyond it, a new connection
	// is cheaper than reading on.
	maxAnswer = 64 << 10

	// answerTimeout bounds the time for the body of an answer. The status, which decides, is known
	// by then.
	answerTimeout = 2 * time.Second

	// shownAnswer bounds the part of an answer's body that an error shows.
	shownAnswer = 512
)

// Answer is an answer with a status of 2xx.
type Answer struct {
	Header http.Header
	Body   []byte // at most its first 64 KiB, or as many bytes as the request wanted
	Whole  bool   // false if the body was longer, took too long, or broke off
}

// StatusError is the error of a request that the server has answered with a status other than 2xx.
// The packages that send export it under this name, so its documentation is theirs as well.
type StatusError struct {
	Method   string // of the request
	URL      string // of the request, without credentials and query
	Status   int
	Location string // target of a redirect, without credentials and query
	Body     string // its first 512 bytes; credentials are blacked out, or the body is withheld

	// RetryAfter is how long the server asks clients to wait, within 1 second and 5 minutes; 0 if
	// it does not say.
	RetryAfter time.Duration

	by string // the package's name, as in Words
}

// Error returns all fields except RetryAfter in one line.
func (e *StatusError) Error() string {
	// An error that a program's test has made belongs to no package. The type was that of push
	// first, so the text remains what it was.
	by := cmp.Or(e.by, "push")
	var b strings.Builder
	fmt.Fprintf(&b, "quipu: %s: %s %s: %d %s", by, e.Method, e.URL, e.Status, http.StatusText(e.Status))
	if e.Location != "" {
		fmt.Fprintf(&b, ", to %q: a redirect is followed only if it keeps the method and the server", e.Location)
	}
	if e.Body != "" {
		fmt.Fprintf(&b, ": %q", e.Body)
	}
	return b.String()
}

// readAnswer reads the answer to a request and returns an error if it is one. It reads all answers
// up to the bound, so that the connection can be used again.
func (s *Sender) readAnswer(req *http.Request, resp *http.Response, limit int64) (*Answer, error) {
	defer resp.Body.Close()
	if resp.StatusCode < 200 {
		// The body of a 101 is the connection itself, which no context ends. The request did not
		// ask for another protocol.
		e := &StatusError{Method: req.Method, URL: s.shown, Status: resp.StatusCode}
		e.by = s.words.Package
		return nil, e
	}
	// A part of the body is better than none. If the status is 2xx, the request has arrived, even
	// if reading fails.
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if resp.StatusCode/100 == 2 {
		whole := err == nil && int64(len(body)) <= limit
		return &Answer{Header: resp.Header, Body: body[:min(int64(len(body)), limit)], Whole: whole}, nil
	}
	if resp.Request == nil {
		resp.Request = req // not every RoundTripper sets it
	}
	e := &StatusError{
		Method: resp.Request.Method,
		URL:    shown(resp.Request.URL),
		Status: resp.StatusCode,
		Body:   s.Quote(body),
		by:     s.words.Package,
	}
	if to, err := url.Parse(resp.Header.Get("Location")); err == nil && resp.StatusCode/100 == 3 && to.String() != "" {
		e.Location = cut(s.redact(shown(resp.Request.URL.ResolveReference(to))), shownAnswer)
	}
	if resp.Request.Response != nil {
		e.URL = s.redact(e.URL) // the server chose this URL and may have put secrets into its path
	}
	e.RetryAfter = retryAfter(resp.Header.Get("Retry-After"), time.Now())
	return nil, e
}

// Quote returns the beginning of a text that the server has sent, without secrets, for an error.
func (s *Sender) Quote(text []byte) string {
	// Secrets are blacked out before the text is cut, so that no part of one remains before the
	// cut.
	return cut(strings.TrimSpace(s.redact(string(text))), shownAnswer)
}

// cut shortens a string at a rune boundary.
func cut(s string, most int) string {
	if len(s) > most {
		s = s[:most]
	}
	return strings.ToValidUTF8(s, "")
}
