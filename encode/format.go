// SPDX-License-Identifier: Apache-2.0

package encode

// Format names an exposition format.
type Format uint8

const (
	// Text is the Prometheus text format, version 0.0.4.
	Text Format = iota
	// OpenMetrics is OpenMetrics text, version 1.0.0. It carries exemplars, units and creation times.
	OpenMetrics
	// Protobuf is a sequence of io.prometheus.client.MetricFamily messages, each behind its length as a varint. It
	// carries native histograms besides all that OpenMetrics has.
	Protobuf
)

// ContentType is the value of the Content-Type header of a page in this format.
func (f Format) ContentType() string {
	switch f {
	case OpenMetrics:
		return "application/openmetrics-text; version=1.0.0; charset=utf-8"
	case Protobuf:
		return "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
	default:
		return "text/plain; version=0.0.4; charset=utf-8"
	}
}

// String is a short name for logs and test names.
func (f Format) String() string {
	switch f {
	case Text:
		return "text"
	case OpenMetrics:
		return "openmetrics"
	case Protobuf:
		return "protobuf"
	default:
		return "unknown"
	}
}

// AppendTrailer ends a page: OpenMetrics wants its EOF line, the other formats nothing.
func AppendTrailer(dst []byte, format Format) []byte {
	if format == OpenMetrics {
		return append(dst, "# EOF\n"...)
	}
	return dst
}
