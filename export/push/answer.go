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
	// maxAnswer is how much of an answer is read: beyond it, a connection is cheaper to open anew than to read empty.
	maxAnswer = 64 << 10

	// answerTimeout is how long the body of an answer may take. The status has come by then, and is what counts.
	answerTimeout = 2 * time.Second

	// shownAnswer is how much of an answer's body an error shows.
	shownAnswer = 512

	// maxRedirects is one more than anybody needs to get to the same server.
	maxRedirects = 3
)

// StatusError is an answer other than 2xx.
type StatusError struct {
	Method   string // of the request
	URL      string // of the request, without credentials and query
	Status   int
	Location string // where the server redirects to, without credentials and query
	Body     string // its first 512 bytes, without the credentials of the request: blacked out, or all withheld

	// RetryAfter is how long the server asks to be left alone, from 1 second to 5 minutes; 0 if it does not say.
	RetryAfter time.Duration
}

// Error says all of it but RetryAfter, in one line.
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

// readAnswer reads what the server says, for the error if it is one and for the connection's sake if not.
func (p *Pusher) readAnswer(resp *http.Response) error {
	defer resp.Body.Close()
	if resp.StatusCode < 200 {
		// The body of 101 is the connection itself, which no context ends. Nobody has asked to switch protocols.
		return &StatusError{Method: resp.Request.Method, URL: p.shown, Status: resp.StatusCode}
	}
	body := io.LimitReader(resp.Body, maxAnswer)
	if resp.StatusCode/100 == 2 {
		_, _ = io.Copy(io.Discard, body) // the push has arrived, however its answer ends
		return nil
	}
	text, _ := io.ReadAll(body) // an error with half its text says more than one without
	e := &StatusError{
		Method: resp.Request.Method,
		URL:    shown(resp.Request.URL),
		Status: resp.StatusCode,
		// Black out before cutting: a secret must not survive as the piece before the cut.
		Body: cut(strings.TrimSpace(p.redact(string(text))), shownAnswer),
	}
	if to, err := url.Parse(resp.Header.Get("Location")); err == nil && resp.StatusCode/100 == 3 && to.String() != "" {
		e.Location = cut(p.redact(shown(resp.Request.URL.ResolveReference(to))), shownAnswer)
	}
	if resp.Request.Response != nil {
		e.URL = p.redact(e.URL) // the server has redirected here, and may have put into the path what it knows
	}
	e.RetryAfter = retryAfter(resp.Header.Get("Retry-After"), time.Now())
	return e
}

// cut cuts at a rune boundary.
func cut(s string, most int) string {
	if len(s) > most {
		s = s[:most]
	}
	return strings.ToValidUTF8(s, "")
}

const (
	minRetryAfter = time.Second
	maxRetryAfter = 5 * time.Minute // a server that is well again must not wait for a metric until tomorrow
)

// retryAfter reads a Retry-After header, which is a number of seconds or a date. It returns 0 for anything else.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(value, 10, 64); err == nil {
		return max(time.Duration(min(seconds, uint64(maxRetryAfter/time.Second)))*time.Second, minRetryAfter)
	}
	if date, err := http.ParseTime(value); err == nil {
		return min(max(date.Sub(now), minRetryAfter), maxRetryAfter)
	}
	return 0
}

// checkRedirect stops where the next request would not be the same one to the same server. The redirect itself is the
// answer then, and an error. Without it, net/http would turn a push that meets a 301 into a GET, and call it a success.
func checkRedirect(next *http.Request, via []*http.Request) error {
	first := via[0]
	if len(via) > maxRedirects || next.Method != first.Method ||
		next.URL.Scheme != first.URL.Scheme || !strings.EqualFold(next.URL.Host, first.URL.Host) {
		return http.ErrUseLastResponse
	}
	return nil
}
