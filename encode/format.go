// SPDX-License-Identifier: Apache-2.0

package encode

// Format is an exposition format.
type Format uint8

const (
	// Text is the text format of Prometheus, version 0.0.4.
	Text Format = iota
	// OpenMetrics is the text format of OpenMetrics, version 1.0.0. It carries exemplars, units and
	// creation times.
	OpenMetrics
	// Protobuf is a sequence of io.prometheus.client.MetricFamily messages, each after its length
	// as a varint. It carries native histograms and everything that OpenMetrics carries.
	Protobuf
)

// ContentType returns the value of the Content-Type header of a page in this format.
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

// EscapedContentType returns the value of the Content-Type header of a page in this format whose
// names are escaped in this way. It states the escaping. Text with [NoEscaping] is text 1.0.0.
func (f Format) EscapedContentType(e Escaping) string {
	if f == Text && e == NoEscaping {
		return "text/plain; version=1.0.0; charset=utf-8; escaping=" + e.String()
	}
	return f.ContentType() + "; escaping=" + e.String()
}

// String returns a short name for logs and test names.
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

// AppendTrailer ends a page: it appends the EOF line in OpenMetrics and nothing in the other
// formats.
func AppendTrailer(dst []byte, format Format) []byte {
	if format == OpenMetrics {
		return append(dst, "# EOF\n"...)
	}
	return dst
}
