// SPDX-License-Identifier: Apache-2.0

package grpcmetrics_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/quipu-metrics/quipu/contrib/grpc/grpcmetrics"
	"github.com/quipu-metrics/quipu/engine"
)

func TestCallsOfEveryTypeAreCountedOnBothSides(t *testing.T) {
	w, ctx := newWorld(t, &echo{}, grpcmetrics.WithHandlingTimes()), within(t)
	_, err := w.client.UnaryCall(ctx, &pb.SimpleRequest{})
	require.NoError(t, err)

	up, err := w.client.StreamingInputCall(ctx)
	require.NoError(t, err)
	for range 3 {
		require.NoError(t, up.Send(&pb.StreamingInputCallRequest{}))
	}
	_, err = up.CloseAndRecv()
	require.NoError(t, err)

	down, err := w.client.StreamingOutputCall(ctx, asks(1, 2))
	require.NoError(t, err)
	n, err := drain(down)
	require.ErrorIs(t, err, io.EOF)
	require.Equal(t, 2, n)

	both, err := w.client.FullDuplexCall(ctx)
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, both.Send(asks(1, 1, 1)))
	}
	require.NoError(t, both.CloseSend())
	n, err = drain(both)
	require.ErrorIs(t, err, io.EOF)
	require.Equal(t, 6, n)

	p := page(t, w.reg)
	for _, tt := range []struct {
		typ, method                                      string
		serverReceived, serverSent, clientReceived, sent float64
	}{
		{"unary", "UnaryCall", 1, 1, 1, 1},
		{"client_stream", "StreamingInputCall", 3 + 1, 1, 1, 3}, // the end of a stream counts as a message
		{"server_stream", "StreamingOutputCall", 1, 2, 2 + 1, 1},
		{"bidi_stream", "FullDuplexCall", 2 + 1, 6, 6 + 1, 2},
	} {
		of := labels(tt.typ, tt.method)
		for side, want := range map[string][]float64{
			"server": {tt.serverReceived, tt.serverSent}, "client": {tt.clientReceived, tt.sent},
		} {
			require.Equal(t, 1.0, p.Value(t, "grpc_"+side+"_started_total", of...))
			require.Equal(t, 1.0, p.Value(t, "grpc_"+side+"_handled_total", append(of, "grpc_code", "OK")...))
			require.Equal(t, 1.0, p.Value(t, "grpc_"+side+"_handling_seconds_count", of...))
			require.Positive(t, p.Value(t, "grpc_"+side+"_handling_seconds_sum", of...))
			require.Equal(t, want[0], p.Value(t, "grpc_"+side+"_msg_received_total", of...), tt.method)
			require.Equal(t, want[1], p.Value(t, "grpc_"+side+"_msg_sent_total", of...), tt.method)
		}
	}
	require.Len(t, p.Named("grpc_server_handled_total"), 4)
	require.Len(t, p.Named("grpc_client_handled_total"), 4)
}

// errWrapped is an error around a status.
var errWrapped = fmt.Errorf("no luck: %w", status.Error(codes.NotFound, "nothing there"))

func TestTheCodeIsThatWhichTheClientGets(t *testing.T) {
	for want, err := range map[string]error{
		"OK":               nil,
		"NotFound":         errWrapped,
		"DataLoss":         status.Error(codes.DataLoss, "lost"),
		"Canceled":         context.Canceled,
		"DeadlineExceeded": fmt.Errorf("late: %w", context.DeadlineExceeded),
		"Unknown":          errors.New("no status"),
		"Code(17)":         status.Error(17, "no code of gRPC"),
	} {
		t.Run(want, func(t *testing.T) {
			w, ctx := newWorld(t, &echo{fail: func(context.Context) error { return err }}), within(t)
			_, got := w.client.UnaryCall(ctx, &pb.SimpleRequest{})
			require.Equal(t, want, status.Code(got).String())
			both, got := w.client.FullDuplexCall(ctx)
			require.NoError(t, got)
			require.NoError(t, both.CloseSend())
			_, got = drain(both)
			if !errors.Is(got, io.EOF) {
				require.Equal(t, want, status.Code(got).String())
			}
			for _, side := range []string{"server", "client"} {
				handled(t, w.reg, side, "unary", "UnaryCall", want, 1)
				handled(t, w.reg, side, "bidi_stream", "FullDuplexCall", want, 1)
			}
		})
	}
}

func TestAHandlerWhoseDeadlinePassesHasThatCode(t *testing.T) {
	w := newWorld(t, &echo{fail: func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, time.Millisecond)
		defer cancel()
		<-ctx.Done()
		return ctx.Err()
	}})
	_, err := w.client.UnaryCall(within(t), &pb.SimpleRequest{})
	require.Equal(t, codes.DeadlineExceeded, status.Code(err))
	for _, side := range []string{"server", "client"} {
		handled(t, w.reg, side, "unary", "UnaryCall", "DeadlineExceeded", 1)
	}
}

// recovery returns interceptors that turn panics into errors of a code, and keep the last stack.
func recovery(code codes.Code, stack *string) []grpc.ServerOption {
	recovered := func(err *error) {
		if p := recover(); p != nil {
			*stack = string(debug.Stack())
			*err = status.Errorf(code, "%v", p)
		}
	}
	return []grpc.ServerOption{
		grpc.ChainUnaryInterceptor(func(ctx context.Context, r any, _ *grpc.UnaryServerInfo, h grpc.UnaryHandler) (
			_ any, err error,
		) {
			defer recovered(&err)
			return h(ctx, r)
		}),
		grpc.ChainStreamInterceptor(func(srv any, s grpc.ServerStream, _ *grpc.StreamServerInfo, h grpc.StreamHandler) (
			err error,
		) {
			defer recovered(&err)
			return h(srv, s)
		}),
	}
}

// fall is the function that panics, to be found on the stack.
func fall(context.Context) error { panic("fallen") }

func TestPanicsAreCountedWithRecoveryOnEitherSide(t *testing.T) {
	for name, tt := range map[string]struct {
		inside bool
		want   string
	}{
		"recovery inside": {true, "Internal"}, "recovery outside": {false, "Unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			reg := engine.NewRegistry()
			metrics, err := grpcmetrics.NewServer(reg, grpcmetrics.WithHandlingTimes())
			require.NoError(t, err)
			var stack string
			options := append(recovery(codes.Internal, &stack), metrics.Options()...)
			if tt.inside {
				options = append(metrics.Options(), recovery(codes.Internal, &stack)...)
			}
			client := pb.NewTestServiceClient(serve(t, registered(&echo{fail: fall}), options))
			ctx := within(t)
			_, err = client.UnaryCall(ctx, &pb.SimpleRequest{})
			require.Equal(t, codes.Internal, status.Code(err))
			require.Contains(t, stack, "grpcmetrics_test.fall")
			stack = ""
			down, err := client.StreamingOutputCall(ctx, asks(1))
			require.NoError(t, err)
			_, err = drain(down)
			require.Equal(t, codes.Internal, status.Code(err))
			require.Contains(t, stack, "grpcmetrics_test.fall")

			handled(t, reg, "server", "unary", "UnaryCall", tt.want, 1)
			handled(t, reg, "server", "server_stream", "StreamingOutputCall", tt.want, 1)
			p := page(t, reg)
			require.Equal(t, 1.0, p.Value(t, "grpc_server_handling_seconds_count", labels("unary", "UnaryCall")...))
			require.Equal(t, tt.inside, len(p.Named("grpc_server_msg_sent_total")) == 2,
				"a unary call whose panic passes has sent nothing")
		})
	}
}

func TestAHandlerThatEndsItsGoroutineIsCounted(t *testing.T) {
	reg := engine.NewRegistry()
	metrics, err := grpcmetrics.NewServer(reg)
	require.NoError(t, err)
	over := make(chan struct{})
	go func() {
		defer close(over)
		info := &grpc.UnaryServerInfo{FullMethod: "/" + service + "/UnaryCall"}
		_, _ = metrics.UnaryInterceptor()(t.Context(), nil, info, func(context.Context, any) (any, error) {
			runtime.Goexit()
			return nil, nil
		})
	}()
	<-over
	handled(t, reg, "server", "unary", "UnaryCall", "Unknown", 1)
}

func TestTenThousandMadeUpMethodsShareTheirSeries(t *testing.T) {
	const made = 10_000
	reg := engine.NewRegistry()
	metrics, err := grpcmetrics.NewServer(reg, grpcmetrics.WithHandlingTimes(), grpcmetrics.WithSizes())
	require.NoError(t, err)
	answer := func(_ any, s grpc.ServerStream) error {
		if err := s.RecvMsg(&emptypb.Empty{}); err != nil {
			return err
		}
		return s.SendMsg(&emptypb.Empty{})
	}
	conn := serve(t, registered(&echo{}), append(metrics.Options(), grpc.UnknownServiceHandler(answer)))
	ctx := within(t)
	for i := range made {
		method := fmt.Sprintf("/%s/Method%d", service, i) // one more of a service that there is
		if i%2 == 0 {
			method = fmt.Sprintf("/made.up%d.Service/Method", i)
		}
		require.NoError(t, conn.Invoke(ctx, method, &emptypb.Empty{}, &emptypb.Empty{}))
	}
	_, err = pb.NewTestServiceClient(conn).UnaryCall(ctx, &pb.SimpleRequest{})
	require.NoError(t, err)

	// gRPC cannot know whether an unknown method is a stream, so the type is that of any stream.
	of := []string{"grpc_type", "bidi_stream", "grpc_service", "unknown", "grpc_method", "unknown"}
	p := page(t, reg)
	require.Equal(t, float64(made), p.Value(t, "grpc_server_started_total", of...))
	require.Equal(t, float64(made), p.Value(t, "grpc_server_handled_total", append(of, "grpc_code", "OK")...))
	require.Equal(t, float64(made), p.Value(t, "grpc_server_msg_sent_size_bytes_count", of...))
	require.Equal(t, 1.0, p.Value(t, "grpc_server_started_total", labels("unary", "UnaryCall")...))
	for _, name := range []string{"started_total", "handled_total", "handling_seconds_count", "msg_received_total"} {
		require.Len(t, p.Named("grpc_server_"+name), 2)
	}
}

func TestMethodsWithoutAnImplementationAreKnownOncePreregistered(t *testing.T) {
	desc := &grpc.ServiceDesc{ServiceName: "bare.Service", Streams: []grpc.StreamDesc{{
		StreamName: "Talk", ClientStreams: true, ServerStreams: true,
		Handler: func(any, grpc.ServerStream) error { return nil },
	}}}
	reg := engine.NewRegistry()
	metrics, err := grpcmetrics.NewServer(reg)
	require.NoError(t, err)
	conn := serve(t, func(s *grpc.Server) {
		s.RegisterService(desc, nil)
		metrics.Preregister(s)
	}, metrics.Options())
	require.Error(t, conn.Invoke(within(t), "/bare.Service/Talk", &emptypb.Empty{}, &emptypb.Empty{}))
	require.Equal(t, 1.0, page(t, reg).Value(t, "grpc_server_started_total",
		"grpc_type", "bidi_stream", "grpc_service", "bare.Service", "grpc_method", "Talk"))
}

func TestPreregisterMakesTheSeriesOfAllMethods(t *testing.T) {
	reg := engine.NewRegistry()
	metrics, err := grpcmetrics.NewServer(reg, grpcmetrics.WithHandlingTimes(), grpcmetrics.WithSizes(),
		grpcmetrics.WithSkip(func(method string) bool { return strings.HasSuffix(method, "/EmptyCall") }))
	require.NoError(t, err)
	server := grpc.NewServer(metrics.Options()...)
	pb.RegisterTestServiceServer(server, &echo{})
	for range 2 { // the second time changes nothing
		metrics.Preregister(server)
	}
	p := page(t, reg)
	counted := len(pb.TestService_ServiceDesc.Methods) + len(pb.TestService_ServiceDesc.Streams) - 1
	for _, name := range []string{
		"started_total", "msg_received_total", "msg_sent_total", "handling_seconds_count",
		"msg_received_size_bytes_count", "msg_sent_size_bytes_count",
	} {
		require.Len(t, p.Named("grpc_server_"+name), counted, name)
	}
	require.Len(t, p.Named("grpc_server_handled_total"), 17*counted)
	require.Zero(t, p.Value(t, "grpc_server_handled_total",
		labels("bidi_stream", "FullDuplexCall", "grpc_code", "Aborted")...))
	require.Zero(t, p.Value(t, "grpc_server_started_total", labels("client_stream", "StreamingInputCall")...))
	require.Zero(t, p.Value(t, "grpc_server_started_total", labels("server_stream", "StreamingOutputCall")...))
	require.NotContains(t, p.Text, "EmptyCall")
}

func TestTotalsAreExactWhenManyCallAtOnce(t *testing.T) {
	const callers, calls = 8, 50
	w, ctx := newWorld(t, &echo{}, grpcmetrics.WithHandlingTimes(), grpcmetrics.WithSizes()), within(t)
	failed := make(chan error, callers)
	for range callers {
		go func() {
			var err error
			for range calls {
				_, unary := w.client.UnaryCall(ctx, &pb.SimpleRequest{})
				err = errors.Join(err, unary)
				down, opened := w.client.StreamingOutputCall(ctx, asks(1, 1))
				if err = errors.Join(err, opened); opened == nil {
					if _, end := drain(down); !errors.Is(end, io.EOF) {
						err = errors.Join(err, end)
					}
				}
			}
			failed <- err
		}()
	}
	for range callers {
		require.NoError(t, <-failed)
	}
	p := page(t, w.reg)
	for _, side := range []string{"server", "client"} {
		for typ, method := range map[string]string{"unary": "UnaryCall", "server_stream": "StreamingOutputCall"} {
			handled(t, w.reg, side, typ, method, "OK", callers*calls)
			for _, name := range []string{"_handling_seconds_count", "_msg_sent_size_bytes_count"} {
				want := float64(callers * calls)
				if side == "server" && typ == "server_stream" && name == "_msg_sent_size_bytes_count" {
					want *= 2 // each call asks for two
				}
				require.Equal(t, want, p.Value(t, "grpc_"+side+name, labels(typ, method)...))
			}
		}
	}
}
