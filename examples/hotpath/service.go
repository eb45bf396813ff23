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
	"github.com/quipu-metrics/quipu/export/live"
)

// drainTimeout is how long requests in progress may take when the service stops.
const drainTimeout = 5 * time.Second

// service serves the API and its metrics on one port.
type service struct {
	registry *engine.Registry
	metrics  *metrics
	routes   []string // the values of the label route
	server   *http.Server
}

func newService() *service {
	// Each service has its own registry, so a program or a test can run two of them.
	reg := engine.NewRegistry()
	s := &service{registry: reg, metrics: newMetrics(reg), routes: []string{unmatched}}
	a := &api{store: newStore(), orders: &orders{}}
	exposeStore(reg, a.store)

	routes := http.NewServeMux()
	for pattern, handler := range a.routes() {
		routes.HandleFunc(pattern, handler)
		s.routes = append(s.routes, routeOf(pattern))
	}
	slices.Sort(s.routes)
	s.routes = slices.Compact(s.routes)
	// Series begin at 0, not with the first request. If a series began at 1, rate() would not count
	// the first request.
	for _, route := range s.routes {
		s.metrics.latency.With(route)
		s.metrics.responseBytes.With(route)
	}

	// Requests for /metrics are not counted.
	mux := http.NewServeMux()
	mux.Handle("/metrics", export.Handler(reg))
	mux.Handle("/live/", live.Handler(reg))
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

// serve serves until ctx is done, and then lets requests in progress finish.
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

// url returns the URL under which a client on this machine reaches the listener.
func url(listener net.Listener) string {
	address := listener.Addr().(*net.TCPAddr)
	host := address.IP.String()
	if address.IP.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, fmt.Sprint(address.Port))
}
