// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
)

const streamMethod = "/grpc.testing.TestService/FullDuplexCall"

// serverStreamCall does what a server does for a stream of two messages.
func (c contestant) serverStreamCall() func() {
	var stream grpc.ServerStream = serverSide{}
	handler := func(_ any, s grpc.ServerStream) error {
		if err := s.RecvMsg(nil); err != nil {
			return err
		}
		return s.SendMsg(nil)
	}
	info := &grpc.StreamServerInfo{FullMethod: streamMethod, IsClientStream: true, IsServerStream: true}
	return func() { _ = c.serverStream(nil, stream, info, handler) }
}

// serverSide is a server's end of a stream whose messages come and go at once.
type serverSide struct{ grpc.ServerStream }

func (serverSide) Context() context.Context { return context.Background() }
func (serverSide) SendMsg(any) error        { return nil }
func (serverSide) RecvMsg(any) error        { return nil }

// clientStreamCall does what a client does for a stream of two messages and its end.
func (c contestant) clientStreamCall() func() {
	var stream grpc.ClientStream = clientSide{}
	streamer := func(context.Context, *grpc.StreamDesc, *grpc.ClientConn, string, ...grpc.CallOption) (
		grpc.ClientStream, error,
	) {
		return stream, nil
	}
	desc := &grpc.StreamDesc{ClientStreams: true}
	return func() {
		s, err := c.clientStream(context.Background(), desc, nil, streamMethod, streamer)
		if err == nil {
			_, _ = s.SendMsg(nil), s.RecvMsg(nil)
		}
	}
}

// clientSide is a client's end of a stream whose messages come and go at once.
type clientSide struct{ grpc.ClientStream }

func (clientSide) SendMsg(any) error { return nil }
func (clientSide) RecvMsg(any) error { return nil }

func TestACallAllocatesNoMoreThanUnderTheProvider(t *testing.T) {
	for _, times := range []bool{false, true} {
		list := contestants(t, times)
		quipu, provider := list[1], list[2]
		for name, calls := range map[string][2]func(){
			"server":        {quipu.serverCall(), provider.serverCall()},
			"client":        {quipu.clientCall(), provider.clientCall()},
			"server stream": {quipu.serverStreamCall(), provider.serverStreamCall()},
			"client stream": {quipu.clientStreamCall(), provider.clientStreamCall()},
		} {
			var allocations [2]float64
			for i, call := range calls {
				call()
				allocations[i] = testing.AllocsPerRun(1000, call)
			}
			t.Logf("%s, times %v: quipu %v, provider %v", name, times, allocations[0], allocations[1])
			require.LessOrEqual(t, allocations[0], allocations[1], "%s, times %v", name, times)
		}
	}
}
