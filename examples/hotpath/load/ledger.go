// SPDX-License-Identifier: Apache-2.0

package load

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"strings"
	"time"
)

// Unmatched is the route of requests that match no route of the service.
const Unmatched = "unmatched"

// Request is a kind of request: the ledger counts requests of each kind. Route is the pattern, such
// as "/kv/{key}", not the path.
type Request struct {
	Method string
	Route  string
	Code   int
}

// String returns "METHOD ROUTE CODE".
func (r Request) String() string { return fmt.Sprintf("%s %s %d", r.Method, r.Route, r.Code) }

// MarshalText lets a Request be the key of a JSON object.
func (r Request) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText is the inverse of MarshalText.
func (r *Request) UnmarshalText(text []byte) error {
	if _, err := fmt.Sscanf(string(text), "%s %s %d", &r.Method, &r.Route, &r.Code); err != nil {
		return fmt.Errorf("load: %q is not METHOD ROUTE CODE: %w", text, err)
	}
	return nil
}

// Sizes counts bodies by their length in bytes.
type Sizes map[int]int64

// Count returns the number of bodies.
func (s Sizes) Count() (n int64) {
	for _, count := range s {
		n += count
	}
	return n
}

// Sum returns the total length of the bodies.
func (s Sizes) Sum() (sum int64) {
	for size, count := range s {
		sum += int64(size) * count
	}
	return sum
}

// Ledger counts the requests that a load has sent and their answers. The metrics of the service
// must agree with it.
type Ledger struct {
	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended"` // when the last answer was there

	Requests      map[Request]int64  `json:"requests"`
	RequestBytes  Sizes              `json:"request_bytes"`  // of requests with a body
	ResponseBytes map[string]Sizes   `json:"response_bytes"` // by route, empty bodies included
	Seconds       map[string]float64 `json:"seconds"`        // by route, the total time that the client waited

	Keys     int64 `json:"keys"`      // in the store at the end
	KeyBytes int64 `json:"key_bytes"` // the length of their values

	Failed       int64  `json:"failed"` // requests without an answer; not in Requests
	FirstFailure string `json:"first_failure,omitempty"`
	Wrong        int64  `json:"wrong"` // wrong answers
	FirstWrong   string `json:"first_wrong,omitempty"`
}

func newLedger() *Ledger {
	return &Ledger{
		Started:       time.Now(),
		Requests:      map[Request]int64{},
		RequestBytes:  Sizes{},
		ResponseBytes: map[string]Sizes{},
		Seconds:       map[string]float64{},
	}
}

// Total returns the number of requests that were answered.
func (l *Ledger) Total() (n int64) {
	for _, count := range l.Requests {
		n += count
	}
	return n
}

// Elapsed returns how long the load took.
func (l *Ledger) Elapsed() time.Duration { return l.Ended.Sub(l.Started) }

// WriteTo writes the ledger as JSON.
func (l *Ledger) WriteTo(w io.Writer) (int64, error) {
	text, err := json.MarshalIndent(l, "", "\t")
	if err != nil {
		return 0, err
	}
	n, err := w.Write(append(text, '\n'))
	return int64(n), err
}

// add records one answer.
func (l *Ledger) add(r Request, sent, received int, waited time.Duration) {
	l.Requests[r]++
	if sent > 0 {
		l.RequestBytes[sent]++
	}
	sizes := l.ResponseBytes[r.Route]
	if sizes == nil {
		sizes = Sizes{}
		l.ResponseBytes[r.Route] = sizes
	}
	sizes[received]++
	l.Seconds[r.Route] += waited.Seconds()
}

// fail records a request without an answer.
func (l *Ledger) fail(err error) {
	if l.Failed++; l.FirstFailure == "" {
		l.FirstFailure = err.Error()
	}
}

// wrong records that an answer was wrong.
func (l *Ledger) wrong(r Request, body []byte) {
	if l.Wrong++; l.FirstWrong == "" {
		l.FirstWrong = fmt.Sprintf("%s: %.200s", r, strings.ToValidUTF8(string(body), "?"))
	}
}

// merge adds the ledger of another worker.
func (l *Ledger) merge(o *Ledger) {
	addAll(l.Requests, o.Requests)
	addAll(l.RequestBytes, o.RequestBytes)
	addAll(l.Seconds, o.Seconds)
	for route, sizes := range o.ResponseBytes {
		if have := l.ResponseBytes[route]; have != nil {
			addAll(have, sizes)
		} else {
			l.ResponseBytes[route] = maps.Clone(sizes)
		}
	}
	l.Keys += o.Keys
	l.KeyBytes += o.KeyBytes
	l.Failed += o.Failed
	l.Wrong += o.Wrong
	if l.FirstFailure == "" {
		l.FirstFailure = o.FirstFailure
	}
	if l.FirstWrong == "" {
		l.FirstWrong = o.FirstWrong
	}
	if o.Ended.After(l.Ended) {
		l.Ended = o.Ended
	}
}

func addAll[M ~map[K]V, K comparable, V int64 | float64](to, from M) {
	for k, v := range from {
		to[k] += v
	}
}
