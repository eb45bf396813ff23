// SPDX-License-Identifier: Apache-2.0

package live_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export/live"
)

func ExampleHandler() {
	reg := engine.NewRegistry()
	mux := http.NewServeMux()
	mux.Handle("/debug/metrics/", live.Handler(reg,
		live.WithInterval(2*time.Second),
		live.WithHistory(10*time.Minute),
		live.WithWatchers(4),
		live.WithTraceURL("https://traces.example/trace/{trace_id}"),
	))
	server := httptest.NewServer(mux)
	defer server.Close()

	resp, err := http.Get(server.URL + "/debug/metrics/")
	if err != nil {
		panic(err)
	}
	defer resp.Body.Close()
	fmt.Println(resp.Status, resp.Header.Get("Content-Type"))
	// Output: 200 OK text/html; charset=utf-8
}

func ExampleWithRemote() {
	// Everybody who knows the password sees the metrics, on whatever machine.
	page := live.Handler(engine.NewRegistry(), live.WithRemote(true))
	protected := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password != "correct horse" {
			w.Header().Set("WWW-Authenticate", "Basic")
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		page.ServeHTTP(w, r)
	})
	w := httptest.NewRecorder()
	protected.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	fmt.Println(w.Code)
	// Output: 401
}
