// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/propagation"
	tracing "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	metrics "go.opentelemetry.io/proto/otlp/metrics/v1"

	"github.com/quipu-metrics/quipu/contrib/otel/exemplars"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export"
	"github.com/quipu-metrics/quipu/export/otlp"
	"github.com/quipu-metrics/quipu/internal/parsers"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// tracedService is a server that otelhttp traces with the SDK, and whose metrics have exemplars.
type tracedService struct {
	url     string
	reg     *engine.Registry
	spans   *tracetest.SpanRecorder
	tracers []otelhttp.Option
	tracer  trace.Tracer
	served  chan struct{} // a request is over: its span has ended, and it is counted
}

func newTracedService(t *testing.T, sampler tracing.Sampler) *tracedService {
	spans := tracetest.NewSpanRecorder()
	provider := tracing.NewTracerProvider(tracing.WithSampler(sampler), tracing.WithSpanProcessor(spans))
	s := &tracedService{
		reg: engine.NewRegistry(), spans: spans, tracer: provider.Tracer("test"), served: make(chan struct{}, 1),
		tracers: []otelhttp.Option{
			otelhttp.WithTracerProvider(provider), otelhttp.WithPropagators(propagation.TraceContext{}),
		},
	}
	greetings := engine.Must(s.reg.NewCounter("greetings_total", "", engine.WithExemplars(exemplars.FromContext)))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /users/{id}", func(w http.ResponseWriter, r *http.Request) {
		greetings.AddContext(r.Context(), 1)
		_, _ = io.WriteString(w, "hello")
	})
	middleware := export.Middleware(s.reg, export.WithExemplars(exemplars.FromContext))
	handler := otelhttp.NewHandler(middleware(mux), "server", s.tracers...)
	s.url = testkit.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler.ServeHTTP(w, r)
		s.served <- struct{}{}
	})).URL
	return s
}

// get sends a request, and waits until both sides are done with it.
func (s *tracedService) get(t *testing.T, client *http.Client, request *http.Request) {
	response, err := client.Do(request)
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	<-s.served
}

// request returns a request to the server. traceparent may be empty.
func (s *tracedService) request(t *testing.T, traceparent string) *http.Request {
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/users/7", nil)
	require.NoError(t, err)
	if traceparent != "" {
		request.Header.Set("traceparent", traceparent)
	}
	return request
}

// ended returns the span of a kind that has ended last.
func (s *tracedService) ended(t *testing.T, kind trace.SpanKind) trace.SpanContext {
	list := s.spans.Ended()
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].SpanKind() == kind {
			return list[i].SpanContext()
		}
	}
	require.Fail(t, "no span has ended", "%v", kind)
	return trace.SpanContext{}
}

// exemplarsOf returns the ids of the exemplars that a page shows of a metric.
func exemplarsOf(t *testing.T, reg *engine.Registry, metric string) (ids []string) {
	response := testkit.Get(export.Handler(reg), "/metrics", "Accept", accepted[1])
	samples, err := parsers.Parse(response.Body.Bytes(), response.Header().Get("Content-Type"))
	require.NoError(t, err)
	for _, sample := range samples {
		for _, e := range sample.Exemplars {
			if strings.HasPrefix(sample.Name, metric) {
				require.Len(t, e.Labels, 2)
				ids = append(ids, e.Labels["trace_id"]+" "+e.Labels["span_id"])
			}
		}
	}
	return ids
}

func idsOf(span trace.SpanContext) string {
	return span.TraceID().String() + " " + span.SpanID().String()
}

func TestExemplarsOfEachRequestAreItsSpans(t *testing.T) {
	s := newTracedService(t, tracing.AlwaysSample())
	inside, outside := engine.NewRegistry(), engine.NewRegistry()
	option := export.WithExemplars(exemplars.FromContext)
	connections := &http.Transport{}
	defer connections.CloseIdleConnections()
	traced := otelhttp.NewTransport(export.RoundTripper(connections, inside, option), s.tracers...)
	client := &http.Client{Transport: export.RoundTripper(traced, outside, option)}
	for range 3 {
		ctx, job := s.tracer.Start(t.Context(), "job")
		s.get(t, client, s.request(t, "").WithContext(ctx))
		job.End()
		for _, c := range []struct {
			reg     *engine.Registry
			kind    trace.SpanKind
			counter string
			seconds string
		}{
			{s.reg, trace.SpanKindServer, "http_responses_total", "http_request_duration"},
			{s.reg, trace.SpanKindServer, "greetings_total", "http_request_duration"},
			{inside, trace.SpanKindClient, "http_client_requests_total", "http_client_request_duration"},
			{outside, trace.SpanKindInternal, "http_client_requests_total", "http_client_request_duration"},
		} {
			span := s.ended(t, c.kind)
			require.Equal(t, job.SpanContext().TraceID(), span.TraceID(), "the whole request is one trace")
			require.Equal(t, []string{idsOf(span)}, exemplarsOf(t, c.reg, c.counter), c.counter)
			require.Contains(t, exemplarsOf(t, c.reg, c.seconds), idsOf(span), c.seconds)
		}
	}
}

func TestExemplarsAreThoseOfSampledSpansOnlyWhereverSamplingIsDecided(t *testing.T) {
	const id = "0af7651916cd43dd8448eb211c80319c"
	const sampled, notSampled = "00-" + id + "-b7ad6b7169203331-01", "00-" + id + "-b7ad6b7169203331-00"
	for name, c := range map[string]struct {
		sampler tracing.Sampler
		parent  string
		want    bool
	}{
		"always":                   {tracing.AlwaysSample(), "", true},
		"never":                    {tracing.NeverSample(), "", false},
		"ratio 0":                  {tracing.TraceIDRatioBased(0), "", false},
		"root of ratio 0":          {tracing.ParentBased(tracing.TraceIDRatioBased(0)), "", false},
		"root of ratio 1":          {tracing.ParentBased(tracing.TraceIDRatioBased(1)), "", true},
		"parent sampled":           {tracing.ParentBased(tracing.NeverSample()), sampled, true},
		"parent not sampled":       {tracing.ParentBased(tracing.AlwaysSample()), notSampled, false},
		"never below a sampled":    {tracing.NeverSample(), sampled, false},
		"always below not sampled": {tracing.AlwaysSample(), notSampled, true},
		"no valid parent":          {tracing.ParentBased(tracing.NeverSample()), "00-0-0-01", false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newTracedService(t, c.sampler)
			connections := &http.Transport{}
			defer connections.CloseIdleConnections()
			s.get(t, &http.Client{Transport: connections}, s.request(t, c.parent))
			var want []string
			if c.want {
				span := s.ended(t, trace.SpanKindServer)
				want = []string{idsOf(span)}
				require.Equal(t, c.parent != "", span.TraceID().String() == id)
			}
			for _, metric := range []string{"http_responses_total", "http_request_duration", "greetings_total"} {
				require.Equal(t, want, exemplarsOf(t, s.reg, metric), metric)
			}
			require.Contains(t, testkit.Get(export.Handler(s.reg), "/").Body.String(), `code="200"} 1`, "it is counted")
		})
	}
}

// everyHundredth samples one root span in a hundred.
type everyHundredth struct{ roots atomic.Int64 }

func (s *everyHundredth) ShouldSample(p tracing.SamplingParameters) tracing.SamplingResult {
	decision := tracing.NeverSample()
	if s.roots.Add(1)%100 == 37 {
		decision = tracing.AlwaysSample()
	}
	return decision.ShouldSample(p)
}

func (s *everyHundredth) Description() string { return "every hundredth" }

// Between two pages there is one sampled request in a hundred. It is on the second page.
func TestTheOneSampledRequestOfAHundredIsOnTheNextPage(t *testing.T) {
	s := newTracedService(t, new(everyHundredth))
	connections := &http.Transport{}
	defer connections.CloseIdleConnections()
	client := &http.Client{Transport: connections}
	for i := range 3 {
		for range 100 {
			s.get(t, client, s.request(t, ""))
		}
		require.Len(t, s.spans.Ended(), i+1)
		want := idsOf(s.ended(t, trace.SpanKindServer))
		require.Equal(t, []string{want}, exemplarsOf(t, s.reg, "http_responses_total"))
		require.Equal(t, []string{want}, exemplarsOf(t, s.reg, "greetings_total"))
		require.Contains(t, exemplarsOf(t, s.reg, "http_request_duration_seconds_bucket"), want)
	}
}

// OTLP has fields for the ids of a trace, in bytes.
func TestExemplarsArriveByOTLPAsIDs(t *testing.T) {
	s := newTracedService(t, tracing.AlwaysSample())
	connections := &http.Transport{}
	defer connections.CloseIdleConnections()
	s.get(t, &http.Client{Transport: connections}, s.request(t, ""))

	url, received := receive(t)
	e, err := otlp.New(url, otlp.WithRegistry(s.reg))
	require.NoError(t, err)
	require.NoError(t, e.Send(t.Context()))
	found := map[string]bool{}
	for _, m := range received() {
		var list []*metrics.Exemplar
		for _, p := range m.GetSum().GetDataPoints() {
			list = append(list, p.Exemplars...)
		}
		for _, p := range m.GetHistogram().GetDataPoints() {
			list = append(list, p.Exemplars...)
		}
		for _, x := range list {
			found[m.Name] = true
			require.Empty(t, x.FilteredAttributes)
			got := hex.EncodeToString(x.TraceId) + " " + hex.EncodeToString(x.SpanId)
			require.Equal(t, idsOf(s.ended(t, trace.SpanKindServer)), got)
		}
	}
	require.Equal(t, map[string]bool{
		"http_responses_total": true, "http_request_duration_seconds": true, "greetings_total": true,
	}, found)
}
