// SPDX-License-Identifier: Apache-2.0

package encode

import (
	"math"
	"slices"
	"strings"

	"github.com/quipu-metrics/quipu/internal/labeltext"
)

// Family is what a family of series has in common, rendered once for every format. It is immutable and shared by all
// scrapes.
type Family struct {
	typ     Type
	unknown bool        // a counter that OpenMetrics shows as unknown
	headers [3]string   // per Format; for Protobuf the fields of the message that come before its metrics
	text    [2]rendered // Text and OpenMetrics
	bounds  []float64   // a histogram's bounds with +Inf last, or a summary's quantiles
}

// NewFamily renders a family. The name must be a valid metric name; help and unit may be empty. bounds are a
// histogram's upper bounds in ascending order (+Inf is added if it is not there) or a summary's quantiles, and nil for
// other types.
//
// A series has the same name in every format. OpenMetrics calls the family of a counter http_requests_total http_requests,
// and its sample http_requests_total. A counter whose name does not end in _total cannot be a counter there: it is of type
// unknown, without exemplars and creation times, as [NewUnknownCounter] makes it. An Info family is sampled as name_info in
// every format, with the suffix added if it is missing.
//
// A unit shows in protobuf, and in OpenMetrics if the family's name ends in it (http_request_duration_seconds for
// seconds) as that format demands; parsers refuse a UNIT line that does not fit, so without that suffix there is none.
// Info and StateSet have no units.
func NewFamily(name, help, unit string, typ Type, bounds []float64) *Family {
	return newFamily(name, help, unit, typ, bounds, typ == Counter && base(name, "_total") == name)
}

// NewUnknownCounter renders a family of counters that OpenMetrics shows as type unknown, under its whole name and without
// exemplars and creation times. It is for a counter x_total beside another family x: OpenMetrics would call both x. The
// other formats show it as [NewFamily] does.
func NewUnknownCounter(name, help, unit string) *Family {
	return newFamily(name, help, unit, Counter, nil, true)
}

func newFamily(name, help, unit string, typ Type, bounds []float64, unknown bool) *Family {
	f := &Family{typ: typ, unknown: unknown, bounds: slices.Clone(bounds)}
	if typ == Histogram && (len(bounds) == 0 || !math.IsInf(bounds[len(bounds)-1], 1)) {
		f.bounds = append(f.bounds, math.Inf(1))
	}
	if typ == Info || typ == StateSet {
		unit = ""
	}
	help = labeltext.Repair(help)

	sample := name
	if typ == Info {
		sample = base(name, "_info") + "_info"
	}
	f.text[Text] = f.render(sample, sample, Text)
	f.headers[Text] = f.textHeader(sample, help, "", Text)
	f.headers[Protobuf] = f.protoHeader(sample, help, unit)

	family := name
	switch {
	case typ == Counter && !unknown:
		family = base(name, "_total")
	case typ == Info:
		family = base(name, "_info")
	}
	f.text[OpenMetrics] = f.render(family, sample, OpenMetrics)
	f.headers[OpenMetrics] = f.textHeader(family, help, unit, OpenMetrics)
	return f
}

// base is name without the suffix, unless nothing would be left.
func base(name, suffix string) string {
	if b := strings.TrimSuffix(name, suffix); b != "" {
		return b
	}
	return name
}

// Begin opens a family: its series follow, then [Family.End]. In the text formats it is the header; in protobuf it
// leaves room for the length of the message too, so that a family's bytes stay in dst until End has set it.
func (f *Family) Begin(dst []byte, format Format) []byte {
	if format == Protobuf {
		dst = append(dst, make([]byte, lengthRoom)...)
	}
	return append(dst, f.headers[format]...)
}

// Continue opens the next piece of a family that was ended to keep the buffer small. The text formats go on with the
// next series, because a second header would be an error. Protobuf begins another message with the same header: a
// message is parsed by itself, and Prometheus adds up several of one name. A reader that keeps families in a map by name,
// such as a Pushgateway, keeps the last message only: for it a family must be one piece.
func (f *Family) Continue(dst []byte, format Format) []byte {
	if format == Protobuf {
		return f.Begin(dst, format)
	}
	return dst
}

// End closes what [Family.Begin] or [Family.Continue] opened; start is the length that dst had before it. In the text
// formats it does nothing. In protobuf it sets the length of the message, as the shortest varint, moving the bytes of the
// message if that is not the size there was room for; a message without series is taken back, for there is nothing in it.
func (f *Family) End(dst []byte, start int, format Format) []byte {
	if format != Protobuf {
		return dst
	}
	if len(dst)-start == lengthRoom+len(f.headers[Protobuf]) {
		return dst[:start]
	}
	return closeFamily(dst, start)
}
