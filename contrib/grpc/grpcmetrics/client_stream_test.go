// SPDX-License-Identifier: Apache-2.0

package grpcmetrics_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/status"

	"github.com/quipu-metrics/quipu/contrib/grpc/grpcmetrics"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// waits is a service whose streams end with their contexts.
func waits() *echo {
	return &echo{fail: func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}}
}

func TestAStreamThatNobodyReadsToTheEndEndsWithItsContext(t *testing.T) {
	for want, limit := range map[string]func(context.Context) (context.Context, context.CancelFunc){
		"Canceled": context.WithCancel,
		"DeadlineExceeded": func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, time.Second)
		},
	} {
		t.Run(want, func(t *testing.T) {
			w := measured(t, waits(), grpcmetrics.WithHandlingTimes())
			_, err := w.client.EmptyCall(within(t), &pb.Empty{}) // connects, so that the limit is for the stream
			require.Equal(t, codes.Unimplemented, status.Code(err))
			ctx, cancel := limit(within(t))
			defer cancel()
			down, err := w.client.StreamingOutputCall(ctx, asks(1, 1, 1))
			require.NoError(t, err)
			if want == "Canceled" {
				_, err = down.Recv()
				require.NoError(t, err)
				cancel()
			}
			handled(t, w.reg, "client", "server_stream", "StreamingOutputCall", want, 1)
			for err == nil { // messages that have arrived are there still
				_, err = down.Recv()
			}
			require.Equal(t, want, status.Code(err).String())
			handled(t, w.reg, "client", "server_stream", "StreamingOutputCall", want, 1)
			require.Equal(t, 1.0, page(t, w.reg).Value(t, "grpc_client_handling_seconds_count",
				labels("server_stream", "StreamingOutputCall")...))
		})
	}
}

func TestAStreamThatIsReadPastItsEndIsCountedOnce(t *testing.T) {
	w, ctx := measured(t, &echo{}), within(t)
	down, err := w.client.StreamingOutputCall(ctx, asks(1))
	require.NoError(t, err)
	for range 3 {
		_, err = drain(down)
		require.ErrorIs(t, err, io.EOF)
	}
	handled(t, w.reg, "client", "server_stream", "StreamingOutputCall", "OK", 1)
}

func TestAStreamOfAConnectionThatIsClosedIsCanceled(t *testing.T) {
	w := measured(t, waits())
	_, err := w.client.FullDuplexCall(context.Background())
	require.NoError(t, err)
	require.NoError(t, w.conn.Close())
	handled(t, w.reg, "client", "bidi_stream", "FullDuplexCall", "Canceled", 1)
}

func TestAMessageThatCannotBeSentEndsTheStream(t *testing.T) {
	w := measured(t, &echo{})
	large := &pb.StreamingOutputCallRequest{Payload: &pb.Payload{Body: make([]byte, 1000)}}
	_, err := w.client.StreamingOutputCall(context.Background(), large, grpc.MaxCallSendMsgSize(100))
	require.Equal(t, codes.ResourceExhausted, status.Code(err)) // the client never gets the stream
	handled(t, w.reg, "client", "server_stream", "StreamingOutputCall", "ResourceExhausted", 1)
}

func TestTheResultOfAClientStreamIsThatOfItsOnlyResponse(t *testing.T) {
	w, ctx := measured(t, &echo{}), within(t)
	up, err := w.client.StreamingInputCall(ctx)
	require.NoError(t, err)
	require.NoError(t, up.Send(&pb.StreamingInputCallRequest{}))
	_, err = up.CloseAndRecv()
	require.NoError(t, err)
	handled(t, w.reg, "client", "client_stream", "StreamingInputCall", "OK", 1)
}

// scripted is a stream whose results are given.
type scripted struct {
	grpc.ClientStream
	ctx     context.Context
	receive func() error
}

func (s scripted) RecvMsg(any) error { return s.receive() }

func (s scripted) Context() context.Context { return s.ctx }

// finisher returns the function by which gRPC says that it has ended a stream.
func finisher(options []grpc.CallOption) func(error) {
	for _, o := range options {
		if f, ok := o.(grpc.OnFinishCallOption); ok {
			return f.OnFinish
		}
	}
	return nil
}

// open opens a stream of responses through the interceptor. made makes it when it gets the function
// by which gRPC says that it has ended the stream.
func open(t *testing.T, ctx context.Context, made func(finish func(error)) (grpc.ClientStream, error)) (
	*engine.Registry, grpc.ClientStream, error,
) {
	t.Helper()
	reg := engine.NewRegistry()
	metrics, err := grpcmetrics.NewClient(reg)
	require.NoError(t, err)
	stream, err := metrics.StreamInterceptor()(ctx, &grpc.StreamDesc{ServerStreams: true}, nil, "/"+service+"/Down",
		func(_ context.Context, _ *grpc.StreamDesc, _ *grpc.ClientConn, _ string, options ...grpc.CallOption) (
			grpc.ClientStream, error,
		) {
			return made(finisher(options))
		})
	return reg, stream, err
}

var errUnavailable = status.Error(codes.Unavailable, "try again")

func TestAnInterceptorThatRepeatsAStreamCountsAsOneCall(t *testing.T) {
	reg, stream, err := open(t, t.Context(), func(finish func(error)) (grpc.ClientStream, error) {
		finish(errUnavailable) // the first attempt cannot be opened
		results := []error{nil, nil, io.EOF}
		return scripted{ctx: t.Context(), receive: func() error {
			if len(results) == 3 {
				finish(errUnavailable) // the second attempt fails, and a third one goes on
			}
			result := results[0]
			results = results[1:]
			if result != nil {
				finish(nil)
			}
			return result
		}}, nil
	})
	require.NoError(t, err)
	require.NoError(t, stream.RecvMsg(nil))
	require.NoError(t, stream.RecvMsg(nil))
	require.Empty(t, page(t, reg).Named("grpc_client_handled_total"))
	require.ErrorIs(t, stream.RecvMsg(nil), io.EOF)
	handled(t, reg, "client", "server_stream", "Down", "OK", 1)
}

func TestAnInterceptorMayTranslateTheErrorOfAStream(t *testing.T) {
	reg, stream, err := open(t, t.Context(), func(finish func(error)) (grpc.ClientStream, error) {
		return scripted{receive: func() error {
			finish(errUnavailable)
			return status.Error(codes.Aborted, "given up")
		}}, nil
	})
	require.NoError(t, err)
	require.Error(t, stream.RecvMsg(nil))
	handled(t, reg, "client", "server_stream", "Down", "Aborted", 1)

	reg, _, err = open(t, t.Context(), func(finish func(error)) (grpc.ClientStream, error) {
		finish(errUnavailable)
		return nil, errors.New("given up")
	})
	require.Error(t, err)
	handled(t, reg, "client", "server_stream", "Down", "Unknown", 1)
}

// The context ends while the stream is made, or while RecvMsg returns a message that was there
// already, and nobody calls RecvMsg again.
func TestAStreamThatEndsBesideAResultIsNotLost(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	reg, stream, err := open(t, ctx, func(finish func(error)) (grpc.ClientStream, error) {
		return scripted{ctx: ctx, receive: func() error {
			cancel()
			finish(status.FromContextError(ctx.Err()).Err())
			return nil
		}}, nil
	})
	require.NoError(t, err)
	require.NoError(t, stream.RecvMsg(nil))
	handled(t, reg, "client", "server_stream", "Down", "Canceled", 1)

	reg, _, err = open(t, ctx, func(finish func(error)) (grpc.ClientStream, error) {
		finish(status.FromContextError(ctx.Err()).Err())
		return scripted{}, nil
	})
	require.NoError(t, err)
	handled(t, reg, "client", "server_stream", "Down", "Canceled", 1)
}

// finishing is a stream that, with each message that it receives, waits until gRPC has ended it.
type finishing struct {
	grpc.ClientStream
	end      func()
	finished chan struct{}
}

func (s finishing) RecvMsg(message any) error {
	err := s.ClientStream.RecvMsg(message)
	s.end()
	<-s.finished
	return err
}

// The context of the call goes on, but gRPC ends the stream while RecvMsg returns a message, and
// nobody calls RecvMsg again.
func TestAStreamThatGRPCEndsBesideAMessageIsNotLost(t *testing.T) {
	const seconds = `{"methodConfig": [{"name": [{}], "timeout": "0.5s"}]}`
	for want, tt := range map[string]struct {
		end    func(*grpc.ClientConn)
		config string
	}{
		"Canceled":         {func(conn *grpc.ClientConn) { _ = conn.Close() }, `{}`},
		"DeadlineExceeded": {func(*grpc.ClientConn) {}, seconds},
	} {
		t.Run(want, func(t *testing.T) {
			reg := engine.NewRegistry(engine.WithStrict())
			metrics, err := grpcmetrics.NewClient(reg)
			require.NoError(t, err)
			end := func(ctx context.Context, desc *grpc.StreamDesc, conn *grpc.ClientConn, name string,
				streamer grpc.Streamer, options ...grpc.CallOption,
			) (grpc.ClientStream, error) {
				finished := make(chan struct{})
				options = append(options, grpc.OnFinish(func(error) { close(finished) }))
				stream, err := streamer(ctx, desc, conn, name, options...)
				return finishing{stream, func() { tt.end(conn) }, finished}, err
			}
			conn := serve(t, registered(waits()), nil, append(metrics.DialOptions(),
				grpc.WithChainStreamInterceptor(end), grpc.WithDefaultServiceConfig(tt.config))...)
			conn.Connect()
			down, err := pb.NewTestServiceClient(conn).StreamingOutputCall(context.Background(), asks(1))
			require.NoError(t, err)
			_, err = down.Recv()
			require.NoError(t, err)
			handled(t, reg, "client", "server_stream", "StreamingOutputCall", want, 1)
		})
	}
}

// An interceptor after ours has not returned the stream yet when gRPC ends it.
func TestAStreamThatGRPCEndsWhileItIsMadeEndsWithItsContext(t *testing.T) {
	reg := engine.NewRegistry(engine.WithStrict())
	metrics, err := grpcmetrics.NewClient(reg)
	require.NoError(t, err)
	end := func(ctx context.Context, desc *grpc.StreamDesc, conn *grpc.ClientConn, name string,
		streamer grpc.Streamer, options ...grpc.CallOption,
	) (grpc.ClientStream, error) {
		finished := make(chan struct{})
		options = append(options, grpc.OnFinish(func(error) { close(finished) }))
		stream, err := streamer(ctx, desc, conn, name, options...)
		_ = conn.Close()
		<-finished
		return stream, err
	}
	conn := serve(t, registered(waits()), nil, append(metrics.DialOptions(), grpc.WithChainStreamInterceptor(end))...)
	ctx, cancel := context.WithCancel(within(t))
	up, err := pb.NewTestServiceClient(conn).StreamingInputCall(ctx)
	require.NoError(t, err)
	require.ErrorIs(t, up.Send(&pb.StreamingInputCallRequest{}), io.EOF)
	cancel() // and the program does not receive anything
	handled(t, reg, "client", "client_stream", "StreamingInputCall", "Canceled", 1)
}

// watched is a context that counts those that wait for its end.
type watched struct {
	context.Context
	waiting int
}

func (c *watched) Value(any) any { return nil } // so that package context does not look behind it

func (c *watched) AfterFunc(f func()) (stop func() bool) {
	c.waiting++
	stopped := context.AfterFunc(c.Context, f)
	return func() bool {
		c.waiting--
		return stopped()
	}
}

// A program may make all its calls in one context. A call that has ended must leave nothing there.
func TestAStreamThatWasOpenedTwiceLeavesNothingAtTheContext(t *testing.T) {
	ctx := &watched{Context: t.Context()}
	_, stream, err := open(t, ctx, func(finish func(error)) (grpc.ClientStream, error) {
		finish(errUnavailable) // the first attempt
		return scripted{receive: func() error { return io.EOF }}, nil
	})
	require.NoError(t, err)
	require.Equal(t, 1, ctx.waiting)
	require.ErrorIs(t, stream.RecvMsg(nil), io.EOF)
	require.Zero(t, ctx.waiting)
}

// Every order of the two goroutines counts once: that of gRPC, which sees the end of the context,
// and that of the program, which receives a message and gives up.
func TestAnEndAndAResultAtOnceAreCountedOnce(t *testing.T) {
	const rounds = 20_000
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	canceled := status.FromContextError(ctx.Err()).Err()
	reg := engine.NewRegistry()
	metrics, err := grpcmetrics.NewClient(reg)
	require.NoError(t, err)
	var streams [rounds]grpc.ClientStream
	var finish [rounds]func(error)
	for i := range rounds {
		desc := &grpc.StreamDesc{ServerStreams: true}
		streams[i], err = metrics.StreamInterceptor()(ctx, desc, nil, "/"+service+"/Down",
			func(_ context.Context, _ *grpc.StreamDesc, _ *grpc.ClientConn, _ string, options ...grpc.CallOption) (
				grpc.ClientStream, error,
			) {
				finish[i] = finisher(options)
				return scripted{ctx: ctx, receive: func() error { return nil }}, nil
			})
		require.NoError(t, err)
	}
	testkit.Together(rounds,
		func(round int) { _ = streams[round].RecvMsg(nil) },
		func(round int) { finish[round](canceled) })
	handled(t, reg, "client", "server_stream", "Down", "Canceled", rounds)
}
