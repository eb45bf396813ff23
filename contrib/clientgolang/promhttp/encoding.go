// SPDX-License-Identifier: Apache-2.0

package promhttp

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"

	client "github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"

	"github.com/quipu-metrics/quipu/contrib/clientgolang/internal/page"
	"github.com/quipu-metrics/quipu/contrib/clientgolang/prometheus"
	"github.com/quipu-metrics/quipu/internal/pagezip"
)

// offered returns the names of the encodings that a handler offers.
func offered(chosen []Compression) (names []string) {
	if len(chosen) == 0 {
		chosen = known()
	}
	for _, c := range chosen {
		names = append(names, string(c))
	}
	return names
}

// known returns the encodings that client_golang offers.
func known() []Compression {
	if zstdIsKnown() {
		return []Compression{Identity, Gzip, Zstd}
	}
	return []Compression{Identity, Gzip}
}

// zstdIsKnown reports whether client_golang has zstd, which depends on an import of the program.
// Only a handler of client_golang can tell.
var zstdIsKnown = sync.OnceValue(func() bool {
	none := prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) { return nil, nil })
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Accept-Encoding", "zstd")
	client.HandlerFor(none, HandlerOpts{OfferedCompressions: []Compression{Zstd}}).ServeHTTP(w, r)
	return w.Header().Get("Content-Encoding") == string(Zstd)
})

// writeTheirs has client_golang write a page that is compressed by zstd.
func (h *handler) writeTheirs(w http.ResponseWriter, r *http.Request, families []page.Family) {
	messages := prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) { return page.Messages(families), nil })
	opts := h.opts
	opts.Registry, opts.MaxRequestsInFlight, opts.Timeout, opts.CoalesceGather = nil, 0, 0, false
	client.HandlerFor(messages, opts).ServeHTTP(w, r)
}

func unknownEncoding(name string) error {
	return fmt.Errorf("content compression format not recognized: %s. Valid formats are: %s", name, known())
}

// encoding returns the encoding of a response: of those that are offered, the one that the client
// likes best, and among equal ones the first. Without a header it is identity. It is empty if the
// client likes none.
func (h *handler) encoding(r *http.Request) string {
	if len(h.encodings) == 0 {
		return string(Identity)
	}
	best, weight := string(Identity), -1.0
	liked := preferences(r.Header["Accept-Encoding"])
	for _, offer := range h.encodings {
		for _, p := range liked {
			if p.weight > weight && (p.name == "*" || p.name == offer) {
				best, weight = offer, p.weight
			}
		}
	}
	if weight == 0 {
		return ""
	}
	return best
}

// preference is an element of Accept-Encoding.
type preference struct {
	name   string
	weight float64
}

// preferences reads Accept-Encoding. An element that is wrong ends the line that it stands in.
func preferences(lines []string) (list []preference) {
	for _, line := range lines {
		for i, element := range strings.Split(line, ",") {
			if i > 0 {
				element = strings.TrimLeft(element, " \t")
			}
			name, parameter, weighted := strings.Cut(element, ";")
			p := preference{strings.TrimRight(name, " \t"), 1}
			if p.name == "" || strings.ContainsAny(p.name, " \t\"()<>@:\\[]?={}") {
				break
			}
			if weighted {
				q, ok := strings.CutPrefix(strings.Trim(parameter, " \t"), "q=")
				w, err := strconv.ParseFloat(q, 64)
				if !ok || err != nil || w < 0 || w >= 2 {
					break
				}
				p.weight = w
			}
			list = append(list, p)
		}
	}
	return list
}

// compressor compresses pages by gzip.
type compressor struct{ *pagezip.Writer }

var compressors = sync.Pool{New: func() any { return &compressor{pagezip.NewWriter(nil)} }}

// compressorTo returns a compressor that writes to w.
func compressorTo(w io.Writer) *compressor {
	z := compressors.Get().(*compressor)
	z.Reset(w)
	return z
}

// finish ends the page. An error of the writer behind has been reported by a write, or the client
// has gone.
func (z *compressor) finish() {
	_ = z.Close()
	z.Reset(nil)
	compressors.Put(z)
}
