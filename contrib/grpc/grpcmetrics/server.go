// SPDX-License-Identifier: Apache-2.0

package grpcmetrics

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"github.com/quipu-metrics/quipu/engine"
)

// Server measures the calls that gRPC servers serve. All methods may be called concurrently, and
// several servers may share it.
type Server struct {
	methods *methods
	sizes   *serverSizes // nil: sizes are not wanted
}

// NewServer defines the metrics of a server in reg. [Server.Options] connects them with a
// grpc.Server:
//
//	grpc_server_started_total                counter    type, service, method        calls that have begun
//	grpc_server_handled_total                counter    type, service, method, code  calls that have ended
//	grpc_server_msg_received_total           counter    type, service, method        receptions of a message
//	grpc_server_msg_sent_total               counter    type, service, method        sendings of a message
//	grpc_server_handling_seconds             histogram  type, service, method        with WithHandlingTimes
//	grpc_server_msg_received_size_bytes      histogram  type, service, method        with WithSizes
//	grpc_server_msg_sent_size_bytes          histogram  type, service, method        with WithSizes
//
// The error says which option cannot work, or which metric cannot be defined, for example because
// its name is taken. Metrics before that one stay defined. If the metrics are there already, with
// the same options, the Server shares them, unless the registry is strict; [WithConstLabels] tells
// servers apart.
func NewServer(reg *engine.Registry, options ...Option) (*Server, error) {
	s, err := newSettings(options)
	if err == nil && s.messageTimes != nil {
		err = fmt.Errorf("%w: WithMessageTimes is for clients", engine.ErrOption)
	}
	if err != nil {
		return nil, fmt.Errorf("quipu: gRPC server: %w", err)
	}
	f, err := defineFamilies(reg, serverSide, s)
	if err != nil {
		return nil, fmt.Errorf("quipu: gRPC server: %w", err)
	}
	server := &Server{methods: newMethods(f, s.skip)}
	if s.sizes != nil {
		server.sizes = new(serverSizes)
	}
	return server, nil
}

// Options returns the options for grpc.NewServer. Interceptors run in the order of the options, so
// it is their place among other options that decides which interceptors see the calls first. Those
// of grpc.UnaryInterceptor and grpc.StreamInterceptor come before all others. An interceptor that
// comes before may reject a call, which is then not counted. See the package documentation for
// panics.
func (s *Server) Options() []grpc.ServerOption {
	options := []grpc.ServerOption{
		grpc.ChainUnaryInterceptor(s.UnaryInterceptor()), grpc.ChainStreamInterceptor(s.StreamInterceptor()),
	}
	if s.sizes != nil {
		options = append(options, grpc.StatsHandler(s.sizes))
	}
	return options
}

// UnaryInterceptor returns the interceptor of unary calls that is among the [Server.Options], for
// programs that have their interceptors in a list. A call costs no allocation, or one if its error
// is no status (BenchmarkUnary).
func (s *Server) UnaryInterceptor() grpc.UnaryServerInterceptor { return s.unary }

// StreamInterceptor returns the interceptor of streams that is among the [Server.Options]. A stream
// costs one allocation, its messages none (BenchmarkStream).
func (s *Server) StreamInterceptor() grpc.StreamServerInterceptor { return s.stream }

// Preregister creates the series of all methods that a server has registered, with the value 0.
// Without histograms, a method has 20 series, 17 of them for its codes. Without Preregister, a
// series appears with its first update. Streams of a service that is registered without an
// implementation have series of their own only if Preregister has made them. Call it after the
// services are registered and before the server serves:
//
//	grpc_health_v1.RegisterHealthServer(server, health.NewServer())
//	metrics.Preregister(server)
func (s *Server) Preregister(server interface {
	GetServiceInfo() map[string]grpc.ServiceInfo
}) {
	services := server.GetServiceInfo()
	for _, service := range slices.Sorted(maps.Keys(services)) { // so that all pages have one order
		list := slices.Clone(services[service].Methods)
		slices.SortFunc(list, func(a, b grpc.MethodInfo) int { return strings.Compare(a.Name, b.Name) })
		for _, info := range list {
			typ := methodType(info.IsClientStream, info.IsServerStream)
			if m := s.methods.find(typ, "/"+service+"/"+info.Name, true); m != nil {
				m.create()
			}
		}
	}
}

// unary counts a unary call. A call whose handler panics or ends its goroutine has the code
// Unknown. The deferred function does not recover, so the panic goes on with its stack.
func (s *Server) unary(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (
	response any, err error,
) {
	m := s.methods.find(unary, info.FullMethod, true)
	if m == nil {
		return handler(ctx, request)
	}
	start, code := m.begin(), codes.Unknown
	defer func() { m.end(ctx, code, start) }()
	m.countReceived()
	s.sizes.reached(ctx, m)
	response, err = handler(ctx, request)
	m.countSent()
	code = codeOf(err)
	return response, err
}

// stream counts a stream. gRPC calls the handler of unknown methods without an implementation of
// their service, which is how they are told from those that the server has registered.
func (s *Server) stream(implementation any, stream grpc.ServerStream, info *grpc.StreamServerInfo,
	handler grpc.StreamHandler,
) error {
	typ := streamType(info.IsClientStream, info.IsServerStream)
	m := s.methods.find(typ, info.FullMethod, implementation != nil)
	if m == nil {
		return handler(implementation, stream)
	}
	start, code := m.begin(), codes.Unknown
	defer func() { m.end(stream.Context(), code, start) }()
	s.sizes.reached(stream.Context(), m)
	err := handler(implementation, &countedServerStream{stream, m})
	code = codeOf(err)
	return err
}

// countedServerStream counts the messages of a stream. It adds nothing to what the stream allows:
// one goroutine may send while another one receives.
type countedServerStream struct {
	grpc.ServerStream
	method *method
}

// SendMsg implements grpc.ServerStream.
func (s *countedServerStream) SendMsg(message any) error {
	err := s.ServerStream.SendMsg(message)
	s.method.countSent()
	return err
}

// RecvMsg implements grpc.ServerStream.
func (s *countedServerStream) RecvMsg(message any) error {
	err := s.ServerStream.RecvMsg(message)
	s.method.countReceived()
	return err
}
