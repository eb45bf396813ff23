// SPDX-License-Identifier: Apache-2.0

package export

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/puzpuzpuz/xsync/v3"

	"github.com/quipu-metrics/quipu/engine"
)

// serverMetrics are the families of a Middleware. Those that it does not have are nil.
type serverMetrics struct {
	codes     codes
	requests  *engine.CounterVec
	responses *engine.CounterVec // of the guide; ours are byCode
	byCode    *engine.CounterVec
	panics    *engine.CounterVec

	duration     *engine.HistogramVec
	requestSize  *engine.HistogramVec
	responseSize *engine.HistogramVec
	inFlight     *engine.Gauge
}

// sizeBuckets go from 256 bytes to 64 MiB, each four times the one before.
var sizeBuckets = []float64{
	1 << 8, 1 << 10, 1 << 12, 1 << 14, 1 << 16, 1 << 18, 1 << 20, 1 << 22, 1 << 24, 1 << 26,
}

func defineServerMetrics(reg *engine.Registry, c *middlewareConfig, closed []string) *serverMetrics {
	d := definer{reg: reg, who: "Middleware", consts: engine.WithConstLabels(c.consts)}
	m := &serverMetrics{codes: c.codes}
	if c.guideNames {
		labels := append([]string{"method", "path"}, closed...)
		m.requests = d.counters("requests_total_counter", "Requests served.", labels)
		m.responses = d.counters("responses_total_counter", "Responses whose header was written.", labels)
		m.panics = d.counters("exceptions_total_counter", "Requests whose handler panicked.", labels)
		m.byCode = d.counters("status_codes_counter", "Responses by status code.", append(slices.Clip(labels), "status_code"))
		return m
	}
	labels := append([]string{"method", "route"}, closed...)
	m.requests = d.counters("http_requests_total", "Requests served.", labels)
	m.byCode = d.counters("http_responses_total", "Responses whose header was written.", append(slices.Clip(labels), "code"))
	m.panics = d.counters("http_panics_total", "Requests whose handler panicked.", labels)
	m.duration = d.histograms("http_request_duration_seconds", "Time in the handler.", labels, c.buckets)
	m.requestSize = d.histograms("http_request_size_bytes", "Length of request bodies.", labels, sizeBuckets)
	m.responseSize = d.histograms("http_response_size_bytes", "Length of response bodies.", labels, sizeBuckets)
	m.inFlight = d.gauge("http_requests_in_flight", "Requests that are being served.")
	return m
}

// definer defines metrics for a constructor that panics when it cannot.
type definer struct {
	reg    *engine.Registry
	who    string
	consts engine.MetricOption
}

func (d definer) check(err error) {
	if err != nil {
		panic(fmt.Errorf("quipu: %s cannot define its metrics: %w", d.who, err))
	}
}

func (d definer) counters(name, help string, labels []string) *engine.CounterVec {
	v, err := d.reg.NewCounterVec(name, help, labels, d.consts)
	d.check(err)
	return v
}

func (d definer) histograms(name, help string, labels []string, buckets []float64) *engine.HistogramVec {
	options := []engine.MetricOption{d.consts}
	if buckets != nil {
		options = append(options, engine.WithBuckets(buckets...))
	}
	v, err := d.reg.NewHistogramVec(name, help, labels, options...)
	d.check(err)
	return v
}

func (d definer) gauge(name, help string) *engine.Gauge {
	g, err := d.reg.NewGauge(name, help, d.consts)
	d.check(err)
	return g
}

// endpoint holds the handles of one label set: a method on a route.
type endpoint struct {
	labels    []string
	requests  *engine.Counter
	responses *engine.Counter // nil unless the guide's
	panics    *engine.Counter
	codes     codeCounters

	duration     *engine.Histogram // this and the following ones are nil if the guide's
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

// endpoints finds the handles for a request: one map lookup by the route, then an index. The handles stay valid whatever
// happens to the families; after Registry.Clear they count what nobody sees.
type endpoints struct {
	metrics *serverMetrics
	sets    labelSets

	routes   *xsync.MapOf[string, *routeEndpoints] // by pattern; entries are never replaced or removed
	overflow *routeEndpoints
	count    atomic.Int64 // of routes; written under mu
	mu       sync.Mutex
}

// routeEndpoints are the endpoints of a route, by number of their labelSet; nil until the first request.
type routeEndpoints struct {
	route     string
	endpoints []atomic.Pointer[endpoint]
}

// maxRoutes bounds the routes that are told apart. Patterns are program text, but what a RouteFunc returns may depend on
// the request.
const maxRoutes = 2000

func newEndpoints(metrics *serverMetrics, sets labelSets) *endpoints {
	e := &endpoints{metrics: metrics, sets: sets, routes: xsync.NewMapOf[string, *routeEndpoints]()}
	e.overflow = e.newRoute(engine.OverflowValue)
	return e
}

func (e *endpoints) newRoute(route string) *routeEndpoints {
	return &routeEndpoints{route, make([]atomic.Pointer[endpoint], e.sets.count())}
}

// find returns the endpoint of a request.
func (e *endpoints) find(pattern string, r *http.Request) *endpoint {
	if len(pattern) > engine.MaxLabelValue {
		pattern = pattern[:engine.MaxLabelValue] // so that the map keeps nothing longer
	}
	route, ok := e.routes.Load(pattern)
	if !ok {
		route = e.addRoute(pattern)
	}
	set := e.sets.of(r)
	if found := route.endpoints[set].Load(); found != nil {
		return found
	}
	return e.addEndpoint(route, set)
}

func (e *endpoints) addRoute(pattern string) *routeEndpoints {
	if e.count.Load() >= maxRoutes {
		return e.overflow
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if route, ok := e.routes.Load(pattern); ok {
		return route
	}
	if e.count.Load() >= maxRoutes {
		return e.overflow
	}
	pattern = strings.Clone(pattern) // it may be a part of something larger
	route := e.newRoute(routeLabel(pattern))
	e.routes.Store(pattern, route)
	e.count.Add(1)
	return route
}

// addEndpoint may run in several goroutines for the same endpoint. The engine gives them all the same series.
func (e *endpoints) addEndpoint(route *routeEndpoints, set int) *endpoint {
	method, closed := e.sets.values(set)
	added := e.metrics.newEndpoint(append([]string{method, route.route}, closed...))
	if route.endpoints[set].CompareAndSwap(nil, added) {
		return added
	}
	return route.endpoints[set].Load()
}

func (e *endpoints) countCode(at *endpoint, code codeLabel) {
	if c := at.codes.find(code); c != nil {
		c.Inc()
		return
	}
	values := append(slices.Clip(at.labels), e.metrics.codes.text(code))
	at.codes.add(code, e.metrics.byCode.With(values...)).Inc()
}

// codeCounters are the counters of the codes that an endpoint has answered with. They are few, so that going through a
// list is faster than anything that hashes. The list is replaced, never changed.
type codeCounters struct {
	list atomic.Pointer[[]codeCounter]
}

type codeCounter struct {
	code    codeLabel
	counter *engine.Counter
}

// maxListed bounds the list; further codes are looked up in their family.
const maxListed = 32

func (c *codeCounters) find(code codeLabel) *engine.Counter {
	if list := c.list.Load(); list != nil {
		for i := range *list {
			if (*list)[i].code == code {
				return (*list)[i].counter
			}
		}
	}
	return nil
}

// add adds the counter of a code to the list, if there is room, and returns it.
func (c *codeCounters) add(code codeLabel, counter *engine.Counter) *engine.Counter {
	for {
		old := c.list.Load()
		var list []codeCounter
		if old != nil {
			list = *old
		}
		if len(list) >= maxListed || c.find(code) != nil {
			return counter
		}
		longer := append(slices.Clip(list), codeCounter{code, counter})
		if c.list.CompareAndSwap(old, &longer) {
			return counter
		}
	}
}
