// SPDX-License-Identifier: Apache-2.0

package pages

import (
	"context"
	"errors"
	"testing"

	"github.com/grpc-ecosystem/go-grpc-middleware/v2/testing/testpb"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// quipuStream is both ends of a stream that succeeds.
type quipuStream struct {
	grpc.ServerStream
	grpc.ClientStream
}

func (quipuStream) Context() context.Context { return context.Background() }
func (quipuStream) SendMsg(any) error        { return nil }
func (quipuStream) RecvMsg(any) error        { return nil }

func TestQuipuPages(t *testing.T) {
	quick := []float64{60} // no call takes longer
	labels := prometheus.Labels{"cluster": "a\"b\\c\nd"}
	server := NewServerMetrics(
		WithServerCounterOptions(WithConstLabels(labels), WithNamespace("ns")),
		WithServerHandlingTimeHistogram(WithHistogramBuckets(quick), WithHistogramConstLabels(labels)),
		WithContextLabels("tenant"))
	client := NewClientMetrics(
		WithClientHandlingTimeHistogram(WithHistogramBuckets(quick)),
		WithClientStreamRecvHistogram(WithHistogramBuckets(quick)),
		WithClientStreamSendHistogram(WithHistogramOpts(&prometheus.HistogramOpts{Buckets: quick})))
	reg := prometheus.NewRegistry()
	reg.MustRegister(server)
	prometheus.WrapRegistererWith(prometheus.Labels{"side": "client"}, reg).MustRegister(client)

	s := grpc.NewServer()
	testpb.RegisterTestServiceServer(s, &testpb.TestPingService{})
	server.InitializeMetrics(s)

	options := []Option{
		WithExemplarFromContext(func(context.Context) prometheus.Labels {
			return prometheus.Labels{"trace_id": "4711"}
		}),
	}
	serverOptions := append(options, WithLabelsFromContext(func(context.Context) prometheus.Labels {
		return prometheus.Labels{"tenant": "acme"}
	}))
	ctx := context.Background()
	for i := range 100 {
		var err error
		switch i % 3 {
		case 1:
			err = status.Error(codes.NotFound, "no")
		case 2:
			err = errors.New("broken")
		}
		method := "/" + testpb.TestServiceFullName + "/Ping"
		_, got := server.UnaryServerInterceptor(serverOptions...)(ctx, nil, &grpc.UnaryServerInfo{FullMethod: method},
			func(context.Context, any) (any, error) { return nil, err })
		quipuSame(t, err, got)
		quipuSame(t, err, client.UnaryClientInterceptor(options...)(ctx, method, nil, nil, nil,
			func(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error { return err }))
		method = "/" + testpb.TestServiceFullName + "/PingStream"
		quipuSame(t, err, server.StreamServerInterceptor(serverOptions...)(nil, quipuStream{},
			&grpc.StreamServerInfo{FullMethod: method, IsClientStream: true, IsServerStream: true},
			func(_ any, s grpc.ServerStream) error {
				_, _ = s.RecvMsg(nil), s.SendMsg(nil)
				return err
			}))
		stream, _ := client.StreamClientInterceptor(options...)(ctx,
			&grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, nil, method,
			func(context.Context, *grpc.StreamDesc, *grpc.ClientConn, string, ...grpc.CallOption) (grpc.ClientStream, error) {
				return quipuStream{}, nil
			})
		_, _ = stream.SendMsg(nil), stream.RecvMsg(nil)
	}
	quipuPages(t, promhttp.HandlerFor(reg, promhttp.HandlerOpts{EnableOpenMetrics: true}),
		reg, server.serverStartedCounter, server.serverHandledHistogram,
		server.serverStartedCounter.WithLabelValues("a", "b", "c", "d"),
		server.serverHandledHistogram.WithLabelValues("a", "b", "c", "d"))
}

func quipuSame(t *testing.T, want, got error) {
	if want != got {
		t.Fatalf("%v is not %v", got, want)
	}
}
