// SPDX-License-Identifier: Apache-2.0

package testkit

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// Received is a request as a [Recorder] saw it.
type Received struct {
	Method, URI, Body string
	Length            int64
	Host              string
	Header            http.Header
}

// Recorder is a server that records requests and counts connections.
type Recorder struct {
	*httptest.Server
	answer http.HandlerFunc

	mu       sync.Mutex
	requests []Received
	made     int // connections
	open     map[net.Conn]bool
}

// NewRecorder starts a server that answers 200, unless the test has another answer. It stops at the
// end of the test, which must leave nothing behind then: see [Baseline].
func NewRecorder(t testing.TB, answer http.HandlerFunc) *Recorder {
	t.Helper()
	r := NewUnstartedRecorder(t, answer)
	r.Start()
	return r
}

// NewUnstartedRecorder is NewRecorder for tests that start the server themselves.
func NewUnstartedRecorder(t testing.TB, answer http.HandlerFunc) *Recorder {
	t.Helper()
	Baseline(t)
	r := &Recorder{answer: answer, open: map[net.Conn]bool{}}
	r.Server = httptest.NewUnstartedServer(http.HandlerFunc(r.serve))
	r.Config.ConnState = r.connState
	t.Cleanup(r.Close)
	return r
}

func (r *Recorder) serve(w http.ResponseWriter, q *http.Request) {
	body, _ := io.ReadAll(q.Body)
	r.mu.Lock()
	r.requests = append(r.requests, Received{q.Method, q.RequestURI, string(body), q.ContentLength, q.Host, q.Header})
	r.mu.Unlock()
	if r.answer != nil {
		r.answer(w, q)
	}
}

func (r *Recorder) connState(c net.Conn, state http.ConnState) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch state {
	case http.StateNew:
		r.made++
		r.open[c] = true
	case http.StateClosed:
		delete(r.open, c)
	}
}

// Seen returns all requests so far.
func (r *Recorder) Seen() []Received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.requests
}

// One returns the only request.
func (r *Recorder) One(t testing.TB) Received {
	t.Helper()
	seen := r.Seen()
	if len(seen) != 1 {
		t.Fatalf("there were %d requests and not one", len(seen))
	}
	return seen[0]
}

// PollConnections waits until so many connections are open, and returns how many the client has
// made.
func (r *Recorder) PollConnections(t testing.TB, open int) (made int) {
	t.Helper()
	Poll(t, 5*time.Second, func() error {
		r.mu.Lock()
		defer r.mu.Unlock()
		if made = r.made; made == 0 || len(r.open) != open {
			return fmt.Errorf("%d of %d connections are open and not %d", len(r.open), made, open)
		}
		return nil
	})
	return made
}
