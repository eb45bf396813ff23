// SPDX-License-Identifier: Apache-2.0

package grpcmetrics_test

import (
	"context"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding/gzip"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/quipu-metrics/quipu/contrib/grpc/grpcmetrics"
	"github.com/quipu-metrics/quipu/engine"
)

func TestSizesAreThoseOfMessagesBeforeCompression(t *testing.T) {
	w, ctx := newWorld(t, &echo{}, grpcmetrics.WithSizes()), within(t)
	request := &pb.SimpleRequest{ResponseSize: 3000, Payload: &pb.Payload{Body: make([]byte, 5000)}}
	response, err := w.client.UnaryCall(ctx, request, grpc.UseCompressor(gzip.Name))
	require.NoError(t, err)
	down, err := w.client.StreamingOutputCall(ctx, asks(100, 1000))
	require.NoError(t, err)
	_, err = drain(down)
	require.ErrorIs(t, err, io.EOF)

	type sizes struct{ count, sum float64 }
	of := func(messages ...proto.Message) (s sizes) {
		for _, m := range messages {
			s.count++
			s.sum += float64(proto.Size(m))
		}
		return s
	}
	p := page(t, w.reg)
	for _, tt := range []struct {
		typ, method         string
		requests, responses sizes
	}{
		{"unary", "UnaryCall", of(request), of(response)},
		{"server_stream", "StreamingOutputCall", of(asks(100, 1000)), of(output(100), output(1000))},
	} {
		for name, want := range map[string]sizes{
			"grpc_client_msg_sent_size_bytes": tt.requests, "grpc_server_msg_received_size_bytes": tt.requests,
			"grpc_server_msg_sent_size_bytes": tt.responses, "grpc_client_msg_received_size_bytes": tt.responses,
		} {
			of := labels(tt.typ, tt.method)
			got := sizes{p.Value(t, name+"_count", of...), p.Value(t, name+"_sum", of...)}
			require.Equal(t, want, got, "%s of %s", name, tt.method)
		}
	}
	require.Equal(t, 1.0, p.Value(t, "grpc_server_msg_received_size_bytes_bucket",
		append(labels("unary", "UnaryCall"), "le", "16384")...))
	require.Zero(t, p.Value(t, "grpc_server_msg_received_size_bytes_bucket",
		append(labels("unary", "UnaryCall"), "le", "4096")...))
}

func TestSizesOfCallsThatAreRejectedBeforeAreNotObserved(t *testing.T) {
	reg := engine.NewRegistry()
	metrics, err := grpcmetrics.NewServer(reg, grpcmetrics.WithSizes())
	require.NoError(t, err)
	reject := grpc.ChainUnaryInterceptor(
		func(context.Context, any, *grpc.UnaryServerInfo, grpc.UnaryHandler) (any, error) {
			return nil, status.Error(codes.Unauthenticated, "who are you?")
		})
	conn := serve(t, registered(&echo{}), append([]grpc.ServerOption{reject}, metrics.Options()...))
	client := pb.NewTestServiceClient(conn)
	_, err = client.UnaryCall(within(t), &pb.SimpleRequest{})
	require.Equal(t, codes.Unauthenticated, status.Code(err))
	require.Empty(t, page(t, reg).Samples)
}

// Two servers of one program, or a client within a handler, must not take each other's calls.
func TestSizesOfSeveralRegistriesAreKeptApart(t *testing.T) {
	var regs []*engine.Registry
	var options []grpc.ServerOption
	for range 2 {
		reg := engine.NewRegistry()
		metrics, err := grpcmetrics.NewServer(reg, grpcmetrics.WithSizes())
		require.NoError(t, err)
		regs, options = append(regs, reg), append(options, metrics.Options()...)
	}
	client := pb.NewTestServiceClient(serve(t, registered(&echo{}), options))
	_, err := client.UnaryCall(within(t), &pb.SimpleRequest{})
	require.NoError(t, err)
	for _, reg := range regs {
		for _, direction := range []string{"received", "sent"} {
			require.Equal(t, 1.0, page(t, reg).Value(t, "grpc_server_msg_"+direction+"_size_bytes_count",
				labels("unary", "UnaryCall")...), direction)
		}
	}
}

// An interceptor may get a token by a call in the context of another call.
func TestSizesOfASkippedCallAreNotThoseOfTheCallAroundIt(t *testing.T) {
	const token = "/" + service + "/EmptyCall"
	reg := engine.NewRegistry()
	metrics, err := grpcmetrics.NewClient(reg, grpcmetrics.WithSizes(),
		grpcmetrics.WithSkip(func(method string) bool { return method == token }))
	require.NoError(t, err)
	authenticate := func(ctx context.Context, method string, request, response any, conn *grpc.ClientConn,
		invoker grpc.UnaryInvoker, options ...grpc.CallOption,
	) error {
		if method != token {
			_ = conn.Invoke(ctx, token, &pb.Empty{}, &pb.Empty{})
			stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, token)
			if err == nil {
				_ = stream.SendMsg(&pb.Empty{})
			}
		}
		return invoker(ctx, method, request, response, conn, options...)
	}
	options := append(metrics.DialOptions(), grpc.WithChainUnaryInterceptor(authenticate))
	client := pb.NewTestServiceClient(serve(t, registered(&echo{}), nil, options...))
	_, err = client.UnaryCall(within(t), &pb.SimpleRequest{})
	require.NoError(t, err)
	of := labels("unary", "UnaryCall")
	require.Equal(t, 1.0, page(t, reg).Value(t, "grpc_client_msg_sent_size_bytes_count", of...))
}

// BenchmarkLoopback measures a unary call over a connection, without metrics and with them on both
// sides.
func BenchmarkLoopback(b *testing.B) {
	for _, bm := range []struct {
		name     string
		measured bool
		options  []grpcmetrics.Option
	}{
		{"without", false, nil},
		{"counters", true, nil},
		{"times", true, []grpcmetrics.Option{grpcmetrics.WithHandlingTimes()}},
		{"sizes", true, []grpcmetrics.Option{grpcmetrics.WithHandlingTimes(), grpcmetrics.WithSizes()}},
	} {
		b.Run(bm.name, func(b *testing.B) {
			var client pb.TestServiceClient
			if bm.measured {
				client = newWorld(b, &echo{}, bm.options...).client
			} else {
				client = pb.NewTestServiceClient(serve(b, registered(&echo{}), nil))
			}
			request := &pb.SimpleRequest{}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := client.UnaryCall(context.Background(), request); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
