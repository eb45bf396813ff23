// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	service "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// script says what a handler does. It travels in the metadata of the call, so that a call without
// messages has one too.
type script struct {
	Receive int   // so many messages, or until there are no more
	Send    int   // so many messages
	Wait    int64 // for the end of this call on the client's side; 0: for nothing
	End     ending
}

// scriptKey is the key of the script in the metadata.
const scriptKey = "script"

// in returns a context whose calls follow the script.
func (s script) in(ctx context.Context) context.Context {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // this does not happen with a struct of numbers and strings
	}
	return metadata.AppendToOutgoingContext(ctx, scriptKey, string(text))
}

// scriptOf returns the script of the call that ctx belongs to.
func scriptOf(ctx context.Context) (s script) {
	if values := metadata.ValueFromIncomingContext(ctx, scriptKey); len(values) == 1 {
		if err := json.Unmarshal([]byte(values[0]), &s); err != nil {
			panic(err)
		}
	}
	return s
}

// ending is how a handler ends.
type ending struct {
	How  how
	Code uint32 // of a status: codes.Code does not take all numbers from JSON
}

type how string

const (
	byStatus          how = "status" // nil if the code is OK
	byWrappedStatus   how = "wrapped status"
	byOtherError      how = "other error"
	byCanceled        how = "context.Canceled"
	byExpired         how = "context.DeadlineExceeded"
	byWrappedCanceled how = "wrapped context.Canceled"
	byPanic           how = "panic"
)

var hows = []how{byStatus, byWrappedStatus, byOtherError, byCanceled, byExpired, byWrappedCanceled, byPanic}

func (e ending) err() error {
	switch e.How {
	case byWrappedStatus:
		return fmt.Errorf("wrapped: %w", status.Error(codes.Code(e.Code), "no"))
	case byOtherError:
		return errors.New("no status")
	case byCanceled:
		return context.Canceled
	case byExpired:
		return context.DeadlineExceeded
	case byWrappedCanceled:
		return fmt.Errorf("wrapped: %w", context.Canceled)
	case byPanic:
		panic("no")
	default:
		return status.Error(codes.Code(e.Code), "no")
	}
}

// scripted is a service whose methods follow the scripts of their calls.
type scripted struct {
	service.UnimplementedTestServiceServer
	over *sync.Map // from numbers of calls to channels that are closed when the client is done
}

// play runs the script of a call: receive and send handle one message.
func (s scripted) play(ctx context.Context, receive, send func() error) error {
	script := scriptOf(ctx)
	for range script.Receive {
		if receive() != nil {
			break
		}
	}
	for range script.Send {
		if err := send(); err != nil {
			return err
		}
	}
	if script.Wait != 0 {
		over, _ := s.over.Load(script.Wait)
		<-over.(chan struct{})
	}
	return script.End.err()
}

func nothing() error { return nil }

func (s scripted) UnaryCall(ctx context.Context, _ *service.SimpleRequest) (*service.SimpleResponse, error) {
	if err := s.play(ctx, nothing, nothing); err != nil {
		return nil, err
	}
	return &service.SimpleResponse{}, nil
}

func (s scripted) StreamingInputCall(
	stream grpc.ClientStreamingServer[service.StreamingInputCallRequest, service.StreamingInputCallResponse],
) error {
	receive := func() error { _, err := stream.Recv(); return err }
	if err := s.play(stream.Context(), receive, nothing); err != nil {
		return err
	}
	return stream.SendAndClose(&service.StreamingInputCallResponse{})
}

func (s scripted) StreamingOutputCall(
	_ *service.StreamingOutputCallRequest, stream grpc.ServerStreamingServer[service.StreamingOutputCallResponse],
) error {
	send := func() error { return stream.Send(&service.StreamingOutputCallResponse{}) }
	return s.play(stream.Context(), nothing, send)
}

func (s scripted) FullDuplexCall(
	stream grpc.BidiStreamingServer[service.StreamingOutputCallRequest, service.StreamingOutputCallResponse],
) error {
	receive := func() error { _, err := stream.Recv(); return err }
	send := func() error { return stream.Send(&service.StreamingOutputCallResponse{}) }
	return s.play(stream.Context(), receive, send)
}

// errPanic is what a call ends with whose handler has panicked.
var errPanic = status.Error(codes.Internal, "panic")

// recoverUnary and recoverStream make an error of a panic, as interceptors for that do.
func recoverUnary(
	ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler,
) (response any, err error) {
	defer recoverTo(&err)
	return handler(ctx, request)
}

func recoverStream(
	srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler,
) (err error) {
	defer recoverTo(&err)
	return handler(srv, stream)
}

func recoverTo(err *error) {
	if recover() != nil {
		*err = errPanic
	}
}
