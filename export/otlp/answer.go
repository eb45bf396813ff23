// SPDX-License-Identifier: Apache-2.0

package otlp

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/quipu-metrics/quipu/internal/send"
	"github.com/quipu-metrics/quipu/internal/wire"
)

// StatusError is the error of a request that the receiver has answered with a status other than
// 2xx. A redirect is followed only if it keeps the method, the scheme, the host and the port; all
// others are such errors. Its method Error returns all fields except RetryAfter in one line. These
// are the fields:
//
//	Method     string        // of the request
//	URL        string        // of the request, without credentials and query
//	Status     int
//	Location   string        // target of a redirect, without credentials and query
//	Body       string        // its first 512 bytes; credentials are blacked out, or the body is withheld
//	RetryAfter time.Duration // how long the receiver asks clients to wait, within 1 second and 5 minutes;
//	                         // 0 if it does not say
type StatusError = send.StatusError

// isBusy reports whether a request should be repeated after an answer. OTLP has a list.
func isBusy(answer *send.StatusError) bool {
	switch answer.Status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// PartialError is the error of a request of which the receiver has stored a part. The rest is lost:
// the receiver does not say what it is, and it would refuse it again.
type PartialError struct {
	Rejected int64  // data points that the receiver did not store
	Message  string // what it says about them: at most 512 bytes, without credentials
}

// Error returns the number of the data points and what the receiver says about them.
func (e *PartialError) Error() string {
	return fmt.Sprintf("quipu: otlp: the receiver rejected %d data points: %q", e.Rejected, e.Message)
}

// ErrAnswer is the error of a request whose answer has a status of 2xx, and a body that no receiver
// of OTLP sends. It may come from a proxy, and nothing may have been stored.
var ErrAnswer = errors.New("the answer is not that of a receiver of OTLP")

// read reads the answer to a request that has arrived: an ExportMetricsServiceResponse. It returns
// a [*PartialError] if data points were rejected, and a warning if there is only a text. Many
// receivers answer with an empty body, which says that all is well.
func read(answer *send.Answer, quote func([]byte) string) (warning string, err error) {
	rejected, text, err := partialSuccess(answer.Body)
	switch {
	case !answer.Whole:
		return "", fmt.Errorf("quipu: otlp: %w: it broke off, or is too long: %q", ErrAnswer, quote(answer.Body))
	case err != nil:
		return "", fmt.Errorf("quipu: otlp: %w: %q", ErrAnswer, quote(answer.Body))
	case rejected > 0:
		return "", &PartialError{Rejected: rejected, Message: quote(text)}
	case len(text) > 0:
		return quote(text), nil
	}
	return "", nil
}

// partialSuccess reads the number of rejected data points, and the text. A negative number is no
// answer. Unknown fields may come from later versions.
func partialSuccess(body []byte) (rejected int64, text []byte, err error) {
	for f, err := range wire.Fields(body) {
		if err != nil {
			return 0, nil, err
		}
		if f.Number != 1 {
			continue
		}
		for f, err := range wire.Fields(f.Bytes) {
			switch {
			case err != nil:
				return 0, nil, err
			case f.Number == 1:
				rejected = int64(f.Value)
			case f.Number == 2:
				text = f.Bytes
			}
		}
	}
	if rejected < 0 {
		return 0, nil, wire.ErrMessage
	}
	return rejected, text, nil
}
