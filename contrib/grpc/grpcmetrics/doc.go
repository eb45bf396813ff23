// SPDX-License-Identifier: Apache-2.0

// Package grpcmetrics measures the calls of gRPC servers and clients, under the names and labels of
// the Prometheus provider of go-grpc-middleware:
//
//	reg := engine.NewRegistry()
//	metrics, err := grpcmetrics.NewServer(reg, grpcmetrics.WithHandlingTimes())
//	...
//	server := grpc.NewServer(metrics.Options()...)
//	pb.RegisterGreeterServer(server, greeter)
//	metrics.Preregister(server)
//	http.Handle("/metrics", export.Handler(reg))
//
// # Labels
//
// All labels have closed sets of values, so that no peer can create series:
//
//   - grpc_type is unary, client_stream, server_stream or bidi_stream.
//   - grpc_service and grpc_method are those of methods that the server has registered. Others
//     reach interceptors only if the server has a grpc.UnknownServiceHandler; they share the values
//     "unknown". A client has the methods that the program calls. Both have at most 2000 methods;
//     the values of further ones, as a proxy may have them, are [engine.OverflowValue].
//   - grpc_code is OK, NotFound and so on. Up to 16 numbers that are no code of gRPC are shown as
//     Code(17), and further ones as "other".
//
// # Values
//
// A call that has begun is counted once when it ends, whatever ends it:
//
//   - The code is that of the status in the error. An error without a status counts as
//     DeadlineExceeded or Canceled if it is that of a context, and else as Unknown; this is what
//     gRPC sends.
//   - A panic in a handler passes through with its stack, and the call has the code Unknown. If an
//     interceptor that recovers comes after, the call has the code that it returns. See
//     [Server.Options] for the order.
//   - A client's stream ends when RecvMsg says so. One that nobody reads to its end ends with its
//     context, with its connection, or when a message cannot be sent.
//
// Messages are counted as the provider does it: once for each call of SendMsg and RecvMsg, whatever
// its result. So the end of a stream counts as a message received, and an error of a unary call as
// one sent. The sizes of [WithSizes] are those of messages that there were.
package grpcmetrics
