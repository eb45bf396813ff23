// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	provider "github.com/grpc-ecosystem/go-grpc-middleware/providers/prometheus"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	service "google.golang.org/grpc/interop/grpc_testing"

	"github.com/quipu-metrics/quipu/contrib/grpc/grpcmetrics"
	"github.com/quipu-metrics/quipu/contrib/otel/exemplars"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export"
	"github.com/quipu-metrics/quipu/internal/parsers"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// setting says how a world is instrumented.
type setting struct {
	bounds       []float64 // of the times of calls; nil: none are measured
	messageTimes bool      // of the client
	preregister  bool
	quipuInside  bool // of the other instrumentation
	outerRecover bool // recovery is outside of both, and not inside
	exemplars    bool
	dial         []grpc.DialOption
}

// world is a server and its client, both with two instrumentations.
type world struct {
	t       require.TestingT
	server  *grpc.Server
	address string
	conn    *grpc.ClientConn
	client  service.TestServiceClient
	served  chan error
	calls   atomic.Int64 // those that handlers have waited for
	over    sync.Map     // of the service

	reg          *engine.Registry
	quipu, other http.Handler // the pages
}

func newWorld(t require.TestingT, s setting, options ...grpc.ServerOption) *world {
	w := &world{t: t, reg: engine.NewRegistry(), served: make(chan error, 1)}
	registry := prometheus.NewRegistry()
	w.quipu = export.Handler(w.reg)
	w.other = promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true})
	quipuServer, quipuClient := s.ours(t, w.reg)
	otherServer, otherClient, otherOptions := s.theirs()
	registry.MustRegister(otherServer, otherClient)

	unary := order(s, quipuServer.UnaryInterceptor(), otherServer.UnaryServerInterceptor(otherOptions...))
	stream := order(s, quipuServer.StreamInterceptor(), otherServer.StreamServerInterceptor(otherOptions...))
	unary, stream = append(unary, recoverUnary), append(stream, recoverStream)
	if s.outerRecover {
		slices.Reverse(unary)
		slices.Reverse(stream)
	}
	w.server = grpc.NewServer(append(options, grpc.WaitForHandlers(true),
		grpc.ChainUnaryInterceptor(unary...), grpc.ChainStreamInterceptor(stream...))...)
	service.RegisterTestServiceServer(w.server, scripted{over: &w.over})
	if s.preregister {
		quipuServer.Preregister(w.server)
		otherServer.InitializeMetrics(w.server)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	w.address = listener.Addr().String()
	go func() { w.served <- w.server.Serve(listener) }()

	unaryClient := order(s, quipuClient.UnaryInterceptor(), otherClient.UnaryClientInterceptor(otherOptions...))
	streamClient := order(s, quipuClient.StreamInterceptor(), otherClient.StreamClientInterceptor(otherOptions...))
	w.conn, err = grpc.NewClient(w.address, append(s.dial,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithChainUnaryInterceptor(unaryClient...), grpc.WithChainStreamInterceptor(streamClient...))...)
	require.NoError(t, err)
	w.client = service.NewTestServiceClient(w.conn)
	return w
}

// ours makes quipu's metrics.
func (s setting) ours(t require.TestingT, reg *engine.Registry) (*grpcmetrics.Server, *grpcmetrics.Client) {
	var options []grpcmetrics.Option
	if s.bounds != nil {
		options = append(options, grpcmetrics.WithHandlingTimes(s.bounds...))
	}
	if s.exemplars {
		options = append(options, grpcmetrics.WithExemplars(exemplars.FromContext))
	}
	clientOptions := options
	if s.messageTimes {
		clientOptions = append(slices.Clip(options), grpcmetrics.WithMessageTimes(s.bounds...))
	}
	server, err := grpcmetrics.NewServer(reg, options...)
	require.NoError(t, err)
	client, err := grpcmetrics.NewClient(reg, clientOptions...)
	require.NoError(t, err)
	return server, client
}

// theirs makes the provider's metrics, and options for its interceptors.
func (s setting) theirs() (*provider.ServerMetrics, *provider.ClientMetrics, []provider.Option) {
	var server []provider.ServerMetricsOption
	var client []provider.ClientMetricsOption
	var options []provider.Option
	var bounds []provider.HistogramOption
	if s.bounds != nil {
		bounds = append(bounds, provider.WithHistogramBuckets(s.bounds))
		server = append(server, provider.WithServerHandlingTimeHistogram(bounds...))
		client = append(client, provider.WithClientHandlingTimeHistogram(bounds...))
	}
	if s.messageTimes {
		client = append(client,
			provider.WithClientStreamSendHistogram(bounds...), provider.WithClientStreamRecvHistogram(bounds...))
	}
	if s.exemplars {
		options = append(options, provider.WithExemplarFromContext(labelsOf))
	}
	return provider.NewServerMetrics(server...), provider.NewClientMetrics(client...), options
}

// order returns both instrumentations, the outer one first.
func order[I any](s setting, quipu, other I) []I {
	if s.quipuInside {
		return []I{other, quipu}
	}
	return []I{quipu, other}
}

// stop ends the connection and the server. All calls have been counted then.
func (w *world) stop() {
	require.NoError(w.t, w.conn.Close())
	w.server.GracefulStop()
	require.NoError(w.t, <-w.served)
}

// compare compares the pages, without the codes with which the client's streams have ended if
// anyCode is true.
func (w *world) compare(anyCode bool) {
	for _, accept := range []string{"text/plain; version=0.0.4", "application/openmetrics-text; version=1.0.0"} {
		require.Equal(w.t, lines(w.t, w.other, accept, anyCode), lines(w.t, w.quipu, accept, anyCode), accept)
	}
}

// samplesOf returns what Prometheus parses of a page, without what a registry has about itself.
func samplesOf(t require.TestingT, page http.Handler, accept string) []parsers.Sample {
	response := testkit.Get(page, "/metrics", "Accept", accept)
	require.Equal(t, http.StatusOK, response.Code, response.Body.String())
	samples, err := parsers.Parse(response.Body.Bytes(), response.Header().Get("Content-Type"))
	require.NoError(t, err, response.Body.String())
	return slices.DeleteFunc(samples, func(s parsers.Sample) bool { return strings.HasPrefix(s.Name, "quipu_") })
}

// lines returns the samples of a page, sorted, with the types of their families. Help texts are
// those of each library. Of times, only how many there are is compared.
func lines(t require.TestingT, page http.Handler, accept string, anyCode bool) []string {
	var list []string
	ended := map[string]float64{} // streams of the client
	for _, s := range samplesOf(t, page, accept) {
		value := fmt.Sprint(s.Value)
		within := strings.HasSuffix(s.Name, "_seconds_bucket") && s.Labels["le"] != "+Inf"
		switch {
		case within || strings.HasSuffix(s.Name, "_seconds_sum"):
			value = "depends on the time"
		case anyCode && s.Name == "grpc_client_handled_total" && s.Labels["grpc_type"] != "unary":
			delete(s.Labels, "grpc_code")
			ended[s.Key()] += s.Value
			continue
		}
		list = append(list, fmt.Sprintf("%s %s (%s, %q)", s.Key(), value, s.Type, s.Unit))
	}
	for key, n := range ended {
		list = append(list, fmt.Sprintf("%s %v", key, n))
	}
	slices.Sort(list)
	return list
}
