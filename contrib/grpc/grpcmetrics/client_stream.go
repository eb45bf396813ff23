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
// true meanwhile. The case that is left is a stream whose context ended while RecvMsg returned a
// message that was there already, after which nobody calls RecvMsg again. So finish writes finished
// and then reads deciding, and decided writes deciding and then reads finished: one of them sees
// what the other has written, and counts. end lets only the first one count.
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
	finished atomic.Int64 // 0, or a code and 1
	ended    atomic.Bool
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

// decided ends the time in which the result of a function decides whether the call is over. If gRPC
// has ended the stream meanwhile and the context is done, no interceptor can go on.
func (s *countedClientStream) decided() {
	s.deciding.Store(false)
	if f := s.finished.Load(); f > 0 && s.ctx.Err() != nil {
		s.end(codes.Code(f - 1))
	}
}

// finish is called when gRPC has ended the stream.
func (s *countedClientStream) finish(err error) {
	code := codeOf(err)
	s.finished.Store(int64(code) + 1)
	if !s.deciding.Load() {
		s.end(code)
	}
}

// end counts the end of the call the first time that it is called.
func (s *countedClientStream) end(code codes.Code) {
	if s.ended.CompareAndSwap(false, true) {
		s.method.end(s.ctx, code, s.start)
	}
}
