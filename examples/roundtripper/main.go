// SPDX-License-Identifier: Apache-2.0

// Roundtripper measures the requests that a program sends, with a transport that wraps the
// transport of its http.Client.
//
//	$ go run ./examples/roundtripper
//	Serving metrics on: http://127.0.0.1:8000/metrics
//
//	$ curl -s http://127.0.0.1:8000/metrics | grep '^http_client_requests_total'
//	http_client_requests_total{method="GET",host="127.0.0.1:41207",code="200"} 93
//	http_client_requests_total{method="GET",host="127.0.0.1:41207",code="404"} 11
package main

import (
	"context"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"time"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/examples/internal/run"
	"github.com/quipu-metrics/quipu/export"
)

func main() {
	backend := httptest.NewServer(http.HandlerFunc(answer)) // stands for a service that the program uses
	defer backend.Close()
	address, err := url.Parse(backend.URL)
	if err != nil {
		log.Fatal(err)
	}

	// Only the hosts named here become values of the label host. All other hosts share one value.
	reg := engine.NewRegistry()
	client := &http.Client{
		Transport: export.RoundTripper(nil, reg, export.WithHostLabel(address.Host)),
		Timeout:   time.Second,
	}
	run.Work(reg, func(ctx context.Context) {
		for run.Pause(ctx, rand.N(100*time.Millisecond)) {
			fetch(ctx, client, backend.URL)
		}
	})
}

// fetch sends one request. It needs no code for metrics.
func fetch(ctx context.Context, client *http.Client, url string) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		log.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		return // counted in http_client_errors_total
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body) // read to the end, so that the connection can be reused
}

// answer fails one request in ten.
func answer(w http.ResponseWriter, _ *http.Request) {
	if rand.N(10) == 0 {
		http.Error(w, "no such page", http.StatusNotFound)
	}
}
