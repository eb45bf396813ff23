// SPDX-License-Identifier: Apache-2.0

package otlp

import (
	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/internal/wire"
)

const (
	// maxPoints and maxBytes bound a request: its data points, and its size before it is compressed
	// but for the last point.
	maxPoints = 10_000
	maxBytes  = 2 << 20
)

// form is a kind of data of a metric: the number of its field in the message Metric.
type form uint64

const (
	gaugeForm       form = 5
	sumForm         form = 7
	histogramForm   form = 9
	exponentialForm form = 10
	summaryForm     form = 11

	// countForm is a sum that may go down. OpenTelemetry makes one of infos and sets of states,
	// because their ones can be added up.
	countForm form = 1<<8 | sumForm
)

func (f form) field() uint64 { return uint64(f & 0xff) }

// hasTemporality reports whether the message of this form has a temporality.
func (f form) hasTemporality() bool { return f != gaugeForm && f != summaryForm }

// formOf returns the form of the metrics of a type whose values are numbers.
func formOf(t encode.Type) form {
	switch t {
	case encode.Counter:
		return sumForm
	case encode.Info, encode.StateSet:
		return countForm
	}
	return gaugeForm
}

// typeOf returns the name of a type in the metadata of a metric.
func typeOf(t encode.Type) string {
	if t == encode.Untyped {
		return "unknown"
	}
	return t.String()
}

// The values of AggregationTemporality.
const (
	deltaTemporality = 1
	cumulative       = 2
)

// ends reports whether series of this form are ended when they have gone. Differences are not: what
// makes sums of them, such as OpenTelemetry's deltatocumulative, would take the point without a
// value for one of 0.
func (m *message) ends(f form) bool { return !m.delta || f == countForm || !f.hasTemporality() }

// message is a request under way, an ExportMetricsServiceRequest with one resource and one scope.
// Metrics and their points are appended to it one after the other. Its memory is used again.
type message struct {
	resource []byte // of all requests, as a field
	delta    bool   // sums and histograms are deltas

	body   []byte
	points int

	// Where the messages begin that are open: the resource's and the scope's, and those of a metric
	// and its data if form is not 0.
	metrics, scope int
	form           form
	metric, data   int
}

// reset begins a request.
func (m *message) reset() {
	m.points, m.form = 0, 0
	m.body, m.metrics = wire.Open(m.body[:0], 1)
	m.body = append(m.body, m.resource...)
	m.body, m.scope = wire.Open(m.body, 2)
	m.body = appendScope(m.body)
}

// full reports whether the request should be sent before another point comes.
func (m *message) full() bool { return m.points >= maxPoints || len(m.body) >= maxBytes }

// open begins a metric, and ends the one before. The header is what [appendHeader] has made.
func (m *message) open(header []byte, f form) {
	m.close()
	m.body, m.metric = wire.Open(m.body, 2)
	m.body = append(m.body, header...)
	m.body, m.data = wire.Open(m.body, f.field())
	m.form = f
}

// close ends the metric that is open, if there is one.
func (m *message) close() {
	if m.form == 0 {
		return
	}
	if m.form.hasTemporality() {
		temporality := uint64(cumulative)
		if m.delta && m.form != countForm {
			temporality = deltaTemporality
		}
		m.body = wire.AppendUint(m.body, 2, temporality)
	}
	if m.form == sumForm {
		m.body = wire.AppendUint(m.body, 3, 1) // it is monotonic
	}
	m.body = wire.Close(m.body, m.data)
	m.body = wire.Close(m.body, m.metric)
	m.form = 0
}

// finish ends the request and returns it. It is valid until the next one begins.
func (m *message) finish() []byte {
	m.close()
	m.body = wire.Close(m.body, m.scope)
	m.body = wire.Close(m.body, m.metrics)
	return m.body
}

// appendHeader appends the fields of a Metric but for its data.
func appendHeader(dst []byte, name, help, unit string, typ encode.Type) []byte {
	dst = wire.AppendString(dst, 1, name)
	dst = wire.AppendString(dst, 2, help)
	dst = wire.AppendString(dst, 3, unit)
	return appendAttribute(dst, 12, "prometheus.type", typeOf(typ))
}

// appendAttribute appends a KeyValue whose value is a string.
func appendAttribute(dst []byte, field uint64, name, value string) []byte {
	dst, begin := wire.Open(dst, field)
	dst = wire.AppendString(dst, 1, name)
	dst, at := wire.Open(dst, 2)
	dst = wire.AppendPresentString(dst, 1, value)
	dst = wire.Close(dst, at)
	return wire.Close(dst, begin)
}
