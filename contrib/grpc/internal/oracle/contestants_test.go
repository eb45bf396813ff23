// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"context"
	"net"
	"testing"
	"time"

	provider "github.com/grpc-ecosystem/go-grpc-middleware/providers/prometheus"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	exporter "go.opentelemetry.io/otel/exporters/prometheus"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/stats"

	"github.com/quipu-metrics/quipu/contrib/grpc/grpcmetrics"
	"github.com/quipu-metrics/quipu/engine"
)

// contestant is an instrumentation whose cost is compared. It has interceptors or handlers of
// statistics; one without anything is the call itself.
type contestant struct {
	name         string
	server       grpc.UnaryServerInterceptor
	client       grpc.UnaryClientInterceptor
	serverStream grpc.StreamServerInterceptor
	clientStream grpc.StreamClientInterceptor
	onServer     stats.Handler
	onClient     stats.Handler
}

// contestants returns nothing, quipu, and go-grpc-middleware's provider, all with times or all
// without; and otelgrpc with OpenTelemetry's SDK, which always measures times, but counts neither
// messages nor calls that have begun.
func contestants(tb testing.TB, times bool) []contestant {
	var ours []grpcmetrics.Option
	var serverTimes []provider.ServerMetricsOption
	var clientTimes []provider.ClientMetricsOption
	if times {
		ours = append(ours, grpcmetrics.WithHandlingTimes(prometheus.DefBuckets...))
		serverTimes = append(serverTimes, provider.WithServerHandlingTimeHistogram())
		clientTimes = append(clientTimes, provider.WithClientHandlingTimeHistogram())
	}
	reg := engine.NewRegistry()
	quipuServer, err := grpcmetrics.NewServer(reg, ours...)
	require.NoError(tb, err)
	quipuClient, err := grpcmetrics.NewClient(reg, ours...)
	require.NoError(tb, err)
	server, client := provider.NewServerMetrics(serverTimes...), provider.NewClientMetrics(clientTimes...)
	prometheus.NewRegistry().MustRegister(server, client)
	list := []contestant{
		{name: "none"},
		{
			name: "quipu", server: quipuServer.UnaryInterceptor(), client: quipuClient.UnaryInterceptor(),
			serverStream: quipuServer.StreamInterceptor(), clientStream: quipuClient.StreamInterceptor(),
		},
		{
			name: "provider", server: server.UnaryServerInterceptor(), client: client.UnaryClientInterceptor(),
			serverStream: server.StreamServerInterceptor(), clientStream: client.StreamClientInterceptor(),
		},
	}
	if times {
		e, err := exporter.New(exporter.WithRegisterer(prometheus.NewRegistry()))
		require.NoError(tb, err)
		meters := otelgrpc.WithMeterProvider(sdk.NewMeterProvider(sdk.WithReader(e)))
		list = append(list, contestant{
			name:     "otelgrpc",
			onServer: otelgrpc.NewServerHandler(meters), onClient: otelgrpc.NewClientHandler(meters),
		})
	}
	return list
}

const unaryMethod = "/grpc.testing.TestService/UnaryCall"

// serverCall returns a function that does what a server does for one unary call, with a handler
// that does nothing. gRPC makes the statistics anew for each call; here they are made once.
func (c contestant) serverCall() func() {
	ctx := context.Background()
	request, response := new(int), new(int)
	handler := func(context.Context, any) (any, error) { return response, nil }
	if c.onServer != nil {
		return statistics(c.onServer, false)
	}
	if c.server == nil {
		return func() { _, _ = handler(ctx, request) }
	}
	info := &grpc.UnaryServerInfo{FullMethod: unaryMethod}
	return func() { _, _ = c.server(ctx, request, info, handler) }
}

// clientCall returns a function that does what a client does for one unary call that is answered at
// once.
func (c contestant) clientCall() func() {
	ctx := context.Background()
	request, reply := new(int), new(int)
	invoke := func(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error { return nil }
	if c.onClient != nil {
		return statistics(c.onClient, true)
	}
	if c.client == nil {
		return func() { _ = invoke(ctx, unaryMethod, request, reply, nil) }
	}
	return func() { _ = c.client(ctx, unaryMethod, request, reply, nil, invoke) }
}

// statistics returns a function that tells a handler of one unary call.
func statistics(h stats.Handler, client bool) func() {
	info := &stats.RPCTagInfo{FullMethodName: unaryMethod}
	address := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 50051}
	now := time.Now()
	events := []stats.RPCStats{
		&stats.InHeader{FullMethod: unaryMethod, Header: metadata.MD{}, RemoteAddr: address, LocalAddr: address},
		&stats.Begin{BeginTime: now},
		&stats.InPayload{},
		&stats.OutHeader{},
		&stats.OutPayload{},
		&stats.OutTrailer{},
		&stats.End{BeginTime: now, EndTime: now.Add(time.Millisecond)},
	}
	if client {
		events = []stats.RPCStats{
			&stats.Begin{Client: true, BeginTime: now},
			&stats.OutHeader{Client: true, FullMethod: unaryMethod, RemoteAddr: address, LocalAddr: address},
			&stats.OutPayload{Client: true},
			&stats.InHeader{Client: true},
			&stats.InPayload{Client: true},
			&stats.InTrailer{Client: true},
			&stats.End{Client: true, BeginTime: now, EndTime: now.Add(time.Millisecond)},
		}
	}
	return func() {
		ctx := h.TagRPC(context.Background(), info)
		for _, e := range events {
			h.HandleRPC(ctx, e)
		}
	}
}

// serverOptions and dialOptions install the contestant.
func (c contestant) serverOptions() (options []grpc.ServerOption) {
	if c.server != nil {
		options = append(options, grpc.UnaryInterceptor(c.server), grpc.StreamInterceptor(c.serverStream))
	}
	if c.onServer != nil {
		options = append(options, grpc.StatsHandler(c.onServer))
	}
	return options
}

func (c contestant) dialOptions() (options []grpc.DialOption) {
	if c.client != nil {
		options = append(options, grpc.WithUnaryInterceptor(c.client), grpc.WithStreamInterceptor(c.clientStream))
	}
	if c.onClient != nil {
		options = append(options, grpc.WithStatsHandler(c.onClient))
	}
	return options
}
