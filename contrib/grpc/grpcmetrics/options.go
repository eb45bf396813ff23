// SPDX-License-Identifier: Apache-2.0

package grpcmetrics

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

// Option configures a [Server] or a [Client]. Their constructors return an error if an option
// cannot work.
type Option func(*settings) error

// settings are what the options set.
type settings struct {
	consts       engine.Labels
	times        *layout // nil: there is no such histogram, here and in the next two
	messageTimes *layout
	sizes        *layout
	native       *histogram.NativeOptions // nil: classic buckets only
	exemplars    func(context.Context) engine.Labels
	skip         func(method string) bool
}

// layout is what an option says about the buckets of its histograms.
type layout struct {
	bounds []float64 // nil: the default
}

func newLayout(bounds []float64) *layout {
	if len(bounds) == 0 {
		return &layout{}
	}
	return &layout{slices.Clone(bounds)}
}

// newSettings applies options in their order.
func newSettings(options []Option) (*settings, error) {
	s := &settings{}
	for i, option := range options {
		if option == nil {
			return nil, fmt.Errorf("%w: option %d is nil", engine.ErrOption, i+1)
		}
		if err := option(s); err != nil {
			return nil, err
		}
	}
	if s.native != nil && s.times == nil && s.messageTimes == nil && s.sizes == nil {
		return nil, fmt.Errorf("%w: WithNativeHistograms needs a histogram: add WithHandlingTimes()", engine.ErrOption)
	}
	return s, nil
}

// WithHandlingTimes adds the histogram grpc_server_handling_seconds or grpc_client_handling_seconds
// of the time from the beginning of a call to its end. bounds are the upper bounds of its buckets,
// in seconds. The default is that of [engine.NewHistogram], from 5 ms to 10 s.
func WithHandlingTimes(bounds ...float64) Option {
	l := newLayout(bounds)
	return func(s *settings) error {
		s.times = l
		return nil
	}
}

// WithMessageTimes adds the histograms grpc_client_msg_send_handling_seconds and
// grpc_client_msg_recv_handling_seconds of the time in which the client sends one message, and
// waits for one. bounds are the upper bounds of their buckets, in seconds. The default is that of
// [WithHandlingTimes]. Only a [Client] takes this option.
func WithMessageTimes(bounds ...float64) Option {
	l := newLayout(bounds)
	return func(s *settings) error {
		s.messageTimes = l
		return nil
	}
}

// WithSizes adds the histograms grpc_server_msg_received_size_bytes and
// grpc_server_msg_sent_size_bytes, or those of the client, of the size of messages: encoded, before
// compression, without the 5 bytes in front of each message. bounds are the upper bounds of their
// buckets, in bytes. The default is from 256 bytes to 64 MiB by factors of four.
//
// gRPC tells sizes to a stats.Handler only, which is among the options that [Server.Options] and
// [Client.DialOptions] return. It costs more than all the rest (BenchmarkLoopback). Messages that a
// client sends again in a retry count again.
func WithSizes(bounds ...float64) Option {
	l := newLayout(bounds)
	return func(s *settings) error {
		s.sizes = l
		return nil
	}
}

// WithNativeHistograms makes the histograms of the other options native, as [engine.WithNative]
// does. Histograms whose option has bounds have both kinds of buckets.
func WithNativeHistograms(options histogram.NativeOptions) Option {
	return func(s *settings) error {
		s.native = &options
		return nil
	}
}

// WithConstLabels adds labels to all series, such as the name of one of several servers in a
// program.
func WithConstLabels(labels engine.Labels) Option {
	labels = maps.Clone(labels)
	return func(s *settings) error {
		s.consts = labels
		return nil
	}
}

// WithExemplars takes exemplars from the contexts of calls. from returns the labels of an exemplar,
// such as the id of the trace in ctx, or nil if there is none. The counter of handled calls and the
// histogram of their times have exemplars. from is called as [engine.WithExemplars] says: not for
// every call, concurrently, and it must not panic. For spans of OpenTelemetry there is FromContext
// in contrib/otel/exemplars.
//
// The context is that which the interceptor gets. So an interceptor that puts the trace into it has
// to come before. With otelgrpc, a server has its own span there, and a client that of its caller.
func WithExemplars(from func(ctx context.Context) engine.Labels) Option {
	return func(s *settings) error {
		if from == nil {
			return fmt.Errorf("%w: WithExemplars(nil): leave the option out to have no exemplars", engine.ErrOption)
		}
		s.exemplars = from
		return nil
	}
}

// WithSkip leaves out the methods for which f returns true, such as health checks. f gets the full
// method, as in /grpc.health.v1.Health/Check. Its answers are remembered, so it is called when a
// method is called for the first time, and for methods that have no series of their own. It is
// called concurrently, and must not panic.
func WithSkip(f func(method string) bool) Option {
	return func(s *settings) error {
		if f == nil {
			return fmt.Errorf("%w: WithSkip(nil): leave the option out to skip nothing", engine.ErrOption)
		}
		s.skip = f
		return nil
	}
}
