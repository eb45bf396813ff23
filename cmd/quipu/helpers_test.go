// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/quipu-metrics/quipu/internal/testkit"
)

// result holds the output and the error of a run of the program.
type result struct {
	out, errors string
	err         error
}

// runWith runs the program with some input and without a terminal.
func runWith(ctx context.Context, in string, args ...string) result {
	var out, errors testkit.Output
	p := &program{ctx: ctx, in: strings.NewReader(in), out: &out, errors: &errors}
	err := p.run(args)
	return result{out.String(), errors.String(), err}
}

const shopPage = `# HELP orders_total Orders.
# TYPE orders_total counter
orders_total{state="paid"} 3
# HELP wait_seconds Waits.
# TYPE wait_seconds histogram
wait_seconds_bucket{le="0.1"} 2
wait_seconds_bucket{le="1"} 4
wait_seconds_bucket{le="+Inf"} 4
wait_seconds_sum 1.5
wait_seconds_count 4
# HELP quipu_dropped_updates_total Dropped.
# TYPE quipu_dropped_updates_total counter
quipu_dropped_updates_total{reason="nan"} 2
`

// pageServer serves a page whose counter grows by 10 and whose gauge by 1 with each request.
func pageServer(t *testing.T) (url string, requests *atomic.Int64) {
	requests = new(atomic.Int64)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := requests.Add(1)
		fmt.Fprintf(w, "# TYPE a_total counter\na_total{k=\"x\"} %d\n", 10*n)
		fmt.Fprintf(w, "# TYPE b gauge\nb{k=\"\x1b[2J\"} %d\n", n)
	}))
	t.Cleanup(s.Close)
	return s.URL + "/metrics", requests
}
