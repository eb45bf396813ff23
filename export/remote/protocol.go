// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/quipu-metrics/quipu/internal/send"
)

// form is how requests are made. It changes when the receiver shows that it cannot read them, and
// never back.
type form struct {
	protocol  Protocol // V1 or V2
	confirmed bool     // the receiver has shown that it knows 2.0
	auto      bool     // 1.0 may follow 2.0
	natives   bool     // the receiver has not refused native histograms
}

// ErrProtocol is the error of a Writer with [V2] whose receiver does not confirm what it has
// written.
var ErrProtocol = errors.New("the receiver does not know remote write 2.0")

// ErrNatives is wrapped by the error of a send that has arrived without some histograms: the
// receiver refuses native histograms, and these have no classic buckets.
var ErrNatives = errors.New("the receiver refuses native histograms")

// versionHeader is the header of a request that has its version.
const versionHeader = "X-Prometheus-Remote-Write-Version"

// attempt delivers a batch in the present form of requests. again is set if the same batch should
// be sent again at once, because the form has changed.
func (w *Writer) attempt(ctx context.Context, b *batch, millis int64) (again bool, err error) {
	if !w.form.natives {
		w.refused += b.withoutNatives()
	}
	if len(b.series) == 0 {
		return false, nil
	}
	header := http.Header{"Content-Encoding": {w.encoding}}
	switch w.form.protocol {
	case V2:
		w.message = b.appendV2(w.message[:0], &w.symbols, millis)
		header.Set("Content-Type", "application/x-protobuf;proto=io.prometheus.write.v2.Request")
		header.Set(versionHeader, "2.0.0")
	default:
		w.message = b.appendV1(w.message[:0], millis)
		header.Set("Content-Type", "application/x-protobuf")
		header.Set(versionHeader, "0.1.0")
	}
	// The transport may still read the body after it has returned the answer, so each batch has one
	// of its own.
	answer, err := w.sender.Deliver(ctx, send.Request{
		Method: http.MethodPost, Header: header, Body: w.compress(nil, w.message),
	})
	status := (*StatusError)(nil)
	switch {
	case err == nil && isPage(answer.Header):
		return false, fmt.Errorf("the answer is a web page, as of a proxy, so nothing may have been stored: %q",
			w.sender.Quote(answer.Body))
	case err == nil && w.form.protocol == V2:
		return w.confirm(b, answer.Header)
	case err == nil || !errors.As(err, &status):
		return false, err
	case w.form.natives && refusesNatives(status) && b.histograms > 0:
		w.form.natives = false
		w.sender.Log().Warn("quipu: remote: the receiver refuses native histograms; they are left out from now on",
			"error", err)
		return true, err
	case w.form.protocol == V2 && w.form.auto && !w.form.confirmed && cannotRead(status):
		w.form.protocol = V1
		return true, err
	}
	return false, err
}

// isPage reports whether an answer is a web page. Version 1.0 has no answer that a receiver could
// be known by, and proxies show a page for a login with status 200.
func isPage(answer http.Header) bool {
	return strings.HasPrefix(strings.ToLower(answer.Get("Content-Type")), "text/html")
}

// The headers in which a receiver of remote write 2.0 says what it has written.
const (
	samplesWritten    = "X-Prometheus-Remote-Write-Samples-Written"
	histogramsWritten = "X-Prometheus-Remote-Write-Histograms-Written"
	exemplarsWritten  = "X-Prometheus-Remote-Write-Exemplars-Written"
)

// confirm looks at the answer to a request of version 2.0. A receiver of 1.0 does not know any
// field of such a request, and may answer that all is well. Exemplars do not count: a receiver that
// does not store them has read the request.
func (w *Writer) confirm(b *batch, answer http.Header) (again bool, err error) {
	samples, known := written(answer, samplesWritten)
	histograms, _ := written(answer, histogramsWritten)
	exemplars, _ := written(answer, exemplarsWritten)
	if known && samples == b.floats() && histograms == b.histograms {
		w.form.confirmed = true
		return false, nil
	}
	err = fmt.Errorf("%w: it says that %d samples, %d histograms and %d exemplars were written, of %d, %d and %d",
		ErrProtocol, samples, histograms, exemplars, b.floats(), b.histograms, len(b.exemplars))
	if !w.form.auto {
		return false, err
	}
	w.form.protocol = V1
	return true, err
}

// written returns a number of an answer.
func written(answer http.Header, name string) (n int, ok bool) {
	n, err := strconv.Atoi(answer.Get(name))
	return n, err == nil
}

// refusesNatives reports whether an answer says that the receiver does not take native histograms.
// Prometheus answers so for the whole request, unless it has been told to take them, and with a
// status of 500.
func refusesNatives(e *StatusError) bool {
	return strings.Contains(strings.ToLower(e.Body), "native histograms")
}

// mayChange reports whether the same request may succeed after this answer.
func mayChange(e *StatusError) bool { return send.Busy(e) && !refusesNatives(e) }

// cannotRead reports whether the receiver has answered that it cannot read the request. What it
// says about the sender, such as 401, says nothing about the version.
func cannotRead(e *StatusError) bool {
	switch e.Status {
	case http.StatusBadRequest, http.StatusNotAcceptable, http.StatusUnsupportedMediaType:
		return true
	}
	return false
}
