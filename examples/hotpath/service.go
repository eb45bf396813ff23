// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export"
)

// drainTimeout is how long the requests under way may take when the service stops.
const drainTimeout = 5 * time.Second

// service is the API and its metrics on one port.
type service struct {
	metrics *metrics
	routes  []string // the values of the label route
	server  *http.Server
}

func newService() *service {
	// A registry of its own lets a program, or a test, run two services. With engine.Default() there would be one.
	reg := engine.NewRegistry()
	s := &service{metrics: newMetrics(reg), routes: []string{unmatched}}
	a := &api{store: newStore(), orders: &orders{}}
	exposeStore(reg, a.store)

	routes := http.NewServeMux()
	for pattern, handler := range a.routes() {
		routes.HandleFunc(pattern, handler)
		s.routes = append(s.routes, routeOf(pattern))
	}
	slices.Sort(s.routes)
	s.routes = slices.Compact(s.routes)
	// Series begin at 0, not at the first request: otherwise Prometheus cannot tell a first request from a service that
	// it has only now begun to scrape, and rate() misses it.
	for _, route := range s.routes {
		s.metrics.latency.With(route)
		s.metrics.responseBytes.With(route)
	}

	// The metrics are not among the requests that they count.
	mux := http.NewServeMux()
	mux.Handle("/metrics", export.Handler(reg))
	mux.Handle("/", s.metrics.instrument(routes))
	s.server = &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      15 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
	return s
}

// serve serves until ctx is done, and then lets the requests under way finish.
func (s *service) serve(ctx context.Context, listener net.Listener) error {
	served := make(chan error, 1)
	go func() { served <- s.server.Serve(listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("the server stopped by itself: %w", err)
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	err := s.server.Shutdown(drain)
	if err != nil {
		err = errors.Join(fmt.Errorf("requests were cut off after %v: %w", drainTimeout, err), s.server.Close())
	}
	<-served // http.ErrServerClosed
	return err
}

// url is where a client on this machine reaches the listener.
func url(listener net.Listener) string {
	address := listener.Addr().(*net.TCPAddr)
	host := address.IP.String()
	if address.IP.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, fmt.Sprint(address.Port))
}
