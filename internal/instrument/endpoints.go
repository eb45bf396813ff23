// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/puzpuzpuz/xsync/v3"

	"github.com/quipu-metrics/quipu/engine"
)

// serverMetrics holds the families of a Server. Families that it does not define are nil.
type serverMetrics struct {
	requests  *engine.CounterVec
	responses *engine.CounterVec // of aioprometheus; ours are byCode
	byCode    *engine.CounterVec
	panics    *engine.CounterVec

	duration     *engine.HistogramVec
	requestSize  *engine.HistogramVec
	responseSize *engine.HistogramVec
	inFlight     *engine.Gauge
}

func defineServerMetrics(reg *engine.Registry, constructor string, c *ServerConfig, sets labelSets) *serverMetrics {
	d := definer{reg, constructor, &c.Config}
	series := (maxRoutes + 1) * sets.count() // one more for the routes beyond the limit
	m := &serverMetrics{}
	if c.AioprometheusNames {
		labels := append([]string{"method", "path"}, sets.names()...)
		m.requests = d.counters("requests_total_counter", "Requests served.", labels, series)
		m.responses = d.counters("responses_total_counter", "Responses whose header was written.", labels, series)
		m.panics = d.counters("exceptions_total_counter", "Requests whose handler panicked.", labels, series)
		m.byCode = d.byCode("status_codes_counter", "Responses by status code.",
			append(slices.Clip(labels), "status_code"), series)
		return m
	}
	labels := append([]string{"method", "route"}, sets.names()...)
	m.requests = d.counters("http_requests_total", "Requests served.", labels, series)
	m.byCode = d.byCode("http_responses_total", "Responses whose header was written.",
		append(slices.Clip(labels), "code"), series)
	m.panics = d.counters("http_panics_total", "Requests whose handler panicked.", labels, series)
	m.duration = d.durations("http_request_duration_seconds", "Time in the handler.", labels, series)
	m.requestSize = d.sizes("http_request_size_bytes", "Length of request bodies.", labels, series)
	m.responseSize = d.sizes("http_response_size_bytes", "Length of response bodies.", labels, series)
	m.inFlight = d.gauge("http_requests_in_flight", "Requests that are being served.")
	return m
}

// endpoint holds the handles of one label set: a method, a route, and the values of further labels.
type endpoint struct {
	labels    []string
	requests  *engine.Counter
	responses *engine.Counter // nil unless the names are those of aioprometheus
	panics    *engine.Counter
	codes     codeCounters

	duration     *engine.Histogram // this and the following ones are nil if the names are those of aioprometheus
	requestSize  *engine.Histogram
	responseSize *engine.Histogram
}

func (m *serverMetrics) newEndpoint(labels []string) *endpoint {
	e := &endpoint{labels: labels, requests: m.requests.With(labels...), panics: m.panics.With(labels...)}
	if m.responses != nil {
		e.responses = m.responses.With(labels...)
	}
	if m.duration != nil {
		e.duration = m.duration.With(labels...)
		e.requestSize = m.requestSize.With(labels...)
		e.responseSize = m.responseSize.With(labels...)
	}
	return e
}

// endpoints finds the handles for a request by one map lookup with the route, and an index. The
// handles remain usable whatever happens to the families, but after Registry.Clear no page shows
// them.
type endpoints struct {
	metrics *serverMetrics
	sets    labelSets

	routes   *xsync.MapOf[string, *routeEndpoints] // by pattern; entries are never replaced or removed
	overflow *routeEndpoints
	count    atomic.Int64 // of routes; written under mu
	mu       sync.Mutex
}

// routeEndpoints holds the endpoints of a route, by the number of their label set. An endpoint is
// nil until its first request.
type routeEndpoints struct {
	route     string
	method    string // that of the pattern, or ""
	endpoints []atomic.Pointer[endpoint]
}

// methodOf returns the index of the method under which a request is counted. A mux matches a
// pattern with a method only to requests with that method, or to HEAD if the method is GET.
// ServerConfig.Route may return such a pattern for other requests, which are counted under "other".
func (r *routeEndpoints) methodOf(method string) int {
	switch {
	case r.method == "", method == r.method, method == http.MethodHead && r.method == http.MethodGet:
		return methodIndex(method)
	}
	return otherMethod
}

// maxRoutes bounds the number of routes. Patterns are program text, but the result of
// ServerConfig.Route may depend on the request.
const maxRoutes = 2000

func newEndpoints(metrics *serverMetrics, sets labelSets) *endpoints {
	e := &endpoints{metrics: metrics, sets: sets, routes: xsync.NewMapOf[string, *routeEndpoints]()}
	e.overflow = e.newRoute(engine.OverflowValue)
	return e
}

func (e *endpoints) newRoute(pattern string) *routeEndpoints {
	method, _ := splitPattern(pattern)
	return &routeEndpoints{routeLabel(pattern), method, make([]atomic.Pointer[endpoint], e.sets.count())}
}

// find returns the endpoint of a request with the given pattern and method. Labels take their
// values from r.
func (e *endpoints) find(pattern, method string, r *http.Request) *endpoint {
	if len(pattern) > engine.MaxLabelValue {
		pattern = pattern[:engine.MaxLabelValue] // so that the map keeps no longer string
	}
	route, ok := e.routes.Load(pattern)
	if !ok {
		route = e.addRoute(pattern)
	}
	set := e.sets.of(route.methodOf(method), r)
	if found := route.endpoints[set].Load(); found != nil {
		return found
	}
	return e.addEndpoint(route, set)
}

// addRoute returns the route of a pattern that find has not found, and adds it if it is not there
// and there is room. The number of routes grows after each of them is added. So when it has reached
// the limit, all routes are there that ever will be, and no lock is needed.
func (e *endpoints) addRoute(pattern string) *routeEndpoints {
	if e.count.Load() < maxRoutes {
		e.mu.Lock()
		defer e.mu.Unlock()
	}
	route, ok := e.routes.Load(pattern)
	switch {
	case ok:
		return route
	case e.count.Load() >= maxRoutes:
		return e.overflow
	}
	pattern = strings.Clone(pattern) // it may be a part of a larger string
	route = e.newRoute(pattern)
	e.routes.Store(pattern, route)
	e.count.Add(1)
	return route
}

// addEndpoint makes an endpoint. It may run in several goroutines for the same one, because the
// engine gives them all the same series.
func (e *endpoints) addEndpoint(route *routeEndpoints, set int) *endpoint {
	method, closed := e.sets.values(set)
	added := e.metrics.newEndpoint(append([]string{method, route.route}, closed...))
	return keepFirst(&route.endpoints[set], added)
}

// keepFirst stores made unless a pointer is stored already, and returns the stored pointer.
func keepFirst[T any](in *atomic.Pointer[T], made *T) *T {
	if in.CompareAndSwap(nil, made) {
		return made
	}
	return in.Load()
}
