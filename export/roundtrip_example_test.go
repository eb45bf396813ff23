// SPDX-License-Identifier: Apache-2.0

package export_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export"
)

func ExampleRoundTripper() {
	mux := users()
	mux.Handle("/", http.RedirectHandler("/users/alice", http.StatusFound))
	server := httptest.NewServer(mux)
	defer server.Close()

	reg := engine.NewRegistry()
	client := &http.Client{Transport: export.RoundTripper(http.DefaultTransport, reg)}
	resp, err := client.Get(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	fmt.Print(string(body))
	showSeries(reg, "http_client_requests_total")
	// Output:
	// Hello, alice
	// http_client_requests_total{method="GET",code="302"} 1
	// http_client_requests_total{method="GET",code="200"} 1
}

// fakeTransport answers everything with one code.
type fakeTransport int

func (code fakeTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: int(code), Header: http.Header{}, Body: http.NoBody, Request: r}, nil
}

func ExampleRoundTripperOption() {
	fake := fakeTransport(http.StatusTooManyRequests)
	reg := engine.NewRegistry()
	client := &http.Client{Transport: export.RoundTripper(fake, reg, export.WithHostLabel("api.example.com"))}
	for _, url := range []string{"http://api.example.com/a", "http://api.example.com/b",
		"http://chosen-by-a-user.example/"} {
		resp, err := client.Get(url)
		if err != nil {
			fmt.Println(err)
			return
		}
		resp.Body.Close()
	}
	showSeries(reg, "http_client_requests_total")
	// Output:
	// http_client_requests_total{method="GET",host="api.example.com",code="429"} 2
	// http_client_requests_total{method="GET",host="other",code="429"} 1
}
