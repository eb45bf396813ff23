// SPDX-License-Identifier: Apache-2.0

package promhttp_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	theirs "github.com/prometheus/client_golang/prometheus"
	their "github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/quipu-metrics/quipu/contrib/clientgolang/prometheus"
	"github.com/quipu-metrics/quipu/contrib/clientgolang/promhttp"
)

// discard is a response that nobody reads.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) WriteHeader(int)             {}
func (d discard) Write(p []byte) (int, error) { return len(p), nil }

// BenchmarkScrape serves pages of 100 000 counters with two labels. The pages of /churn each have a
// series more than the one before, so quipu sorts the series for each of them.
func BenchmarkScrape(b *testing.B) {
	size := 100_000
	if testing.Short() {
		size = 1_000
	}
	opts := prometheus.CounterOpts{Name: "requests_total", Help: "Requests."}
	names := []string{"path", "code"}
	ours, other := prometheus.NewCounterVec(opts, names), theirs.NewCounterVec(opts, names)
	reg, theirReg := prometheus.NewRegistry(), theirs.NewRegistry()
	reg.MustRegister(ours)
	theirReg.MustRegister(other)
	for i := range size {
		path := "/api/items/" + strconv.Itoa(i)
		ours.WithLabelValues(path, "200").Add(float64(i * 7919 % 100_000))
		other.WithLabelValues(path, "200").Add(float64(i * 7919 % 100_000))
	}
	for _, page := range []string{"identity", "gzip", "churn"} {
		for _, c := range []struct {
			name    string
			handler http.Handler
			vec     interface {
				WithLabelValues(...string) prometheus.Counter
			}
		}{
			{"quipu", promhttp.HandlerFor(reg, promhttp.HandlerOpts{}), ours},
			{"client_golang", their.HandlerFor(theirReg, their.HandlerOpts{}), other},
		} {
			b.Run(page+"/"+c.name, func(b *testing.B) {
				r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
				r.Header.Set("Accept-Encoding", page)
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					if page == "churn" {
						c.vec.WithLabelValues("/new/"+strconv.Itoa(i), "200").Inc()
					}
					c.handler.ServeHTTP(discard{http.Header{}}, r)
				}
			})
		}
	}
}
