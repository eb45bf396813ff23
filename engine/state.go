// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/histogram"
)

// state is the state of one series at one moment, as the encoder takes it. The kind of its family
// says which fields are set. One state is used for all series of a page, one after another: its
// slices are overwritten.
type state struct {
	counter   encode.CounterSample
	gauge     float64
	histogram encode.HistogramSample
	summary   encode.SummarySample

	exact bool // of the native buckets: see histogram.NativeSnapshot

	withCreated   bool // the reader wants to know when series were created
	withExemplars bool

	// Room that the fields above share, kept from series to series.
	counts    []uint64
	quantiles []float64
	exemplars []*encode.Exemplar
	native    encode.NativeSample
	snapshot  histogram.NativeSnapshot // of a metric; native has parts of it, or parts of a source's buffer
}

// forget drops the references to exemplars. The room is kept.
func (s *state) forget() {
	clear(s.exemplars)
	s.exemplars = s.exemplars[:0]
	s.counter.Exemplar, s.histogram.Exemplars, s.native.Exemplars = nil, nil, nil
}

// supplied is the state of one series that a function or a collector supplies.
type supplied struct {
	value     float64   // of a counter or gauge, or the sum
	counts    []uint64  // of a histogram: observations in each bucket
	quantiles []float64 // of a summary
	count     uint64    // of a summary
}

// form is the form of a series that a collector emits: each has a method of Emission.
type form int

const (
	formValue form = iota
	formHistogram
	formSummary
)

func (f form) String() string { return [...]string{"one value", "a histogram", "a summary"}[f] }

// method returns the name of the method of Emission.
func (f form) method() string { return [...]string{"Emit", "EmitHistogram", "EmitSummary"}[f] }
