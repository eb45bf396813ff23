// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"

	"github.com/klauspost/compress/snappy"
	"google.golang.org/protobuf/encoding/protowire"
)

// The paths at which a [Receiver] takes requests.
const (
	writePath = "/api/v1/write"
	otlpPath  = "/v1/metrics"
)

// Receiver reads requests of remote write and OTLP to their end, and answers that all was stored.
// It looks into those of remote write 2.0, because the answer has to say how many samples were
// written, and into the others only if it is asked to count.
type Receiver struct {
	*httptest.Server

	mu    sync.Mutex
	count bool
	got   Received
}

// Received counts what came to a [Receiver].
type Received struct {
	Requests, Bytes int64
	Values          int64 // samples, or data points of OTLP; 0 if they were not counted
	Wrong           int64 // requests that could not be read
}

// NewReceiver starts a receiver on this machine.
func NewReceiver() *Receiver {
	r := new(Receiver)
	r.Server = httptest.NewServer(r)
	return r
}

// Take returns what was received since the last call. Values are counted from now on if count is
// set.
func (r *Receiver) Take(count bool) Received {
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.got
	r.got, r.count = Received{}, count
	return got
}

// ServeHTTP answers a request.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	r.mu.Lock()
	counting := r.count
	r.mu.Unlock()
	two := request.Header.Get("X-Prometheus-Remote-Write-Version") == "2.0.0"
	values := 0
	if err == nil && (counting || two) {
		values, err = valuesOf(request, body, two)
	}
	r.mu.Lock()
	r.got.Requests++
	r.got.Bytes += int64(len(body))
	if counting {
		r.got.Values += int64(values)
	}
	if err != nil {
		r.got.Wrong++
	}
	r.mu.Unlock()
	switch {
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadRequest)
	case request.URL.Path == otlpPath:
		w.Header().Set("Content-Type", "application/x-protobuf")
	default:
		w.Header().Set("X-Prometheus-Remote-Write-Samples-Written", strconv.Itoa(values))
		w.Header().Set("X-Prometheus-Remote-Write-Histograms-Written", "0")
		w.Header().Set("X-Prometheus-Remote-Write-Exemplars-Written", "0")
		w.WriteHeader(http.StatusNoContent)
	}
}

// valuesOf counts the samples or data points of a request. None of those here have native
// histograms or exemplars.
func valuesOf(request *http.Request, body []byte, two bool) (int, error) {
	body, err := decompressed(request.Header.Get("Content-Encoding"), body)
	switch {
	case err != nil:
		return 0, err
	case two:
		return fields(body, 5, 2), nil
	case request.URL.Path == writePath:
		return fields(body, 1, 2), nil
	}
	const resourceMetrics, scopeMetrics, metrics, sum, histogram, gauge, points = 1, 2, 2, 7, 9, 5, 1
	n := 0
	for _, data := range []protowire.Number{sum, histogram, gauge} {
		n += fields(body, resourceMetrics, scopeMetrics, metrics, data, points)
	}
	return n, nil
}

func decompressed(encoding string, body []byte) ([]byte, error) {
	switch encoding {
	case "snappy":
		return snappy.Decode(nil, body)
	case "gzip":
		r, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		return io.ReadAll(r)
	}
	return body, nil
}

// fields returns how many fields there are at the end of a path of messages within a message. What
// is not a message has none.
func fields(message []byte, path ...protowire.Number) int {
	n := 0
	for len(message) > 0 {
		number, typ, size := protowire.ConsumeTag(message)
		if size < 0 {
			return n
		}
		message = message[size:]
		size = protowire.ConsumeFieldValue(number, typ, message)
		if size < 0 {
			return n
		}
		if number == path[0] && typ == protowire.BytesType {
			if len(path) == 1 {
				n++
			} else {
				inner, _ := protowire.ConsumeBytes(message)
				n += fields(inner, path[1:]...)
			}
		}
		message = message[size:]
	}
	return n
}
