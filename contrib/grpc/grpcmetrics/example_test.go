// SPDX-License-Identifier: Apache-2.0

package grpcmetrics_test

import (
	"context"
	"fmt"
	"log"
	"net"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/quipu-metrics/quipu/contrib/grpc/grpcmetrics"
	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

// check starts a server, asks it for the health of some services, and stops it.
func check(server *grpc.Server, dial []grpc.DialOption, services ...string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go server.Serve(listener)
	defer server.Stop()
	dial = append(dial, grpc.WithTransportCredentials(insecure.NewCredentials()))
	conn, err := grpc.NewClient(listener.Addr().String(), dial...)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	for _, service := range services {
		request := &grpc_health_v1.HealthCheckRequest{Service: service}
		_, _ = grpc_health_v1.NewHealthClient(conn).Check(context.Background(), request)
	}
}

// show prints the samples on a registry's page that begin with one of the prefixes.
func show(reg *engine.Registry, format encode.Format, prefixes ...string) {
	var page strings.Builder
	if _, err := reg.Expose(&page, engine.Exposition{Format: format, NoSelf: true}); err != nil {
		log.Fatal(err)
	}
	for line := range strings.Lines(page.String()) {
		for _, prefix := range prefixes {
			if strings.HasPrefix(line, prefix) {
				fmt.Print(line)
			}
		}
	}
}

func ExampleNewServer() {
	reg := engine.NewRegistry()
	metrics, err := grpcmetrics.NewServer(reg)
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer(metrics.Options()...)
	grpc_health_v1.RegisterHealthServer(server, health.NewServer())

	check(server, nil, "", "", "nothing") // calls it three times
	show(reg, encode.Text, "grpc_")
	// Output:
	// grpc_server_handled_total{grpc_type="unary",grpc_service="grpc.health.v1.Health",grpc_method="Check",grpc_code="OK"} 2
	// grpc_server_handled_total{grpc_type="unary",grpc_service="grpc.health.v1.Health",grpc_method="Check",grpc_code="NotFound"} 1
	// grpc_server_msg_received_total{grpc_type="unary",grpc_service="grpc.health.v1.Health",grpc_method="Check"} 3
	// grpc_server_msg_sent_total{grpc_type="unary",grpc_service="grpc.health.v1.Health",grpc_method="Check"} 3
	// grpc_server_started_total{grpc_type="unary",grpc_service="grpc.health.v1.Health",grpc_method="Check"} 3
}

// An alert on errors should see a method before its first error.
func ExampleServer_Preregister() {
	reg := engine.NewRegistry()
	metrics, err := grpcmetrics.NewServer(reg)
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer(metrics.Options()...)
	grpc_health_v1.RegisterHealthServer(server, health.NewServer())
	metrics.Preregister(server)

	show(reg, encode.Text, "grpc_server_msg_sent_total")
	handled, _ := reg.Lookup("grpc_server_handled_total")
	fmt.Println(handled.Series, "series of calls that have ended")
	// Output:
	// grpc_server_msg_sent_total{grpc_type="unary",grpc_service="grpc.health.v1.Health",grpc_method="Check"} 0
	// grpc_server_msg_sent_total{grpc_type="unary",grpc_service="grpc.health.v1.Health",grpc_method="List"} 0
	// grpc_server_msg_sent_total{grpc_type="server_stream",grpc_service="grpc.health.v1.Health",grpc_method="Watch"} 0
	// 51 series of calls that have ended
}

// broken is a health service that panics.
type broken struct {
	grpc_health_v1.UnimplementedHealthServer
}

func (broken) Check(context.Context, *grpc_health_v1.HealthCheckRequest) (*grpc_health_v1.HealthCheckResponse, error) {
	panic("no health")
}

// recoverUnary is an interceptor that turns panics into errors.
func recoverUnary(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (
	_ any, err error,
) {
	defer func() {
		if p := recover(); p != nil {
			err = status.Errorf(codes.Internal, "panic: %v", p)
		}
	}()
	return handler(ctx, request)
}

// The metrics come before the interceptor that recovers, so they see the code that clients see.
func ExampleServer_Options() {
	reg := engine.NewRegistry()
	metrics, err := grpcmetrics.NewServer(reg)
	if err != nil {
		log.Fatal(err)
	}
	options := append(metrics.Options(), grpc.ChainUnaryInterceptor(recoverUnary))
	server := grpc.NewServer(options...)
	grpc_health_v1.RegisterHealthServer(server, broken{})

	check(server, nil, "")
	show(reg, encode.Text, "grpc_server_handled")
	// Output:
	// grpc_server_handled_total{grpc_type="unary",grpc_service="grpc.health.v1.Health",grpc_method="Check",grpc_code="Internal"} 1
}

// A program that has its interceptors in a list puts those of the metrics where they belong.
func ExampleServer_UnaryInterceptor() {
	reg := engine.NewRegistry()
	metrics, err := grpcmetrics.NewServer(reg)
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer(
		grpc.ChainUnaryInterceptor(metrics.UnaryInterceptor(), recoverUnary),
		grpc.ChainStreamInterceptor(metrics.StreamInterceptor()),
	)
	grpc_health_v1.RegisterHealthServer(server, broken{})

	check(server, nil, "")
	show(reg, encode.Text, "grpc_server_handled")
	// Output:
	// grpc_server_handled_total{grpc_type="unary",grpc_service="grpc.health.v1.Health",grpc_method="Check",grpc_code="Internal"} 1
}

func ExampleNewClient() {
	reg := engine.NewRegistry()
	metrics, err := grpcmetrics.NewClient(reg, grpcmetrics.WithMessageTimes())
	if err != nil {
		log.Fatal(err)
	}
	dial := metrics.DialOptions() // for grpc.NewClient

	server := grpc.NewServer()
	grpc_health_v1.RegisterHealthServer(server, health.NewServer())
	check(server, dial, "", "nothing")
	show(reg, encode.Text, "grpc_client_handled", "grpc_client_msg_recv_handling_seconds_count")
	// Output:
	// grpc_client_handled_total{grpc_type="unary",grpc_service="grpc.health.v1.Health",grpc_method="Check",grpc_code="OK"} 1
	// grpc_client_handled_total{grpc_type="unary",grpc_service="grpc.health.v1.Health",grpc_method="Check",grpc_code="NotFound"} 1
	// grpc_client_msg_recv_handling_seconds_count{grpc_type="unary",grpc_service="grpc.health.v1.Health",grpc_method="Check"} 2
}

// Two servers of one program have their metrics in one registry.
func ExampleOption() {
	reg := engine.NewRegistry()
	isHealth := func(method string) bool { return strings.HasPrefix(method, "/grpc.health.v1.Health/") }
	public, err := grpcmetrics.NewServer(reg,
		grpcmetrics.WithConstLabels(engine.Labels{"server": "public"}),
		grpcmetrics.WithHandlingTimes(.001, .01, .1, 1),
		grpcmetrics.WithSizes(),
	)
	if err != nil {
		log.Fatal(err)
	}
	internal, err := grpcmetrics.NewServer(reg,
		grpcmetrics.WithConstLabels(engine.Labels{"server": "internal"}),
		grpcmetrics.WithHandlingTimes(),
		grpcmetrics.WithNativeHistograms(histogram.NativeDefaults()),
		grpcmetrics.WithSkip(isHealth),
	)
	if err != nil {
		log.Fatal(err)
	}
	for _, metrics := range []*grpcmetrics.Server{public, internal} {
		server := grpc.NewServer(metrics.Options()...)
		grpc_health_v1.RegisterHealthServer(server, health.NewServer())
		check(server, nil, "")
	}
	show(reg, encode.Text, "grpc_server_started", "grpc_server_msg_sent_size_bytes_sum")
	// Output:
	// grpc_server_msg_sent_size_bytes_sum{grpc_type="unary",grpc_service="grpc.health.v1.Health",grpc_method="Check",server="public"} 2
	// grpc_server_started_total{grpc_type="unary",grpc_service="grpc.health.v1.Health",grpc_method="Check",server="public"} 1
}

// traceKey is the key of the id of a trace in a context. A program that traces asks its library.
type traceKey struct{}

func trace(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	return handler(context.WithValue(ctx, traceKey{}, "0af7651916cd43dd8448eb211c80319c"), request)
}

func ExampleWithExemplars() {
	reg := engine.NewRegistry()
	metrics, err := grpcmetrics.NewServer(reg, grpcmetrics.WithExemplars(func(ctx context.Context) engine.Labels {
		if id, ok := ctx.Value(traceKey{}).(string); ok {
			return engine.Labels{"trace_id": id}
		}
		return nil
	}))
	if err != nil {
		log.Fatal(err)
	}
	tracing := grpc.ChainUnaryInterceptor(trace)
	server := grpc.NewServer(append([]grpc.ServerOption{tracing}, metrics.Options()...)...)
	grpc_health_v1.RegisterHealthServer(server, health.NewServer())

	check(server, nil, "")
	var page strings.Builder
	if _, err := reg.Expose(&page, engine.Exposition{Format: encode.OpenMetrics}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(strings.Contains(page.String(), `grpc_code="OK"} 1 # {trace_id="0af7651916cd43dd8448eb211c80319c"} 1`))
	// Output: true
}
