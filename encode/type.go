// SPDX-License-Identifier: Apache-2.0

package encode

// Type is the type of a family.
type Type uint8

// The types of families. Info and StateSet exist in OpenMetrics only; the other formats show them as gauges.
const (
	Counter Type = iota
	Gauge
	Histogram
	Summary
	Untyped
	Info
	StateSet
)

// String is the word of the TYPE line. OpenMetrics alone says unknown for Untyped.
func (t Type) String() string {
	switch t {
	case Counter:
		return "counter"
	case Gauge:
		return "gauge"
	case Histogram:
		return "histogram"
	case Summary:
		return "summary"
	case Info:
		return "info"
	case StateSet:
		return "stateset"
	default:
		return "untyped"
	}
}

// word is the type as this format knows it.
func (t Type) word(format Format) string {
	switch {
	case format == OpenMetrics && t == Untyped:
		return "unknown"
	case format != OpenMetrics && (t == Info || t == StateSet):
		return Gauge.String()
	default:
		return t.String()
	}
}

// protoType is the value of the MetricType enumeration.
func (t Type) protoType() byte {
	switch t {
	case Counter:
		return 0
	case Summary:
		return 2
	case Untyped:
		return 3
	case Histogram:
		return 4
	default:
		return 1 // a gauge, and what protobuf has no word for
	}
}
