// SPDX-License-Identifier: Apache-2.0

package grpcmetrics_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/status"

	"github.com/quipu-metrics/quipu/contrib/grpc/grpcmetrics"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

const (
	patience = 30 * time.Second // the machine may be busy
	service  = "grpc.testing.TestService"
)

// echo is a service that does what its requests say.
type echo struct {
	pb.UnimplementedTestServiceServer
	fail func(context.Context) error // of unary calls and of bidirectional streams; nil: as the request says
}

func (e *echo) result(ctx context.Context, s *pb.EchoStatus) error {
	if e.fail != nil {
		return e.fail(ctx)
	}
	return status.Error(codes.Code(s.GetCode()), s.GetMessage())
}

func (e *echo) UnaryCall(ctx context.Context, r *pb.SimpleRequest) (*pb.SimpleResponse, error) {
	if err := e.result(ctx, r.GetResponseStatus()); err != nil {
		return nil, err
	}
	return &pb.SimpleResponse{Payload: &pb.Payload{Body: make([]byte, r.GetResponseSize())}}, nil
}

// StreamingOutputCall sends a response of each size.
func (e *echo) StreamingOutputCall(r *pb.StreamingOutputCallRequest,
	s grpc.ServerStreamingServer[pb.StreamingOutputCallResponse],
) error {
	for _, p := range r.GetResponseParameters() {
		if err := s.Send(output(int(p.GetSize()))); err != nil {
			return err
		}
	}
	return e.result(s.Context(), r.GetResponseStatus())
}

// StreamingInputCall reads all requests and answers with their size.
func (e *echo) StreamingInputCall(
	s grpc.ClientStreamingServer[pb.StreamingInputCallRequest, pb.StreamingInputCallResponse],
) error {
	size := 0
	for {
		r, err := s.Recv()
		if errors.Is(err, io.EOF) {
			return s.SendAndClose(&pb.StreamingInputCallResponse{AggregatedPayloadSize: int32(size)})
		}
		if err != nil {
			return err
		}
		size += len(r.GetPayload().GetBody())
	}
}

// FullDuplexCall answers each request with the responses that it asks for, and ends with the status
// that one asks for.
func (e *echo) FullDuplexCall(
	s grpc.BidiStreamingServer[pb.StreamingOutputCallRequest, pb.StreamingOutputCallResponse],
) error {
	for {
		r, err := s.Recv()
		if errors.Is(err, io.EOF) {
			return e.result(s.Context(), nil)
		}
		if err != nil {
			return err
		}
		for _, p := range r.GetResponseParameters() {
			if err := s.Send(output(int(p.GetSize()))); err != nil {
				return err
			}
		}
		if r.GetResponseStatus() != nil {
			return e.result(s.Context(), r.GetResponseStatus())
		}
	}
}

func output(size int) *pb.StreamingOutputCallResponse {
	return &pb.StreamingOutputCallResponse{Payload: &pb.Payload{Body: make([]byte, size)}}
}

// asks returns a request for a response of each size.
func asks(sizes ...int32) *pb.StreamingOutputCallRequest {
	r := &pb.StreamingOutputCallRequest{}
	for _, size := range sizes {
		r.ResponseParameters = append(r.ResponseParameters, &pb.ResponseParameters{Size: size})
	}
	return r
}

// serve starts a server on the loopback interface, which the test stops, and connects to it.
func serve(t testing.TB, register func(*grpc.Server), server []grpc.ServerOption, client ...grpc.DialOption,
) *grpc.ClientConn {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := grpc.NewServer(server...)
	register(s)
	served := make(chan error, 1)
	go func() { served <- s.Serve(listener) }()
	client = append(client, grpc.WithTransportCredentials(insecure.NewCredentials()))
	conn, err := grpc.NewClient(listener.Addr().String(), client...)
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = conn.Close() // a test may have closed it
		s.Stop()
		require.NoError(t, <-served)
	})
	return conn
}

// registered returns the function that registers a service.
func registered(e *echo) func(*grpc.Server) {
	return func(s *grpc.Server) { pb.RegisterTestServiceServer(s, e) }
}

// world is a measured client and server. Both have their metrics in one registry.
type world struct {
	reg    *engine.Registry
	conn   *grpc.ClientConn
	client pb.TestServiceClient
}

func newWorld(t testing.TB, e *echo, options ...grpcmetrics.Option) *world {
	t.Helper()
	reg := engine.NewRegistry(engine.WithStrict())
	server, err := grpcmetrics.NewServer(reg, options...)
	require.NoError(t, err)
	client, err := grpcmetrics.NewClient(reg, options...)
	require.NoError(t, err)
	conn := serve(t, registered(e), server.Options(), client.DialOptions()...)
	return &world{reg, conn, pb.NewTestServiceClient(conn)}
}

// within returns the context of a test, which ends soon enough to say where the test hangs.
func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// page returns the page of a registry, without the registry's own metrics.
func page(t testing.TB, reg *engine.Registry) *testkit.Page {
	t.Helper()
	var text strings.Builder
	_, err := reg.Expose(&text, engine.Exposition{NoSelf: true})
	require.NoError(t, err)
	p, err := testkit.ParsePage(text.String())
	require.NoError(t, err)
	return p
}

// labels are those of a series of the service above.
func labels(typ, method string, more ...string) []string {
	return append([]string{"grpc_type", typ, "grpc_service", service, "grpc_method", method}, more...)
}

// handled waits until calls of a method have ended with a code on one side, because a stream may
// end after its client has gone on. It requires that no others of this method have ended.
func handled(t testing.TB, reg *engine.Registry, side, typ, method, code string, want float64) {
	t.Helper()
	name := "grpc_" + side + "_handled_total"
	series := testkit.Series(name, labels(typ, method, "grpc_code", code)...)
	testkit.Poll(t, patience, func() error {
		p := page(t, reg)
		if p.Samples[series] < want {
			return errors.New(series + ":\n" + p.Text)
		}
		return nil
	})
	p := page(t, reg)
	sum := 0.0
	for of, value := range p.Named(name) {
		if strings.Contains(of, `grpc_method="`+method+`"`) {
			sum += value
		}
	}
	require.Equal(t, want, sum, p.Text)
}

// drain reads a stream to its end, and returns its error and the number of messages.
func drain[M any](s grpc.ServerStreamingClient[M]) (messages int, err error) {
	for {
		if _, err = s.Recv(); err != nil {
			return messages, err
		}
		messages++
	}
}
