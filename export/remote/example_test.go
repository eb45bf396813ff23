// SPDX-License-Identifier: Apache-2.0

package remote_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export/remote"
)

// A receiver of remote write, in the place of Prometheus with --web.enable-remote-write-receiver.
func receiver(status int) *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if status != http.StatusNoContent {
			http.Error(w, "out of order", status)
			return
		}
		fmt.Println(r.Header.Get("Content-Encoding"), r.Header.Get("X-Prometheus-Remote-Write-Version"))
		w.WriteHeader(status)
	}))
}

func ExampleWriter() {
	s := receiver(http.StatusNoContent)
	defer s.Close()

	reg := engine.NewRegistry()
	engine.Must(reg.NewCounter("orders_total", "Orders.")).Inc()
	w, err := remote.New(s.URL+"/api/v1/write", remote.WithRegistry(reg), remote.WithProtocol(remote.V1),
		remote.WithLabels(engine.Labels{"job": "shop", "instance": "shop-1"}))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(w.Send(context.Background()))

	// Output:
	// snappy 0.1.0
	// <nil>
}

func ExampleStatusError() {
	s := receiver(http.StatusBadRequest)
	defer s.Close()
	w, err := remote.New(s.URL, remote.WithRegistry(engine.NewRegistry()), remote.WithProtocol(remote.V1))
	if err != nil {
		fmt.Println(err)
		return
	}
	err = w.Send(context.Background())
	var status *remote.StatusError
	if errors.As(err, &status) {
		fmt.Println(status.Status, status.Body, status.RetryAfter, status.URL == s.URL)
	}

	// Output: 400 out of order 0s true
}

// A receiver that must be of version 2.0 has to confirm what it has written.
func ExampleProtocol() {
	s := receiver(http.StatusNoContent)
	defer s.Close()
	reg := engine.NewRegistry()
	engine.Must(reg.NewGauge("level", "Level.")).Set(1)
	w, err := remote.New(s.URL, remote.WithRegistry(reg), remote.WithProtocol(remote.V2))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(errors.Is(w.Send(context.Background()), remote.ErrProtocol))
	fmt.Println(remote.Auto, remote.V1, remote.V2)

	// Output:
	// snappy 2.0.0
	// true
	// auto 1.0 2.0
}

func ExampleWriter_Run() {
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer s.Close()
	w, err := remote.New(s.URL, remote.WithRegistry(engine.NewRegistry()),
		remote.WithBasicAuth("me", "secret"),
		remote.WithTimeout(10*time.Second),
		remote.WithLogger(slog.New(slog.DiscardHandler)),
		remote.WithClient(&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithCancel(context.Background()) // in a service, signal.NotifyContext
	ended := make(chan error)
	go func() { ended <- w.Run(ctx, 15*time.Second) }()
	stop()
	fmt.Println(<-ended)

	// Output: <nil>
}

// VictoriaMetrics also reads zstd; this function stands for a compressor of it.
func ExampleWithCompressor() {
	compress := func(dst, text []byte) []byte { return append(dst, text...) }
	s := receiver(http.StatusNoContent)
	defer s.Close()
	reg := engine.NewRegistry()
	engine.Must(reg.NewGauge("level", "Level.")).Set(1)
	w, err := remote.New(s.URL, remote.WithRegistry(reg), remote.WithProtocol(remote.V1),
		remote.WithCompressor("zstd", compress))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(w.Send(context.Background()))

	// Output:
	// zstd 0.1.0
	// <nil>
}

func ExampleOption() {
	_, err := remote.New("http://prometheus:9090/api/v1/write", remote.WithHeader("Content-Type", "text/plain"))
	fmt.Println(err)

	// Output: quipu: remote: WithHeader("Content-Type"): each request sets it
}
