// SPDX-License-Identifier: Apache-2.0

package encode

// Type is the type of a family.
type Type uint8

// The types of families. Only OpenMetrics has the types Info and StateSet; the other formats show
// such families as gauges.
const (
	Counter Type = iota
	Gauge
	Histogram
	Summary
	Untyped
	Info
	StateSet
)

// String returns the word of the TYPE line. Only OpenMetrics says unknown for Untyped.
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

// word returns the type by the name that this format has for it.
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

// protoType returns the value of the MetricType enumeration.
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
		return 1 // a gauge, which also stands for the types that protobuf does not have
	}
}
