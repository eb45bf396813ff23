// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"context"
	"net/http"
	"time"

	"github.com/quipu-metrics/quipu/engine"
)

// Server has the metrics of the requests that a server gets. It does not know net/http's types:
// [Middleware] and the adapters for other servers report requests to it. A server reports each
// request by a call of Begin, one of Count, and one of End:
//
//	began := s.Begin()
//	defer s.End()
//	... // the handler
//	s.Count(&Served{Duration: s.Since(began), ...})
//
// It is safe for concurrent use.
type Server struct {
	ServerConfig
	excluded  map[string]struct{} // paths
	endpoints *endpoints
	epoch     time.Time // time.Since reads one clock where time.Now reads two
}

// Served describes a request that has been served.
type Served struct {
	Context  context.Context // where exemplars come from
	Method   string          // as the client sent it
	Route    string          // the template of the route, or "" if none has matched
	Code     int             // 0 if there is no response
	Panicked bool            // the handler has panicked
	Duration time.Duration
	Received int64 // bytes of the request's body, or NoSize
	Sent     int64 // bytes of the response's body, or NoSize
}

// NoSize stands for a size that is not known, or that there is not, as after an upgrade of the
// connection. It is not observed.
const NoSize = -1

// NewServer defines the metrics of export.Middleware in reg. It panics in the name of constructor
// when one cannot be defined, and when the configuration has functions that take requests of
// net/http.
func NewServer(reg *engine.Registry, constructor string, config ServerConfig) *Server {
	if config.Skip != nil || config.Route != nil || len(config.Labels) > 0 {
		panic("quipu: " + constructor + ": WithSkip, WithRouteFunc and WithLabelFunc take requests of net/http, " +
			"and this server has none")
	}
	return newServer(reg, constructor, config)
}

func newServer(reg *engine.Registry, constructor string, config ServerConfig) *Server {
	sets := newLabelSets(config.Labels)
	return &Server{
		ServerConfig: config,
		excluded:     config.excluded(),
		endpoints:    newEndpoints(defineServerMetrics(reg, constructor, &config, sets), sets),
		epoch:        time.Now(),
	}
}

// Excludes reports whether requests for a path are not counted.
func (s *Server) Excludes(path []byte) bool {
	_, excluded := s.excluded[string(path)]
	return excluded
}

// Key returns a value that is the same for all servers with these metrics, and for no others.
func (s *Server) Key() any { return s.endpoints.metrics.requests }

// Begin notes that a request is being served, and returns the time for [Server.Since].
func (s *Server) Begin() time.Duration {
	if g := s.endpoints.metrics.inFlight; g != nil {
		g.Inc()
	}
	return time.Since(s.epoch)
}

// End notes that a request is no longer being served. It comes last, so that a page that shows no
// request in flight has counted all requests.
func (s *Server) End() {
	if g := s.endpoints.metrics.inFlight; g != nil {
		g.Dec()
	}
}

// Since returns the time since Begin.
func (s *Server) Since(began time.Duration) time.Duration { return time.Since(s.epoch) - began }

// Count updates the metrics at the end of a request. It keeps no string of q.
func (s *Server) Count(q *Served) { s.count(q, nil) }

// count does the same. Labels take their values from r, which may be nil if there are none.
func (s *Server) count(q *Served, r *http.Request) {
	e := s.endpoints.find(q.Route, q.Method, r)
	e.requests.Inc()
	if q.Panicked {
		e.panics.Inc()
	}
	if q.Code != 0 {
		if e.responses != nil {
			e.responses.Inc()
		}
		code := labelOfCode(q.Code, s.GroupCodes)
		s.countOne(q.Context, e.codes.counter(code, s.endpoints.metrics.byCode, e.labels))
	}
	if e.duration == nil {
		return
	}
	e.duration.ObserveContext(q.Context, q.Duration.Seconds())
	if q.Received != NoSize {
		e.requestSize.Observe(float64(q.Received))
	}
	switch {
	case q.Sent == NoSize:
	case q.Method == http.MethodHead:
		e.responseSize.Observe(0) // the handler may have written a body, but it is not sent
	default:
		e.responseSize.Observe(float64(q.Sent))
	}
}
