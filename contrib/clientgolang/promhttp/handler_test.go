// SPDX-License-Identifier: Apache-2.0

package promhttp_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	theirs "github.com/prometheus/client_golang/prometheus"
	their "github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/quipu-metrics/quipu/contrib/clientgolang/prometheus"
	"github.com/quipu-metrics/quipu/contrib/clientgolang/promhttp"
)

// registries returns a registry of each library with the same metrics.
func registries(more ...prometheus.Collector) (ours *prometheus.Registry, other *theirs.Registry) {
	ours, other = prometheus.NewRegistry(), theirs.NewRegistry()
	opts := prometheus.CounterOpts{Name: "a_total", Help: "A.", ConstLabels: prometheus.Labels{"m": "1"}}
	c, tc := prometheus.NewCounterVec(opts, []string{"path"}), theirs.NewCounterVec(opts, []string{"path"})
	hist := prometheus.HistogramOpts{Name: "h_seconds", Help: "H."}
	h, th := prometheus.NewHistogram(hist), theirs.NewHistogram(hist)
	g, tg := prometheus.NewGauge(prometheus.GaugeOpts{Name: "g"}), theirs.NewGauge(prometheus.GaugeOpts{Name: "g"})
	ours.MustRegister(c, h, g)
	other.MustRegister(tc, th, tg)
	for _, path := range []string{"/b\"\n", "/a"} {
		c.WithLabelValues(path).Add(2)
		tc.WithLabelValues(path).Add(2)
	}
	for _, o := range []prometheus.Observer{h, th} {
		o.(prometheus.ExemplarObserver).ObserveWithExemplar(0.3, prometheus.Labels{"trace_id": "7"})
	}
	ours.MustRegister(more...)
	other.MustRegister(more...)
	return ours, other
}

// stamps are what differs between two runs: times.
var stamps = regexp.MustCompile(`(# \{[^}]*\} [0-9.]+) [0-9.e+]+|(?:nanos|seconds): *\d+`)

// body returns the body of a response in a form that can be compared.
func body(t *testing.T, w *httptest.ResponseRecorder) string {
	text := w.Body.Bytes()
	if w.Header().Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(bytes.NewReader(text))
		require.NoError(t, err)
		text, err = io.ReadAll(z)
		require.NoError(t, err)
	}
	if strings.Contains(w.Header().Get("Content-Type"), "delimited") {
		var all strings.Builder
		dec := expfmt.NewDecoder(bytes.NewReader(text), expfmt.NewFormat(expfmt.TypeProtoDelim))
		for {
			var f dto.MetricFamily
			if err := dec.Decode(&f); errors.Is(err, io.EOF) {
				break
			} else {
				require.NoError(t, err)
			}
			normalize(&f)
			all.Write(must(proto.MarshalOptions{Deterministic: true}.Marshal(&f)))
		}
		return all.String()
	}
	return strings.ReplaceAll(stamps.ReplaceAllString(string(text), "$1"), ".0\n", "\n") // OpenMetrics: 2.0 is 2
}

// normalize takes out what differs between two runs, and the bucket up to +Inf, which only quipu
// writes where it has no exemplar.
func normalize(f *dto.MetricFamily) {
	f.Help = new(f.GetHelp()) // no help is the same as an empty one
	for _, m := range f.Metric {
		if m.Counter != nil {
			m.Counter.CreatedTimestamp = nil
		}
		if h := m.Histogram; h != nil {
			h.CreatedTimestamp = nil
			var buckets []*dto.Bucket
			for _, b := range h.Bucket {
				if b.Exemplar != nil {
					b.Exemplar.Timestamp = nil
				}
				if b.GetUpperBound() < 1e300 {
					buckets = append(buckets, b)
				}
			}
			h.Bucket = buckets
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func serve(h http.Handler, query string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/metrics"+query, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// same compares the responses of both libraries to one request.
func same(t *testing.T, ours, other *httptest.ResponseRecorder) {
	require.Equal(t, other.Code, ours.Code)
	require.Equal(t, other.Header(), ours.Header())
	require.Equal(t, body(t, other), body(t, ours))
}

// failing is a collector that fails.
type failing struct{ desc *prometheus.Desc }

func (f failing) Describe(ch chan<- *prometheus.Desc) { ch <- f.desc }
func (f failing) Collect(ch chan<- prometheus.Metric) {
	ch <- prometheus.NewInvalidMetric(f.desc, errors.New("the disk is gone"))
}

func failed() prometheus.Collector {
	return failing{prometheus.NewDesc("failing", "F.", nil, nil)}
}

func TestResponsesAreThoseOfClientGolang(t *testing.T) {
	ours, other := registries(theirs.NewGaugeFunc(theirs.GaugeOpts{Name: "f"}, func() float64 { return 1 }))
	accepts := []string{
		"", "*/*", "text/plain", "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
		"application/openmetrics-text;version=1.0.0", "application/openmetrics-text;version=0.0.1,text/plain;q=0.5",
		"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
		"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text",
		"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8", "image/png", ";;,q=",
	}
	encodings := []string{"", "gzip", "gzip;q=0", "deflate", "gzip;q=0.5, identity", "*", "identity;q=0,gzip;q=1.0",
		"zstd", "br;q=1.0, gzip;q=0.8, *;q=0.1", "gzip;q=x", " gzip", "gzip ;q=0.3 , identity;q=0.2",
		"gzip;x=1, identity"}
	options := map[string]promhttp.HandlerOpts{
		"none":          {},
		"OpenMetrics":   {EnableOpenMetrics: true},
		"no encodings":  {DisableCompression: true},
		"gzip only":     {OfferedCompressions: []promhttp.Compression{promhttp.Gzip}},
		"zstd unknown":  {OfferedCompressions: []promhttp.Compression{promhttp.Zstd, promhttp.Gzip}},
		"process start": {ProcessStartTime: time.Unix(1234, 5)},
		"formats":       {AcceptedFormats: []expfmt.Format{expfmt.FmtText, expfmt.FmtProtoDelim}},
		"coalesced":     {CoalesceGather: true},
	}
	for name, opts := range options {
		h, th := promhttp.HandlerFor(ours, opts), their.HandlerFor(other, opts)
		for _, accept := range accepts {
			for _, encoding := range encodings {
				for _, query := range []string{"", "?name[]=g", "?name[]=a_total&name[]=none&x=1"} {
					t.Run(fmt.Sprint(name, accept, encoding, query), func(t *testing.T) {
						var header []string
						if accept != "" {
							header = append(header, "Accept", accept)
						}
						if encoding != "" {
							header = append(header, "Accept-Encoding", encoding)
						}
						same(t, serve(h, query, header...), serve(th, query, header...))
					})
				}
			}
		}
	}
}

func TestErrorsOfGatheringAreTreatedAsOptionsSay(t *testing.T) {
	for _, mode := range []promhttp.HandlerErrorHandling{
		promhttp.HTTPErrorOnError, promhttp.ContinueOnError, promhttp.PanicOnError,
	} {
		var logs [2]bytes.Buffer
		ours, other := registries(failed())
		counted, theirCounted := prometheus.NewRegistry(), theirs.NewRegistry()
		h := promhttp.HandlerFor(ours, promhttp.HandlerOpts{
			ErrorHandling: mode, ErrorLog: log.New(&logs[0], "", 0), Registry: counted,
		})
		th := their.HandlerFor(other, promhttp.HandlerOpts{
			ErrorHandling: mode, ErrorLog: log.New(&logs[1], "", 0), Registry: theirCounted,
		})
		if mode == promhttp.PanicOnError {
			require.PanicsWithError(t, panicOf(func() { serve(th, "") }), func() { serve(h, "") })
		} else {
			same(t, serve(h, ""), serve(th, ""))
		}
		require.Equal(t, logs[1].String(), logs[0].String())
		require.NotEmpty(t, logs[0].String())
		same(t, serve(promhttp.HandlerFor(counted, promhttp.HandlerOpts{}), ""),
			serve(their.HandlerFor(theirCounted, promhttp.HandlerOpts{}), ""))

		none, theirNone := prometheus.NewRegistry(), theirs.NewRegistry() // nothing to show but the error
		none.MustRegister(failed())
		theirNone.MustRegister(failed())
		if mode == promhttp.ContinueOnError {
			opts := promhttp.HandlerOpts{ErrorHandling: mode}
			same(t, serve(promhttp.HandlerFor(none, opts), ""), serve(their.HandlerFor(theirNone, opts), ""))
		}
	}
}

func panicOf(f func()) (text string) {
	defer func() { text = fmt.Sprint(recover()) }()
	f()
	return ""
}

// broken is a response that cannot be written.
type broken struct{ *httptest.ResponseRecorder }

func (broken) Write([]byte) (int, error) { return 0, errors.New("the client has gone") }

func TestErrorsOfWritingAreLoggedAndCounted(t *testing.T) {
	var logged bytes.Buffer
	ours, _ := registries()
	counted := prometheus.NewRegistry()
	h := promhttp.HandlerFor(ours, promhttp.HandlerOpts{ErrorLog: log.New(&logged, "", 0), Registry: counted})
	h.ServeHTTP(broken{httptest.NewRecorder()}, httptest.NewRequest(http.MethodGet, "/", nil))
	require.Equal(t, "error encoding and sending metric family: the client has gone\n", logged.String())
	require.Contains(t, serve(promhttp.HandlerFor(counted, promhttp.HandlerOpts{}), "").Body.String(),
		"promhttp_metric_handler_errors_total{cause=\"encoding\"} 1\n")
}

func TestHandlersShareACounterOfErrorsOfEitherLibrary(t *testing.T) {
	reg := theirs.NewRegistry()
	g := prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) { return nil, errors.New("no") })
	their.HandlerFor(g, their.HandlerOpts{Registry: reg}) // registers client_golang's Vec
	for range 2 {
		serve(promhttp.HandlerFor(g, promhttp.HandlerOpts{Registry: reg}), "")
	}
	require.Contains(t, serve(promhttp.HandlerFor(reg, promhttp.HandlerOpts{}), "").Body.String(),
		"promhttp_metric_handler_errors_total{cause=\"gathering\"} 2\n")
}

func TestRequestsBeyondTheLimitAreRefusedAndSlowOnesTimeOut(t *testing.T) {
	gathering, end := make(chan struct{}, 2), make(chan struct{})
	slow := prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) {
		gathering <- struct{}{}
		<-end
		return nil, nil
	})
	opts := promhttp.HandlerOpts{MaxRequestsInFlight: 1}
	h, th := promhttp.HandlerFor(slow, opts), their.HandlerFor(slow, opts)
	ended := make(chan struct{}, 2)
	for _, one := range []http.Handler{h, th} {
		go func() { serve(one, ""); ended <- struct{}{} }()
		<-gathering
	}
	same(t, serve(h, ""), serve(th, ""))
	close(end)
	<-ended
	<-ended

	forever := prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) { select {} })
	opts = promhttp.HandlerOpts{Timeout: 20 * time.Millisecond}
	same(t, serve(promhttp.HandlerFor(forever, opts), ""), serve(their.HandlerFor(forever, opts), ""))
}

// A library serves client_golang's page of its default registry, and the program serves ours.
func TestBothDefaultHandlersWorkInOneProgram(t *testing.T) {
	h, th := promhttp.Handler(), their.Handler()
	for range 2 {
		for _, one := range []http.Handler{h, th} {
			w := serve(one, "")
			require.Equal(t, http.StatusOK, w.Code, w.Body)
			for _, name := range []string{"promhttp_metric_handler_requests_total counter", "go_goroutines gauge"} {
				require.Equal(t, 1, strings.Count(w.Body.String(), "# TYPE "+name+"\n"))
			}
		}
	}
	require.Contains(t, serve(h, "").Body.String(), "promhttp_metric_handler_requests_total{code=\"200\"} 4\n")
}
