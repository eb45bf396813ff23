// SPDX-License-Identifier: Apache-2.0

// Package run starts and stops the example programs. It parses the flag -addr, serves the metrics,
// and shuts the server down on Ctrl-C. Example simpleservice does the same in its own code.
package run

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export"
)

// Work serves the metrics of reg and calls work with a context that ends on Ctrl-C. The program
// ends after work has returned.
func Work(reg *engine.Registry, work func(ctx context.Context)) {
	program(func(ctx context.Context, addr string) error {
		service := export.NewService(reg)
		if err := service.Start(addr); err != nil {
			return err
		}
		fmt.Println("Serving metrics on:", service.MetricsURL())
		work(ctx)
		return shutdown(service.Shutdown)
	})
}

// Server serves handler, which has a route /metrics, until Ctrl-C.
func Server(handler http.Handler) {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	Serve(func(l net.Listener) error {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	}, server.Shutdown)
}

// Serve calls serve, which returns after stop has been called, and stop on Ctrl-C. It is for
// servers other than that of net/http.
func Serve(serve func(net.Listener) error, stop func(context.Context) error) {
	program(func(ctx context.Context, addr string) error {
		listener, err := net.Listen("tcp", addr)
		if err != nil {
			return err
		}
		fmt.Printf("Serving metrics on: http://%s/metrics\n", listener.Addr())
		stopped := make(chan error, 1)
		context.AfterFunc(ctx, func() { stopped <- shutdown(stop) })
		if err := serve(listener); err != nil {
			return err
		}
		return <-stopped
	})
}

// program parses the flags and calls run with a context that ends on Ctrl-C.
func program(run func(ctx context.Context, addr string) error) {
	addr := flag.String("addr", "127.0.0.1:8000", "`address` to serve on; with port 0 the system chooses one")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *addr)
	stop()
	if err != nil {
		log.Fatal(err)
	}
}

// shutdown gives a scrape that is in progress five seconds to end.
func shutdown(stop func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return stop(ctx)
}

// Pause waits for d, or until ctx ends. It reports whether the program goes on.
func Pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}
