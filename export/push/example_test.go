// SPDX-License-Identifier: Apache-2.0

package push_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export/push"
)

// newGateway replaces a Pushgateway and prints the requests that it gets.
func newGateway() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Method, r.URL.EscapedPath())
		body, _ := io.ReadAll(r.Body)
		fmt.Print(string(body))
	}))
}

func Example() {
	gateway := newGateway()
	defer gateway.Close()

	reg := engine.NewRegistry()
	requests, err := reg.NewCounterVec("requests_total", "Total requests.", []string{"url"})
	if err != nil {
		panic(err)
	}
	requests.With("/p/user").Inc()

	pusher, err := push.New(gateway.URL, "my-job", push.WithRegistry(reg), push.WithGrouping("instance", "127.0.0.1:1234"))
	if err != nil {
		panic(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := pusher.Replace(ctx); err != nil {
		panic(err)
	}
	// Output:
	// PUT /metrics/job/my-job/instance/127.0.0.1:1234
	// # HELP requests_total Total requests.
	// # TYPE requests_total counter
	// requests_total{url="/p/user"} 1
}

func ExamplePusher_Run() {
	gateway := newGateway()
	defer gateway.Close()

	reg := engine.NewRegistry()
	files, err := reg.NewCounter("files_total", "Files copied.")
	if err != nil {
		panic(err)
	}
	pusher, err := push.New(gateway.URL, "copy", push.WithRegistry(reg))
	if err != nil {
		panic(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	pushing := make(chan error)
	go func() { pushing <- pusher.Run(ctx, 15*time.Second) }()

	files.Add(3) // the work

	stop()                            // pushes once more,
	if err := <-pushing; err != nil { // for which the program waits
		fmt.Println("the last values have not arrived:", err)
	}
}

func ExampleStatusError() {
	gateway := httptest.NewServer(http.NotFoundHandler())
	defer gateway.Close()

	pusher, err := push.New(gateway.URL, "copy", push.WithRegistry(engine.NewRegistry()))
	if err != nil {
		panic(err)
	}
	var answer *push.StatusError
	if err := pusher.Add(context.Background()); errors.As(err, &answer) {
		fmt.Println(answer.Status, answer.Body)
	}
	// Output: 404 404 page not found
}

func ExampleWithPath() {
	imports := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Method, r.URL.Path, r.URL.Query()["extra_label"])
	}))
	defer imports.Close()

	pusher, err := push.New(imports.URL, "copy", push.WithRegistry(engine.NewRegistry()),
		push.WithGrouping("instance", "a"),
		push.WithPath("/api/v1/import/prometheus"))
	if err != nil {
		panic(err)
	}
	if err := pusher.Add(context.Background()); err != nil {
		panic(err)
	}
	// Output: POST /api/v1/import/prometheus [job=copy instance=a]
}
