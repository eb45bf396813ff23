// SPDX-License-Identifier: Apache-2.0

package testkit

import (
	"io"
	"net/http"
	"strings"
	"time"
)

// RoundTrip is a function that answers requests in the place of a network.
type RoundTrip func(*http.Request) (*http.Response, error)

// RoundTrip calls the function.
func (f RoundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Client returns an HTTP client whose requests the function answers.
func (f RoundTrip) Client() *http.Client { return &http.Client{Transport: f} }

// HTTPAnswer returns an answer with a status, and with headers, each a name and a value.
func HTTPAnswer(status int, body string, header ...string) *http.Response {
	answer := &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
	for i := 0; i < len(header); i += 2 {
		answer.Header.Set(header[i], header[i+1])
	}
	return answer
}

// Wire answers requests in the place of a network, one at a time, so that a test controls the
// clock. Its zero value answers 200.
type Wire struct {
	Begin   time.Time
	At      []time.Duration // the times of the requests since Begin
	Methods []string
	Bodies  []string

	// Fail answers the first Failures requests.
	Failures int
	Fail     RoundTrip
}

// FailingWire returns a Wire that answers its first requests with a status, and with headers.
func FailingWire(failures, status int, header ...string) *Wire {
	return &Wire{Failures: failures, Fail: func(*http.Request) (*http.Response, error) {
		return HTTPAnswer(status, "", header...), nil
	}}
}

// RoundTrip records a request and answers it.
func (w *Wire) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	w.At = append(w.At, time.Since(w.Begin))
	w.Methods = append(w.Methods, r.Method)
	w.Bodies = append(w.Bodies, string(body))
	if len(w.At) <= w.Failures {
		return w.Fail(r)
	}
	return HTTPAnswer(http.StatusOK, ""), nil
}

// Hang answers a request when nobody waits for it any longer.
func Hang(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}
