// SPDX-License-Identifier: Apache-2.0

package otlp_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export/otlp"
)

// A receiver of OTLP, in the place of a collector. It answers with a status and a body.
func receiver(status int, body string) *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
		fmt.Println(r.Method, r.URL.Path, r.Header.Get("Content-Type"),
			cmp.Or(r.Header.Get("Content-Encoding"), "plain"))
	}))
}

func ExampleExporter() {
	s := receiver(http.StatusOK, "")
	defer s.Close()

	reg := engine.NewRegistry()
	engine.Must(reg.NewCounter("orders_total", "Orders.")).Inc()
	e, err := otlp.New(s.URL, otlp.WithRegistry(reg),
		otlp.WithResource(engine.Labels{"service.name": "shop", "service.instance.id": "shop-1"}))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(e.Send(context.Background()))

	// Output:
	// POST /v1/metrics application/x-protobuf gzip
	// <nil>
}

func ExampleExporter_Run() {
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer s.Close()
	e, err := otlp.New(s.URL, otlp.WithRegistry(engine.NewRegistry()),
		otlp.WithBasicAuth("me", "secret"),
		otlp.WithTimeout(10*time.Second),
		otlp.WithLogger(slog.New(slog.DiscardHandler)),
		otlp.WithClient(&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithCancel(context.Background()) // in a service, signal.NotifyContext
	ended := make(chan error)
	go func() { ended <- e.Run(ctx, 15*time.Second) }()
	stop()
	fmt.Println(<-ended)

	// Output: <nil>
}

func ExampleStatusError() {
	s := receiver(http.StatusBadRequest, "out of order")
	defer s.Close()
	e, err := otlp.New(s.URL+"/api/v1/otlp/v1/metrics", otlp.WithoutCompression())
	if err != nil {
		fmt.Println(err)
		return
	}
	err = e.Send(context.Background())
	var status *otlp.StatusError
	if errors.As(err, &status) {
		fmt.Println(status.Status, status.Body, status.RetryAfter)
	}

	// Output:
	// POST /api/v1/otlp/v1/metrics application/x-protobuf plain
	// 400 out of order 0s
}

// A receiver that stores a part of a request says so in an answer of status 200.
func ExamplePartialError() {
	s := receiver(http.StatusOK, "\x0a\x0b\x08\x02\x12\x07too old")
	defer s.Close()
	reg := engine.NewRegistry()
	engine.Must(reg.NewGauge("level", "Level.")).Set(1)
	e, err := otlp.New(s.URL, otlp.WithRegistry(reg))
	if err != nil {
		fmt.Println(err)
		return
	}
	var partial *otlp.PartialError
	if errors.As(e.Send(context.Background()), &partial) {
		fmt.Println(partial.Rejected, partial.Message)
	}

	// Output:
	// POST /v1/metrics application/x-protobuf gzip
	// 2 too old
}

// The page of a proxy is no answer of a receiver, whatever its status.
func ExampleNew_answer() {
	s := receiver(http.StatusOK, "<html>Please log in.</html>")
	defer s.Close()
	e, err := otlp.New(s.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(errors.Is(e.Send(context.Background()), otlp.ErrAnswer))

	// Output:
	// POST /v1/metrics application/x-protobuf gzip
	// true
}

// A receiver of delta temporality gets what was counted since the last request.
func ExampleWithDelta() {
	s := receiver(http.StatusOK, "")
	defer s.Close()
	e, err := otlp.New(s.URL, otlp.WithDelta())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(e.Send(context.Background()))

	// Output:
	// POST /v1/metrics application/x-protobuf gzip
	// <nil>
}

func ExampleOption() {
	_, err := otlp.New("http://collector:4318", otlp.WithHeader("a b", "c"))
	fmt.Println(err)

	// Output: quipu: otlp: WithHeader("a b"): not a header name
}
