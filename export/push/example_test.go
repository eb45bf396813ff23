// SPDX-License-Identifier: Apache-2.0

package push_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
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

	pusher, err := push.New(gateway.URL, "my-job", push.WithRegistry(reg),
		push.WithGrouping("instance", "127.0.0.1:1234"))
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

// Names that are no identifiers are pushed with underscores. What becomes equal cannot arrive.
func ExampleWithRegistry_utf8Names() {
	gateway := newGateway()
	defer gateway.Close()

	reg := engine.NewRegistry(engine.WithUTF8Names(), engine.WithLogger(slog.New(slog.DiscardHandler)))
	engine.Must(reg.NewGauge("queue.length", "Jobs that wait.")).Set(3)
	engine.Must(reg.NewGauge("queue-length", "Another one.")).Set(4)
	pusher := engine.Must(push.New(gateway.URL, "my-job", push.WithRegistry(reg)))
	err := pusher.Replace(context.Background())
	fmt.Println(errors.Is(err, push.ErrEscaped))
	// Output:
	// PUT /metrics/job/my-job
	// # HELP queue_length Jobs that wait.
	// # TYPE queue_length gauge
	// queue_length 3
	// true
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
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "20")
		http.Error(w, "too many metrics", http.StatusTooManyRequests)
	}))
	defer gateway.Close()

	pusher, err := push.New(gateway.URL, "copy", push.WithRegistry(engine.NewRegistry()))
	if err != nil {
		panic(err)
	}
	var answer *push.StatusError
	if err := pusher.Add(context.Background()); errors.As(err, &answer) {
		fmt.Println(answer.Method, strings.TrimPrefix(answer.URL, gateway.URL))
		fmt.Println(answer.Status, answer.Body)
		fmt.Println("try again in", answer.RetryAfter)
		if answer.Location != "" {
			fmt.Println("the gateway has moved to", answer.Location)
		}
	}
	// Output:
	// POST /metrics/job/copy
	// 429 too many metrics
	// try again in 20s
}

// A metric must not have a label of the group: the gateway would overwrite it.
func ExampleErrLabel() {
	reg := engine.NewRegistry()
	files, err := reg.NewCounterVec("files_total", "Files copied.", []string{"instance"})
	if err != nil {
		panic(err)
	}
	files.With("a").Inc()
	pusher, err := push.New("http://127.0.0.1:9091", "copy", push.WithRegistry(reg), push.WithGrouping("instance", "b"))
	if err != nil {
		panic(err)
	}
	fmt.Println(errors.Is(pusher.Add(context.Background()), push.ErrLabel))
	// Output: true
}

func ExampleOption() {
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Method, r.URL.Path, r.Header.Get("X-Scope-OrgID"))
	}))
	defer gateway.Close()

	pusher, err := push.New(gateway.URL, "copy",
		push.WithRegistry(engine.NewRegistry()),
		push.WithHeader("X-Scope-OrgID", "shop"),
		push.WithTimeout(5*time.Second),
		push.WithLogger(slog.New(slog.DiscardHandler)), // for Run, which goes on after a failure
	)
	if err != nil {
		panic(err)
	}
	if err := pusher.Replace(context.Background()); err != nil {
		panic(err)
	}
	// Output: PUT /metrics/job/copy shop
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
