// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	service "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/status"
	"pgregory.net/rapid"

	"github.com/quipu-metrics/quipu/internal/testkit"
)

// call is one call of a program.
type call struct {
	method  method
	name    string // of a method that the server does not know
	send    int    // messages of the client, for methods that take several
	context fate
	wait    bool // the handler waits until the client is done
	script  script
}

// method says which method is called.
type method string

const (
	unary         method = "unary"
	clientStream  method = "client stream"
	serverStream  method = "server stream"
	bidi          method = "bidi"
	unimplemented method = "not implemented by the handler"
	unregistered  method = "not known to the server"
)

var methods = []method{unary, clientStream, serverStream, bidi, unimplemented, unregistered}

// names are names of methods that the server does not know.
var names = []string{
	"/grpc.testing.NotThere/Call", "/grpc.testing.TestService/NotThere", "/grpc.testing.TestService/UnaryCall/",
	"/a/b/c", "a/b", "/a", "a", "/a/", "//b", "/", "", "/é/世界", "/" + strings.Repeat("long", 200) + "/x",
}

// fate says what happens to the context of a call.
type fate string

const (
	lives    fate = "lives"
	canceled fate = "is canceled before"
	expired  fate = "is over before"
	cancels  fate = "is canceled meanwhile"
	expires  fate = "is over meanwhile"
)

// of returns a context with that fate. The last two take some milliseconds.
func (f fate) of(ctx context.Context) (context.Context, context.CancelFunc) {
	const soon = 3 * time.Millisecond
	switch f {
	case expired:
		return context.WithTimeout(ctx, -time.Second)
	case expires:
		return context.WithTimeout(ctx, soon)
	}
	ctx, cancel := context.WithCancel(ctx)
	switch f {
	case canceled:
		cancel()
	case cancels:
		time.AfterFunc(soon, cancel)
	}
	return ctx, cancel
}

// make makes the call, and returns how it ended for the client. Streams are read to their end, and
// sending does not decide about it: the provider counts the end of a stream when it is received.
func (w *world) make(c call) error { return w.makeIn(context.Background(), c) }

// makeIn is make in a context.
func (w *world) makeIn(ctx context.Context, c call) error {
	ctx, cancel := c.context.of(ctx)
	defer cancel()
	if c.wait {
		over := make(chan struct{})
		defer close(over)
		c.script.Wait = w.calls.Add(1)
		w.over.Store(c.script.Wait, over)
	}
	ctx = c.script.in(ctx)
	switch c.method {
	case unary:
		_, err := w.client.UnaryCall(ctx, &service.SimpleRequest{})
		return err
	case unimplemented:
		_, err := w.client.EmptyCall(ctx, &service.Empty{})
		return err
	case unregistered:
		return w.conn.Invoke(ctx, c.name, &service.Empty{}, &service.Empty{})
	case serverStream:
		c.send = 1
	}
	desc := streams[c.method]
	stream, err := w.conn.NewStream(ctx, desc, "/grpc.testing.TestService/"+desc.StreamName)
	if err != nil {
		return err
	}
	for range c.send {
		if stream.SendMsg(&service.Empty{}) != nil {
			break
		}
	}
	_ = stream.CloseSend() // it returns nil
	for {
		err := stream.RecvMsg(&service.Empty{}) // all messages are empty
		if err != nil || !desc.ServerStreams {
			return err
		}
	}
}

// races reports whether the context of a stream may end when its status has arrived and the program
// has not received it yet. Then gRPC has ended the stream because of the context, which is what
// quipu counts, as gRPC's own statistics do; RecvMsg returns the status nevertheless, which is what
// the provider counts.
func (c call) races() bool {
	return streams[c.method] != nil && (c.context == cancels || c.context == expires) && !c.wait
}

// streams are the methods that are streams.
var streams = map[method]*grpc.StreamDesc{
	clientStream: {StreamName: "StreamingInputCall", ClientStreams: true},
	serverStream: {StreamName: "StreamingOutputCall", ServerStreams: true},
	bidi:         {StreamName: "FullDuplexCall", ClientStreams: true, ServerStreams: true},
}

// drawCode draws codes that gRPC defines, and numbers that it does not.
var drawCode = rapid.OneOf(rapid.Uint32Range(0, 16), rapid.SampledFrom([]uint32{17, 18, 99, 1 << 20, 1<<31 - 1}))

func drawCall(t *rapid.T) call {
	c := call{
		method:  rapid.SampledFrom(methods).Draw(t, "method"),
		name:    rapid.SampledFrom(names).Draw(t, "name"),
		send:    rapid.IntRange(0, 4).Draw(t, "send"),
		context: rapid.SampledFrom([]fate{lives, lives, lives, canceled, expired, cancels, expires}).Draw(t, "context"),
		script: script{
			Receive: rapid.IntRange(0, 5).Draw(t, "receive"),
			Send:    rapid.IntRange(0, 4).Draw(t, "answer"),
			End:     ending{rapid.SampledFrom(hows).Draw(t, "end"), drawCode.Draw(t, "code")},
		},
	}
	c.wait = (c.context == cancels || c.context == expires) && rapid.Bool().Draw(t, "wait")
	return c
}

func drawSetting(t *rapid.T) setting {
	s := setting{preregister: rapid.Bool().Draw(t, "preregister"), quipuInside: rapid.Bool().Draw(t, "quipu inside")}
	s.messageTimes = rapid.Bool().Draw(t, "times of messages")
	if rapid.Bool().Draw(t, "times") {
		s.bounds = rapid.SampledFrom([][]float64{{0.005, 0.01}, {0.001}, {1, 2.5, 100}}).Draw(t, "bounds")
	}
	return s
}

func TestRandomProgramsHaveTheSamePages(t *testing.T) {
	testkit.Baseline(t)
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t, drawSetting(t))
		atOnce := rapid.Bool().Draw(t, "at once")
		var calls sync.WaitGroup
		races := false
		for _, c := range rapid.SliceOfN(rapid.Custom(drawCall), 1, 12).Draw(t, "calls") {
			calls.Go(func() { _ = w.make(c) }) // the pages have the code
			races = races || c.races()
			if !atOnce {
				calls.Wait()
			}
		}
		calls.Wait()
		w.stop()
		w.compare(races)
	})
}

func TestEveryEndingOfEveryMethodIsCountedAlike(t *testing.T) {
	testkit.Baseline(t)
	w := newWorld(t, setting{bounds: []float64{0.1, 1}})
	for _, m := range methods {
		for code := range uint32(codes.Unauthenticated) + 3 {
			err := w.make(call{method: m, name: names[0], context: lives, send: 2, script: script{
				Receive: 5, Send: 2, End: ending{byStatus, code},
			}})
			if _, stream := streams[m]; stream || m == unary {
				require.Equal(t, codes.Code(code), codeOf(err), "%s", m)
			}
		}
		for _, how := range hows {
			end := script{End: ending{how, uint32(codes.NotFound)}}
			_ = w.make(call{method: m, name: names[1], context: lives, script: end})
		}
		for _, f := range []fate{canceled, expired, cancels, expires} {
			err := w.make(call{method: m, name: names[2], context: f, wait: f == cancels || f == expires})
			require.Error(t, err, "%s, %s", m, f)
		}
	}
	w.stop()
	w.compare(false)
	require.Greater(t, len(lines(t, w.quipu, "text/plain", false)), 200, "the pages have something to compare")
}

// Preregistration shows all methods and codes before the first call, and nothing else afterwards.
func TestMethodsThatNobodyHasCalledAreOnThePageAlike(t *testing.T) {
	testkit.Baseline(t)
	for _, bounds := range [][]float64{nil, {1}} {
		w := newWorld(t, setting{bounds: bounds, preregister: true})
		w.compare(false)
		before := len(lines(t, w.quipu, "text/plain", false))
		require.Greater(t, before, 100)
		require.NoError(t, w.make(call{method: unary, context: lives}))
		w.stop()
		w.compare(false)
		count := 0
		for _, s := range samplesOf(t, w.quipu, "text/plain") {
			if s.Name == "grpc_server_handled_total" && s.Labels["grpc_code"] == "OK" {
				count += int(s.Value)
			}
		}
		require.Equal(t, 1, count)
	}
}

// codeOf returns the code with which a call has ended.
func codeOf(err error) codes.Code {
	if errors.Is(err, io.EOF) {
		return codes.OK
	}
	return status.Code(err)
}
