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

// Bounds on the connections to a Service. WithWriteTimeout and WithScrapeTimeout bound the metrics
// page itself.
const (
	headerTimeout  = 5 * time.Second // a request line and a few headers
	requestTimeout = 10 * time.Second
	answerTimeout  = 10 * time.Second
	idleTimeout    = 3 * time.Minute // longer than the usual scrape intervals, so that a scraper keeps its connection
	maxHeaderBytes = 64 << 10        // room for a filter of maxNames names
	maxStreams     = 32              // of one HTTP/2 connection; a scraper needs one
)

// ErrStarted is the error of [Service.Start] if the service is started already, or still shutting
// down.
var ErrStarted = errors.New("quipu: the service is already started")

// Service is an HTTP server for metrics alone, for programs that have no server, or that do not
// want to show metrics on it. It answers
//
//	/metrics     the metrics, as Handler does (another path with WithPath)
//	/            a small page with a link to them; cheap enough for a health check
//	/healthz     "ok"
//	/robots.txt  keeps crawlers out
//
// and nothing else. Its methods may be called concurrently. A service that was shut down may be
// started again.
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
	err    error         // the reason, unless it was Shutdown; read after done
}

// ServiceOption configures a [Service]. Every [Option] is a ServiceOption too.
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

// WithPath sets the path of the metrics. The default is "/metrics". WithPath panics if the path
// does not begin with a slash, if a URL would have to escape it, or if it is one of the other paths
// of a Service.
func WithPath(path string) ServiceOption {
	switch {
	case !strings.HasPrefix(path, "/"), (&url.URL{Path: path}).EscapedPath() != path:
		panic(fmt.Sprintf("quipu: WithPath(%q): want a plain absolute path such as /metrics", path))
	case path == rootPath, path == healthPath, path == robotsPath:
		panic(fmt.Sprintf("quipu: WithPath(%q): the service has a page of its own there", path))
	}
	return serviceOption(func(c *serviceConfig) { c.path = path })
}

// WithTLS makes the service use HTTPS (HTTP/1.1 and HTTP/2) with a copy of the given configuration.
// [Service.Start] returns an error if the configuration has neither a certificate nor
// GetCertificate nor GetConfigForClient. WithTLS panics if config is nil.
func WithTLS(config *tls.Config) ServiceOption {
	if config == nil {
		panic("quipu: WithTLS(nil): leave the option out to serve plain HTTP")
	}
	return serviceOption(func(c *serviceConfig) { c.tls = config.Clone() })
}

// NewService returns a service that shows the metrics of reg. Nothing runs before [Service.Start].
// NewService panics if reg or an option is nil.
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

// Start listens on addr and serves in one goroutine until [Service.Shutdown]. It returns once the
// port is bound. addr is host:port, :port or only a port. Without a host, the service listens on
// all interfaces. With port 0, the system chooses a port (see [Service.MetricsURL]).
//
// If Start returns an error, because the port is taken for instance, the service is not started,
// and Start may be called again. A service that is started already returns [ErrStarted]. So does a
// service that has stopped because of an error, until Shutdown has returned that error.
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
	go run.serve(listener) // ended by Shutdown, which waits for it
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
		// The deadline of a stream does not end its write if the connection itself is blocked,
		// because the reset cannot be sent. This timeout does.
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

// Shutdown stops listening, waits for the scrapes under way, and returns when everything has ended.
// If ctx is done first, it closes the remaining connections and returns the context's error. If the
// service has stopped because of an error, Shutdown returns that error. It does nothing if the
// service is not started.
func (s *Service) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	run := s.run
	s.mu.Unlock()
	if run == nil {
		return nil
	}
	err := run.server.Shutdown(ctx)
	if err != nil {
		run.server.Close() // its error would be about closed sockets
	}
	<-run.done // Serve returns as soon as its listener is closed
	s.mu.Lock()
	if s.run == run {
		s.run = nil
	}
	s.mu.Unlock()
	return errors.Join(err, run.err)
}

// BaseURL returns the scheme, host and port at which this machine can reach the service, such as
// "http://127.0.0.1:8000". The port is the bound one. The host is a loopback address if the service
// listens on all interfaces. BaseURL is empty while the service is not started.
func (s *Service) BaseURL() string { return s.url("") }

// RootURL returns the URL of the page with the link, such as "http://127.0.0.1:8000/". It is empty
// while the service is not started.
func (s *Service) RootURL() string { return s.url(rootPath) }

// MetricsURL returns the URL of the metrics, such as "http://127.0.0.1:8000/metrics". It is empty
// while the service is not started.
func (s *Service) MetricsURL() string { return s.url(s.path) }

func (s *Service) url(path string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.run == nil {
		return ""
	}
	return s.run.base + path
}

// baseURL returns the URL of a service without a path. It keeps the host that Start was given,
// because certificates have that name, unless it stands for all interfaces. The port is the bound
// one.
func baseURL(asked string, bound net.Addr, secure bool) string {
	host, _, err := net.SplitHostPort(asked)
	if err != nil {
		host = "" // net.Listen has accepted the address, so it has no host
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
