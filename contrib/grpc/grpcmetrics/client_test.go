// SPDX-License-Identifier: Apache-2.0

package grpcmetrics_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/status"

	"github.com/quipu-metrics/quipu/contrib/grpc/grpcmetrics"
	"github.com/quipu-metrics/quipu/engine"
)

// measured returns a client that is connected to a server without metrics.
func measured(t testing.TB, e *echo, options ...grpcmetrics.Option) *world {
	t.Helper()
	reg := engine.NewRegistry(engine.WithStrict())
	metrics, err := grpcmetrics.NewClient(reg, options...)
	require.NoError(t, err)
	conn := serve(t, registered(e), nil, metrics.DialOptions()...)
	return &world{reg, conn, pb.NewTestServiceClient(conn)}
}

func TestCallsToAServerThatIsNotThereAreCounted(t *testing.T) {
	reg := engine.NewRegistry()
	metrics, err := grpcmetrics.NewClient(reg, grpcmetrics.WithHandlingTimes())
	require.NoError(t, err)
	conn, err := grpc.NewClient("127.0.0.1:1",
		append(metrics.DialOptions(), grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	client, ctx := pb.NewTestServiceClient(conn), within(t)
	_, err = client.UnaryCall(ctx, &pb.SimpleRequest{})
	require.Equal(t, codes.Unavailable, status.Code(err))
	_, err = client.FullDuplexCall(ctx)
	require.Equal(t, codes.Unavailable, status.Code(err))
	handled(t, reg, "client", "unary", "UnaryCall", "Unavailable", 1)
	handled(t, reg, "client", "bidi_stream", "FullDuplexCall", "Unavailable", 1)
	p := page(t, reg)
	require.Equal(t, 1.0, p.Value(t, "grpc_client_handling_seconds_count", labels("bidi_stream", "FullDuplexCall")...))
	require.Len(t, p.Named("grpc_client_msg_sent_total"), 1, "the stream has no message")
}

func TestTimesOfMessagesAreThoseOfSendAndRecv(t *testing.T) {
	w, ctx := measured(t, &echo{}, grpcmetrics.WithMessageTimes(1, 2)), within(t)
	_, err := w.client.UnaryCall(ctx, &pb.SimpleRequest{})
	require.NoError(t, err)
	down, err := w.client.StreamingOutputCall(ctx, asks(1, 1))
	require.NoError(t, err)
	_, err = drain(down)
	require.Error(t, err)
	p := page(t, w.reg)
	for _, typ := range [][]string{labels("unary", "UnaryCall"), labels("server_stream", "StreamingOutputCall")} {
		for direction, times := range map[string]string{"sent": "send", "received": "recv"} {
			require.Equal(t, p.Value(t, "grpc_client_msg_"+direction+"_total", typ...),
				p.Value(t, "grpc_client_msg_"+times+"_handling_seconds_count", typ...))
		}
		require.Positive(t, p.Value(t, "grpc_client_msg_recv_handling_seconds_sum", typ...))
		require.Less(t, p.Value(t, "grpc_client_msg_recv_handling_seconds_sum", typ...), patience.Seconds())
		require.Less(t, p.Value(t, "grpc_client_msg_send_handling_seconds_sum", typ...), patience.Seconds())
	}
	require.Empty(t, p.Named("grpc_client_handling_seconds_count"))
}

func TestAProxyThatCallsTenThousandMethodsMakesABoundedNumberOfSeries(t *testing.T) {
	const made, most = 10_000, 2000
	reg := engine.NewRegistry()
	metrics, err := grpcmetrics.NewClient(reg)
	require.NoError(t, err)
	call := func(method string) {
		err := metrics.UnaryInterceptor()(t.Context(), method, nil, nil, nil,
			func(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error { return nil })
		require.NoError(t, err)
	}
	for i := range made {
		call(fmt.Sprintf("/a.Service/Method%d", i))
	}
	call("/a.Service/Method0") // is known still
	p := page(t, reg)
	require.Len(t, p.Named("grpc_client_started_total"), most+1)
	require.Len(t, p.Named("grpc_client_handled_total"), most+1)
	require.Equal(t, 2.0, p.Value(t, "grpc_client_started_total",
		"grpc_type", "unary", "grpc_service", "a.Service", "grpc_method", "Method0"))
	require.Equal(t, float64(made-most), p.Value(t, "grpc_client_started_total",
		"grpc_type", "unary", "grpc_service", engine.OverflowValue, "grpc_method", engine.OverflowValue))
}

func TestAPanicOfAnInterceptorAfterOursIsCountedAndPassesThrough(t *testing.T) {
	reg := engine.NewRegistry()
	metrics, err := grpcmetrics.NewClient(reg)
	require.NoError(t, err)
	require.PanicsWithValue(t, "no", func() {
		_ = metrics.UnaryInterceptor()(t.Context(), "/"+service+"/UnaryCall", nil, nil, nil,
			func(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error { panic("no") })
	})
	require.PanicsWithValue(t, "no", func() {
		_, _ = metrics.StreamInterceptor()(t.Context(), &grpc.StreamDesc{ServerStreams: true}, nil, "/"+service+"/Down",
			func(context.Context, *grpc.StreamDesc, *grpc.ClientConn, string, ...grpc.CallOption) (
				grpc.ClientStream, error,
			) {
				panic("no")
			})
	})
	handled(t, reg, "client", "unary", "UnaryCall", "Unknown", 1)
	handled(t, reg, "client", "server_stream", "Down", "Unknown", 1)
}
