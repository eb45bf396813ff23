// SPDX-License-Identifier: Apache-2.0

package grpcmetrics

import (
	"context"
	"fmt"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"github.com/quipu-metrics/quipu/engine"
)

// Client measures the calls that a program makes. All methods may be called concurrently, and
// several connections may share it.
type Client struct {
	methods *methods
	sizes   *clientSizes // nil: sizes are not wanted
}

// NewClient defines the metrics of a client in reg. [Client.DialOptions] connects them with a
// grpc.ClientConn:
//
//	grpc_client_started_total                counter    type, service, method        calls that have begun
//	grpc_client_handled_total                counter    type, service, method, code  calls that have ended
//	grpc_client_msg_received_total           counter    type, service, method        receptions of a message
//	grpc_client_msg_sent_total               counter    type, service, method        sendings of a message
//	grpc_client_handling_seconds             histogram  type, service, method        with WithHandlingTimes
//	grpc_client_msg_recv_handling_seconds    histogram  type, service, method        with WithMessageTimes
//	grpc_client_msg_send_handling_seconds    histogram  type, service, method        with WithMessageTimes
//	grpc_client_msg_received_size_bytes      histogram  type, service, method        with WithSizes
//	grpc_client_msg_sent_size_bytes          histogram  type, service, method        with WithSizes
//
// Errors, and metrics that are there already, are as with [NewServer].
func NewClient(reg *engine.Registry, options ...Option) (*Client, error) {
	s, err := newSettings(options)
	if err != nil {
		return nil, fmt.Errorf("quipu: gRPC client: %w", err)
	}
	f, err := defineFamilies(reg, clientSide, s)
	if err != nil {
		return nil, fmt.Errorf("quipu: gRPC client: %w", err)
	}
	client := &Client{methods: newMethods(f, s.skip)}
	if s.sizes != nil {
		client.sizes = new(clientSizes)
	}
	return client, nil
}

// DialOptions returns the options for grpc.NewClient. Interceptors run in the order of the options.
// If an interceptor repeats a call, that counts as one call if the interceptor comes after, and as
// several if it comes before.
func (c *Client) DialOptions() []grpc.DialOption {
	options := []grpc.DialOption{
		grpc.WithChainUnaryInterceptor(c.UnaryInterceptor()), grpc.WithChainStreamInterceptor(c.StreamInterceptor()),
	}
	if c.sizes != nil {
		options = append(options, grpc.WithStatsHandler(c.sizes))
	}
	return options
}

// UnaryInterceptor returns the interceptor of unary calls that is among the [Client.DialOptions],
// for programs that have their interceptors in a list. A call costs no allocation, or one if its
// error is no status (BenchmarkUnary).
func (c *Client) UnaryInterceptor() grpc.UnaryClientInterceptor { return c.unary }

// StreamInterceptor returns the interceptor of streams that is among the [Client.DialOptions]. A
// stream costs a few allocations, its messages none (BenchmarkStream).
func (c *Client) StreamInterceptor() grpc.StreamClientInterceptor { return c.stream }

// unary counts a unary call. A call during which an interceptor panics has the code Unknown.
func (c *Client) unary(ctx context.Context, name string, request, response any, conn *grpc.ClientConn,
	invoker grpc.UnaryInvoker, options ...grpc.CallOption,
) error {
	m := c.methods.find(unary, name, true)
	if m == nil {
		return invoker(c.sizes.begin(ctx, nil), name, request, response, conn, options...)
	}
	start, code := m.begin(), codes.Unknown
	defer func() { m.end(ctx, code, start) }()
	m.countSent()
	m.timeSent(start)
	err := invoker(c.sizes.begin(ctx, m), name, request, response, conn, options...)
	m.countReceived()
	m.timeReceived(start)
	code = codeOf(err)
	return err
}

// stream counts a stream.
func (c *Client) stream(ctx context.Context, desc *grpc.StreamDesc, conn *grpc.ClientConn, name string,
	streamer grpc.Streamer, options ...grpc.CallOption,
) (grpc.ClientStream, error) {
	m := c.methods.find(streamType(desc.ClientStreams, desc.ServerStreams), name, true)
	if m == nil {
		return streamer(c.sizes.begin(ctx, nil), desc, conn, name, options...)
	}
	s := &countedClientStream{ctx: ctx, method: m, start: m.begin(), responses: desc.ServerStreams}
	s.deciding.Store(true)
	code := codes.Unknown // if an interceptor panics
	defer func() {
		if s.ClientStream == nil {
			s.end(code)
		}
	}()
	options = append(slices.Clip(options), grpc.OnFinish(s.finish))
	stream, err := streamer(c.sizes.begin(ctx, m), desc, conn, name, options...)
	if err != nil {
		code = codeOf(err)
		return nil, err
	}
	s.made(stream)
	return s, nil
}
