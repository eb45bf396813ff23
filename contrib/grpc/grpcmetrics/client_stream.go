// SPDX-License-Identifier: Apache-2.0

package grpcmetrics

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
)

// countedClientStream counts the messages of a stream, and its end once.
//
// A program that reads a stream to its end learns the code of the call from RecvMsg, and so do we.
// Many programs do not: they cancel the context, close the connection, or give up because a
// message cannot be sent. gRPC tells that by a call of finish, once for each of its streams, on any
// goroutine. If that happens outside of RecvMsg, the call is over.
//
// If it happens during RecvMsg, or while the stream is made, the result of that function decides:
// an interceptor after ours may translate the error, or open another stream and go on. deciding is
// true meanwhile. What is left is RecvMsg that returns a message which was there already, while the
// context ends or the connection is closed, after which nobody calls RecvMsg again. So decided
// waits for the end of the context of the stream, which tells the two cases apart: if an
// interceptor goes on with another stream, it is the context of that one.
//
// finish writes finished and then reads deciding, and decided writes deciding and then reads
// finished: one of them sees what the other has written. end lets only the first one count.
//
// An interceptor that opens several streams for a call may end one of them outside of RecvMsg, for
// example by a timeout of its own. The call has the code of that one then.
type countedClientStream struct {
	grpc.ClientStream
	ctx       context.Context // that of the call
	method    *method
	start     time.Time
	responses bool // there may be several, so that only an error ends the call

	deciding atomic.Bool
	finished atomic.Bool // since decided has looked
	ended    atomic.Bool
	stop     atomic.Pointer[func() bool] // nil, or releases what made has left at ctx
}

// SendMsg implements grpc.ClientStream.
func (s *countedClientStream) SendMsg(message any) error {
	start := s.method.now()
	err := s.ClientStream.SendMsg(message)
	s.method.countSent()
	s.method.timeSent(start)
	return err
}

// RecvMsg implements grpc.ClientStream.
func (s *countedClientStream) RecvMsg(message any) error {
	start := s.method.now()
	s.deciding.Store(true)
	defer s.decided()
	err := s.ClientStream.RecvMsg(message)
	s.method.countReceived()
	s.method.timeReceived(start)
	switch {
	case s.responses && err == nil:
	case s.responses && errors.Is(err, io.EOF):
		s.end(codes.OK)
	default:
		s.end(codeOf(err))
	}
	return err
}

// made gives s its stream. If gRPC has ended one meanwhile, nobody may tell of the end again. So
// the end of the context of the call counts, unless the call has ended before. The context of the
// stream would tell more, but gRPC does not retry a stream whose context somebody has.
func (s *countedClientStream) made(stream grpc.ClientStream) {
	s.ClientStream = stream
	s.deciding.Store(false)
	if !s.finished.Load() {
		return
	}
	stop := context.AfterFunc(s.ctx, func() { s.finish(s.ctx.Err()) })
	s.stop.Store(&stop)
	if s.ended.Load() { // perhaps before end could see stop
		stop()
	}
}

// decided ends the time in which the result of RecvMsg decides whether the call is over.
func (s *countedClientStream) decided() {
	s.deciding.Store(false)
	if !s.finished.Load() || s.ended.Load() {
		return
	}
	s.finished.Store(false)
	ctx := s.ClientStream.Context()
	context.AfterFunc(ctx, func() { s.finish(ctx.Err()) })
}

// finish is called when gRPC has ended the stream.
func (s *countedClientStream) finish(err error) {
	s.finished.Store(true)
	if !s.deciding.Load() {
		s.end(codeOf(err))
	}
}

// end counts the end of the call the first time that it is called.
func (s *countedClientStream) end(code codes.Code) {
	if !s.ended.CompareAndSwap(false, true) {
		return
	}
	s.method.end(s.ctx, code, s.start)
	if stop := s.stop.Load(); stop != nil {
		(*stop)()
	}
}
