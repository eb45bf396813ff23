// SPDX-License-Identifier: Apache-2.0

package export

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/quipu-metrics/quipu/engine"
)

// What a connection to a Service may take. The metrics page itself is bounded by WithWriteTimeout and WithScrapeTimeout.
const (
	headerTimeout  = 5 * time.Second // a request line and a few headers
	requestTimeout = 10 * time.Second
	answerTimeout  = 10 * time.Second
	idleTimeout    = 3 * time.Minute // longer than the usual scrape intervals, so that a scraper keeps its connection
	maxHeaderBytes = 64 << 10        // room for a filter of maxNames names
	maxStreams     = 32              // of one HTTP/2 connection; a scraper needs one
)

// ErrStarted is returned by Start of a Service that is serving or still shutting down.
var ErrStarted = errors.New("quipu: the service is already started")

// Service is an HTTP server for metrics alone, for programs that have no server of their own or do not want to show
// metrics on it. It answers
//
//	/metrics     the metrics, as Handler does (another path with WithPath)
//	/            a small page with a link to them; cheap enough for a health check
//	/healthz     "ok"
//	/robots.txt  keeps crawlers out
//
// and nothing else. Its methods may be called concurrently. After Shutdown it may be started again.
type Service struct {
	handler http.Handler
	path    string
	tls     *tls.Config

	mu  sync.Mutex
	run *serviceRun // nil when stopped
}

// serviceRun is one start of a Service.
type serviceRun struct {
	server *http.Server
	base   string
	done   chan struct{} // closed when the accept loop has ended
	err    error         // why, if not for Shutdown; read after done
}

// ServiceOption configures a [Service]. Every [Option] is one too.
type ServiceOption interface{ applyTo(*serviceConfig) }

type serviceConfig struct {
	path    string
	tls     *tls.Config
	handler []Option
}

type serviceOption func(*serviceConfig)

func (o serviceOption) applyTo(c *serviceConfig) { o(c) }

func isNilOption(o ServiceOption) bool {
	switch o := o.(type) {
	case Option:
		return o == nil
	case serviceOption:
		return o == nil
	}
	return o == nil
}

func (o Option) applyTo(c *serviceConfig) { c.handler = append(c.handler, o) }

// WithPath sets the path of the metrics, "/metrics" by default. It panics on a path that does not begin with a slash, that
// a URL would have to escape, or that the service answers itself.
func WithPath(path string) ServiceOption {
	switch {
	case !strings.HasPrefix(path, "/"), (&url.URL{Path: path}).EscapedPath() != path:
		panic(fmt.Sprintf("quipu: WithPath(%q): want a plain absolute path such as /metrics", path))
	case path == rootPath, path == healthPath, path == robotsPath:
		panic(fmt.Sprintf("quipu: WithPath(%q): the service has a page of its own there", path))
	}
	return serviceOption(func(c *serviceConfig) { c.path = path })
}

// WithTLS serves HTTPS (HTTP/1.1 and HTTP/2) with the given configuration, which must have a certificate, GetCertificate
// or GetConfigForClient; Start says so if it has none. The configuration is cloned. It panics on nil.
func WithTLS(config *tls.Config) ServiceOption {
	if config == nil {
		panic("quipu: WithTLS(nil): leave the option out to serve plain HTTP")
	}
	return serviceOption(func(c *serviceConfig) { c.tls = config.Clone() })
}

// NewService makes a service for the registry; nothing runs before Start. It panics if reg is nil.
func NewService(reg *engine.Registry, opts ...ServiceOption) *Service {
	if reg == nil {
		panic("quipu: NewService needs a registry: pass engine.Default() or one of your own")
	}
	config := serviceConfig{path: "/metrics"}
	for i, opt := range opts {
		if isNilOption(opt) {
			panic(fmt.Sprintf("quipu: NewService: option %d of %d is nil", i+1, len(opts)))
		}
		opt.applyTo(&config)
	}
	pages := servicePages{metrics: Handler(reg, config.handler...), path: config.path}
	return &Service{handler: pages, path: config.path, tls: config.tls}
}

// Start listens on addr and serves in one goroutine until Shutdown. addr is host:port, :port or just a port; without a
// host all interfaces are meant, and with port 0 the system chooses (see MetricsURL). It returns once the port is bound.
// After an error, a taken port for instance, the service is as it was and may be started again; a service that is
// started already returns ErrStarted, also one that has stopped by itself, until Shutdown has told why.
func (s *Service) Start(addr string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.run != nil {
		return ErrStarted
	}
	if s.tls != nil && len(s.tls.Certificates) == 0 && s.tls.GetCertificate == nil && s.tls.GetConfigForClient == nil {
		return errors.New("quipu: the service has a TLS configuration without a certificate")
	}
	if !strings.Contains(addr, ":") {
		if _, err := net.LookupPort("tcp", addr); err != nil && strings.Trim(addr, "0123456789") != "" {
			return fmt.Errorf("quipu: the metrics service cannot listen on %q: it has no port: write %q or %q",
				addr, net.JoinHostPort(addr, "9100"), ":9100")
		}
		addr = ":" + addr
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("quipu: the metrics service cannot listen on %q: %w", addr, err)
	}
	run := &serviceRun{
		base:   baseURL(addr, listener.Addr(), s.tls != nil),
		done:   make(chan struct{}),
		server: newServer(s.handler),
	}
	run.server.TLSConfig = s.tls
	s.run = run
	go run.serve(listener) // ends with Shutdown, which waits for it
	return nil
}

func newServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       requestTimeout,
		WriteTimeout:      answerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		// A connection that is itself blocked takes no resets of its streams, so their deadlines do not end their writes.
		HTTP2: &http.HTTP2Config{WriteByteTimeout: answerTimeout, MaxConcurrentStreams: maxStreams},
	}
}

func (r *serviceRun) serve(listener net.Listener) {
	defer close(r.done)
	defer listener.Close() // ServeTLS leaves it open when it fails early
	var err error
	if r.server.TLSConfig != nil {
		err = r.server.ServeTLS(listener, "", "")
	} else {
		err = r.server.Serve(listener)
	}
	if !errors.Is(err, http.ErrServerClosed) {
		r.err = fmt.Errorf("quipu: the metrics service stopped by itself: %w", err)
		slog.Error("quipu: the metrics service stopped by itself", "url", r.base, "error", err)
	}
}

// Shutdown stops listening, lets the scrapes at work finish, and returns when everything has ended. When ctx is done
// first it closes the connections that are left and returns the context's error. It also returns the error of a
// service that had stopped by itself. A service that is not started is fine.
func (s *Service) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	run := s.run
	s.mu.Unlock()
	if run == nil {
		return nil
	}
	err := run.server.Shutdown(ctx)
	if err != nil {
		run.server.Close() // its error is about sockets that are gone
	}
	<-run.done // Serve returns as soon as its listener is closed
	s.mu.Lock()
	if s.run == run {
		s.run = nil
	}
	s.mu.Unlock()
	return errors.Join(err, run.err)
}

// BaseURL is scheme, host and port that the service can be reached at from this machine, such as
// "http://127.0.0.1:8000", with the port that was really bound and a loopback host where all interfaces were asked for.
// It is empty while the service is not started.
func (s *Service) BaseURL() string { return s.url("") }

// RootURL is the URL of the small page, "http://127.0.0.1:8000/". It is empty while the service is not started.
func (s *Service) RootURL() string { return s.url(rootPath) }

// MetricsURL is the URL of the metrics, "http://127.0.0.1:8000/metrics". It is empty while the service is not started.
func (s *Service) MetricsURL() string { return s.url(s.path) }

func (s *Service) url(path string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.run == nil {
		return ""
	}
	return s.run.base + path
}

// baseURL keeps the host that was asked for, because that is the name a certificate has, unless it means all
// interfaces. The port is the one that was bound.
func baseURL(asked string, bound net.Addr, secure bool) string {
	host, _, err := net.SplitHostPort(asked)
	if err != nil {
		host = "" // net.Listen took it, so there is no host in it
	}
	_, port, _ := net.SplitHostPort(bound.String())
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		if ip == nil || ip.To4() != nil {
			host = "127.0.0.1"
		} else {
			host = "::1"
		}
	}
	u := url.URL{Scheme: "http", Host: net.JoinHostPort(host, port)}
	if secure {
		u.Scheme = "https"
	}
	return u.String()
}
