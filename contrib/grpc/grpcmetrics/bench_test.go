// SPDX-License-Identifier: Apache-2.0

package grpcmetrics

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/quipu-metrics/quipu/engine"
)

const testMethod = "/package.Service/Method"

// calls makes unary calls without gRPC: an interceptor and nothing beneath it.
type calls struct{ server, client func(result error) }

func unaryCalls(t testing.TB, options ...Option) calls {
	t.Helper()
	reg := engine.NewRegistry()
	s, err := NewServer(reg, options...)
	require.NoError(t, err)
	c, err := NewClient(reg, options...)
	require.NoError(t, err)
	server, client := s.UnaryInterceptor(), c.UnaryInterceptor()
	info := &grpc.UnaryServerInfo{FullMethod: testMethod}
	ctx := context.Background()
	var result error
	handler := func(context.Context, any) (any, error) { return nil, result }
	invoker := func(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error { return result }
	return calls{
		func(err error) {
			result = err
			_, _ = server(ctx, nil, info, handler)
		},
		func(err error) {
			result = err
			_ = client(ctx, testMethod, nil, nil, nil, invoker)
		},
	}
}

// BenchmarkUnary measures what a unary call costs more than without the interceptor.
func BenchmarkUnary(b *testing.B) {
	noTrace := func(context.Context) engine.Labels { return nil }
	for _, bm := range []struct {
		name    string
		options []Option
	}{
		{"counters", nil},
		{"times", []Option{WithHandlingTimes()}},
		{"exemplars", []Option{WithHandlingTimes(), WithExemplars(noTrace)}},
		{"skipped", []Option{WithSkip(func(string) bool { return true })}},
	} {
		call := unaryCalls(b, bm.options...)
		for side, f := range map[string]func(error){"server": call.server, "client": call.client} {
			b.Run(bm.name+"/"+side, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					f(nil)
				}
			})
		}
	}
}

func BenchmarkUnaryParallel(b *testing.B) {
	s, err := NewServer(engine.NewRegistry(), WithHandlingTimes())
	require.NoError(b, err)
	server := s.UnaryInterceptor()
	handler := func(context.Context, any) (any, error) { return nil, nil }
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		info := &grpc.UnaryServerInfo{FullMethod: testMethod}
		for pb.Next() {
			_, _ = server(context.Background(), nil, info, handler)
		}
	})
}

// idleServerStream sends and receives nothing.
type idleServerStream struct{ grpc.ServerStream }

func (idleServerStream) Context() context.Context { return context.Background() }
func (idleServerStream) SendMsg(any) error        { return nil }
func (idleServerStream) RecvMsg(any) error        { return nil }

// idleClientStream sends and receives nothing.
type idleClientStream struct{ grpc.ClientStream }

func (idleClientStream) SendMsg(any) error { return nil }
func (idleClientStream) RecvMsg(any) error { return nil }

func idle(context.Context, *grpc.StreamDesc, *grpc.ClientConn, string, ...grpc.CallOption) (grpc.ClientStream, error) {
	return idleClientStream{}, nil
}

var bidi = &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}

// streams returns measured streams that send and receive nothing.
func streams(t testing.TB, options ...Option) (server grpc.ServerStream, client grpc.ClientStream) {
	t.Helper()
	reg := engine.NewRegistry()
	s, err := NewServer(reg, options...)
	require.NoError(t, err)
	c, err := NewClient(reg, options...)
	require.NoError(t, err)
	info := &grpc.StreamServerInfo{FullMethod: testMethod, IsClientStream: true, IsServerStream: true}
	require.NoError(t, s.StreamInterceptor()(t, idleServerStream{}, info, func(_ any, stream grpc.ServerStream) error {
		server = stream
		return nil
	}))
	client, err = c.StreamInterceptor()(context.Background(), bidi, nil, testMethod, idle)
	require.NoError(t, err)
	return server, client
}

// BenchmarkStream measures the messages of streams, and whole streams without a message.
func BenchmarkStream(b *testing.B) {
	server, client := streams(b)
	for side, s := range map[string]interface {
		SendMsg(any) error
		RecvMsg(any) error
	}{"server": server, "client": client} {
		b.Run("message/"+side, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = s.SendMsg(nil)
				_ = s.RecvMsg(nil)
			}
		})
	}
	metrics, err := NewServer(engine.NewRegistry())
	require.NoError(b, err)
	dialer, err := NewClient(engine.NewRegistry())
	require.NoError(b, err)
	b.Run("open/server", func(b *testing.B) {
		interceptor := metrics.StreamInterceptor()
		info := &grpc.StreamServerInfo{FullMethod: testMethod, IsClientStream: true, IsServerStream: true}
		handler := func(any, grpc.ServerStream) error { return nil }
		b.ReportAllocs()
		for b.Loop() {
			_ = interceptor(b, idleServerStream{}, info, handler)
		}
	})
	b.Run("open/client", func(b *testing.B) {
		interceptor := dialer.StreamInterceptor()
		b.ReportAllocs()
		for b.Loop() {
			_, _ = interceptor(context.Background(), bidi, nil, testMethod, idle)
		}
	})
}
