// SPDX-License-Identifier: Apache-2.0

package grpcmetrics

import (
	"context"
	"sync/atomic"

	"google.golang.org/grpc/stats"
)

// serverSizes observes the sizes of the messages of calls that the interceptors count. gRPC gives
// every call to it, made-up methods among them, and receives the request of a unary call before it
// runs the interceptors. So TagRPC makes no series: the interceptor tells which method it is.
//
// The address of a serverSizes is the key of its values in contexts.
type serverSizes struct{ statsHandler }

// serverCall is the value in the context of a call. method is nil until the interceptor has set it.
// Before that, first is the size of the first message and 1, or 0.
//
// gRPC receives a message on the goroutine that asks for it, and a stream has one such goroutine at
// a time. Before the interceptor runs, that is the goroutine of the interceptor, so first is not
// written while the interceptor reads it. An interceptor before ours might receive several messages
// of a stream, of which all but the last are not observed then.
type serverCall struct {
	method atomic.Pointer[method]
	first  atomic.Int64
}

// TagRPC implements stats.Handler.
func (s *serverSizes) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context {
	return context.WithValue(ctx, s, &serverCall{})
}

// reached connects a call with the method that it is counted under. s may be nil.
func (s *serverSizes) reached(ctx context.Context, m *method) {
	if s == nil {
		return
	}
	call, ok := ctx.Value(s).(*serverCall)
	if !ok {
		return // the server does not have the stats.Handler, or an interceptor made another context
	}
	call.method.Store(m)
	if first := call.first.Load(); first > 0 {
		m.observeReceived(int(first - 1))
	}
}

// HandleRPC implements stats.Handler.
func (s *serverSizes) HandleRPC(ctx context.Context, event stats.RPCStats) {
	switch event := event.(type) {
	case *stats.InPayload:
		call, ok := ctx.Value(s).(*serverCall)
		if !ok {
			return
		}
		if m := call.method.Load(); m != nil {
			m.observeReceived(event.Length)
		} else {
			call.first.Store(int64(event.Length) + 1)
		}
	case *stats.OutPayload:
		if call, ok := ctx.Value(s).(*serverCall); ok {
			if m := call.method.Load(); m != nil {
				m.observeSent(event.Length)
			}
		}
	}
}

// clientSizes observes the sizes of the messages of calls that the interceptors count. They run
// before gRPC does anything, and put the method into the context. The address of a clientSizes is
// the key.
type clientSizes struct{ statsHandler }

// begin returns the context for a call of a method. m is nil if the method is skipped: the call may
// be made in the context of another one, by an interceptor that gets a token. s may be nil.
func (s *clientSizes) begin(ctx context.Context, m *method) context.Context {
	if s == nil {
		return ctx
	}
	return context.WithValue(ctx, s, m)
}

// TagRPC implements stats.Handler.
func (s *clientSizes) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }

// HandleRPC implements stats.Handler.
func (s *clientSizes) HandleRPC(ctx context.Context, event stats.RPCStats) {
	switch event := event.(type) {
	case *stats.InPayload:
		if m, _ := ctx.Value(s).(*method); m != nil {
			m.observeReceived(event.Length)
		}
	case *stats.OutPayload:
		if m, _ := ctx.Value(s).(*method); m != nil {
			m.observeSent(event.Length)
		}
	}
}

// statsHandler is the half of a stats.Handler that is for connections, with which these have
// nothing to do.
type statsHandler struct {
	_ byte // variables of size 0 may share an address, which is a key here
}

// TagConn implements stats.Handler.
func (*statsHandler) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

// HandleConn implements stats.Handler.
func (*statsHandler) HandleConn(context.Context, stats.ConnStats) {}
