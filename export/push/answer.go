// SPDX-License-Identifier: Apache-2.0

package push

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
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

	// maxRedirects bounds the redirects of one push. All of them lead to the same server.
	maxRedirects = 3
)

// StatusError is the error of a push that the server has answered with a status other than 2xx.
type StatusError struct {
	Method   string // of the request
	URL      string // of the request, without credentials and query
	Status   int
	Location string // target of a redirect, without credentials and query
	Body     string // its first 512 bytes; credentials are blacked out, or the body is withheld

	// RetryAfter is how long the server asks clients to wait, within 1 second and 5 minutes; 0 if
	// it does not say.
	RetryAfter time.Duration
}

// Error returns all fields except RetryAfter in one line.
func (e *StatusError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "quipu: push: %s %s: %d %s", e.Method, e.URL, e.Status, http.StatusText(e.Status))
	if e.Location != "" {
		fmt.Fprintf(&b, ", to %q: a redirect is followed only if it keeps the method and the server", e.Location)
	}
	if e.Body != "" {
		fmt.Fprintf(&b, ": %q", e.Body)
	}
	return b.String()
}

// readAnswer reads the answer of the server and returns an error if it is one. It reads other
// answers too, so that the connection can be used again.
func (p *Pusher) readAnswer(resp *http.Response) error {
	defer resp.Body.Close()
	if resp.StatusCode < 200 {
		// The body of a 101 is the connection itself, which no context ends. The request did not
		// ask for another protocol.
		return &StatusError{Method: resp.Request.Method, URL: p.shown, Status: resp.StatusCode}
	}
	body := io.LimitReader(resp.Body, maxAnswer)
	if resp.StatusCode/100 == 2 {
		_, _ = io.Copy(io.Discard, body) // the push has arrived, even if reading fails
		return nil
	}
	text, _ := io.ReadAll(body) // a part of the text is better than none
	e := &StatusError{
		Method: resp.Request.Method,
		URL:    shown(resp.Request.URL),
		Status: resp.StatusCode,
		// Secrets are blacked out before the text is cut, so that no part of one remains before the
		// cut.
		Body: cut(strings.TrimSpace(p.redact(string(text))), shownAnswer),
	}
	if to, err := url.Parse(resp.Header.Get("Location")); err == nil && resp.StatusCode/100 == 3 && to.String() != "" {
		e.Location = cut(p.redact(shown(resp.Request.URL.ResolveReference(to))), shownAnswer)
	}
	if resp.Request.Response != nil {
		e.URL = p.redact(e.URL) // the server chose this URL and may have put secrets into its path
	}
	e.RetryAfter = retryAfter(resp.Header.Get("Retry-After"), time.Now())
	return e
}

// cut shortens a string at a rune boundary.
func cut(s string, most int) string {
	if len(s) > most {
		s = s[:most]
	}
	return strings.ToValidUTF8(s, "")
}

const (
	minRetryAfter = time.Second
	maxRetryAfter = 5 * time.Minute // a server that has recovered should not miss metrics for long
)

// retryAfter reads a Retry-After header, which is a number of seconds or a date. It returns 0 for
// anything else.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(value, 10, 64); err == nil {
		return max(time.Duration(min(seconds, uint64(maxRetryAfter/time.Second)))*time.Second, minRetryAfter)
	}
	if date, err := http.ParseTime(value); err == nil {
		return min(max(date.Sub(now), minRetryAfter), maxRetryAfter)
	}
	return 0
}

// checkRedirect follows a redirect only if the next request is the same one to the same server.
// Otherwise the redirect is the answer, and an error. Without this function, net/http would turn a
// push into a GET after a 301, and report success.
func checkRedirect(next *http.Request, via []*http.Request) error {
	first := via[0]
	if len(via) > maxRedirects || next.Method != first.Method ||
		next.URL.Scheme != first.URL.Scheme || !strings.EqualFold(next.URL.Host, first.URL.Host) {
		return http.ErrUseLastResponse
	}
	return nil
}
