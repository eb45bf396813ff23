// SPDX-License-Identifier: Apache-2.0

package grpcmetrics

import (
	"fmt"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

// families are the metrics of a server or a client. Histograms that are not wanted are nil.
type families struct {
	started, handled, received, sent *engine.CounterVec

	seconds                     *engine.HistogramVec
	receiveSeconds, sendSeconds *engine.HistogramVec
	receivedSize, sentSize      *engine.HistogramVec

	timed     bool // a call needs to know when it began
	exemplars bool
	codes     codeSet
}

// The side of a call is a part of the names of its metrics.
const (
	serverSide = "server"
	clientSide = "client"
)

// maxSeries is how many series a family has without a code: those of the methods, and for each type
// of calls those that others share.
const maxSeries = maxMethods + 2*callTypes

// defineFamilies defines the metrics of one side.
func defineFamilies(reg *engine.Registry, side string, s *settings) (*families, error) {
	if reg == nil {
		return nil, fmt.Errorf("%w: the registry is nil", engine.ErrOption)
	}
	d := definer{reg: reg, prefix: "grpc_" + side + "_", settings: s}
	f := &families{
		timed:     s.times != nil || s.messageTimes != nil,
		exemplars: s.exemplars != nil,
		started:   d.counters("started_total", "Calls that the "+side+" has begun."),
		received:  d.counters("msg_received_total", "Receptions of a message by the "+side+", failed ones included."),
		sent:      d.counters("msg_sent_total", "Sendings of a message by the "+side+", failed ones included."),
		handled:   d.handled("handled_total", "Calls that have ended on the "+side+", by their status code."),
	}
	if s.times != nil {
		f.seconds = d.histograms("handling_seconds", "Time from the beginning of a call to its end.",
			s.times, nil, s.exemplars != nil)
	}
	if s.messageTimes != nil {
		f.receiveSeconds = d.histograms("msg_recv_handling_seconds", "Time in which a message was received.",
			s.messageTimes, nil, false)
		f.sendSeconds = d.histograms("msg_send_handling_seconds", "Time in which a message was sent.",
			s.messageTimes, nil, false)
	}
	if s.sizes != nil {
		f.receivedSize = d.histograms("msg_received_size_bytes", "Size of messages received, before compression.",
			s.sizes, sizeBuckets(), false)
		f.sentSize = d.histograms("msg_sent_size_bytes", "Size of messages sent, before compression.",
			s.sizes, sizeBuckets(), false)
	}
	return f, d.err
}

// sizeBuckets are the bounds for sizes, from 256 bytes to 64 MiB by factors of four.
func sizeBuckets() []float64 { return histogram.Must(histogram.Exponential(256, 4, 10)) }

var labelNames = []string{"grpc_type", "grpc_service", "grpc_method"}

// definer defines metrics until there is an error, which it keeps.
type definer struct {
	reg      *engine.Registry
	prefix   string
	settings *settings
	err      error
}

func (d *definer) options(series int, exemplars bool) []engine.MetricOption {
	list := []engine.MetricOption{engine.WithConstLabels(d.settings.consts), engine.WithMaxSeries(series)}
	if exemplars {
		list = append(list, engine.WithExemplars(d.settings.exemplars))
	}
	return list
}

func (d *definer) counters(name, help string) *engine.CounterVec {
	return d.counterVec(name, help, labelNames, d.options(maxSeries, false))
}

func (d *definer) handled(name, help string) *engine.CounterVec {
	labels := append(labelNames[:len(labelNames):len(labelNames)], "grpc_code")
	return d.counterVec(name, help, labels, d.options(maxSeries*codeLabels, d.settings.exemplars != nil))
}

func (d *definer) counterVec(name, help string, labels []string, options []engine.MetricOption) *engine.CounterVec {
	if d.err != nil {
		return nil
	}
	v, err := d.reg.NewCounterVec(d.prefix+name, help, labels, options...)
	d.err = err
	return v
}

// histograms defines a histogram. Without bounds it has those of the default, or if that is nil
// those of the engine.
func (d *definer) histograms(name, help string, l *layout, byDefault []float64, exemplars bool) *engine.HistogramVec {
	if d.err != nil {
		return nil
	}
	options := d.options(maxSeries, exemplars)
	bounds := l.bounds
	if bounds == nil && d.settings.native == nil {
		bounds = byDefault
	}
	if bounds != nil {
		options = append(options, engine.WithBuckets(bounds...))
	}
	if d.settings.native != nil {
		options = append(options, engine.WithNative(*d.settings.native))
	}
	v, err := d.reg.NewHistogramVec(d.prefix+name, help, labelNames, options...)
	d.err = err
	return v
}
