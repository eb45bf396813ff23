// SPDX-License-Identifier: Apache-2.0

package encode

import (
	"math"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/quipu-metrics/quipu/internal/labeltext"
)

// Family renders the series of one metric family in every format. It is immutable, so all scrapes
// share it.
//
// A family takes series of its own type. The Append methods do not check this: with another type
// they append lines that parsers refuse, or panic. BenchmarkSeries measures each of them in each
// format.
type Family struct {
	name, help, unit string

	typ     Type
	unknown bool        // whether OpenMetrics shows this counter as unknown
	headers [3]string   // by Format; for Protobuf the fields of the message that precede its metrics
	text    [2]rendered // by Format: Text and OpenMetrics
	bounds  []float64   // a histogram's bounds with +Inf last, or a summary's quantiles
	samples []string    // see Samples; of families with escaped names only

	escaping Escaping // of the names, and of those of the labels of exemplars
	plain    *Family  // a family that escapes label text: the one that takes the result
	variants atomic.Pointer[[NoEscaping]*Family]
}

// NewFamily renders a family. The name must be a valid metric name, or else one by [ValidUTF8Name]:
// then it stands between quotes, and [Family.Escaped] escapes it. help and unit may be empty.
// bounds are the upper bounds of a histogram in ascending order (+Inf is added if it is missing),
// the quantiles of a summary, and nil for other types.
//
// A series has the same name in every format. In OpenMetrics the family of the counter
// http_requests_total is called http_requests, and its sample is called http_requests_total. A
// counter whose name does not end in _total cannot be a counter there: it becomes a family of type
// unknown, without exemplars and creation times, as [NewUnknownCounter] makes it. The sample of an
// Info family is called name_info in every format; the suffix is added if it is missing.
//
// Protobuf shows every unit. OpenMetrics shows a unit only if the family's name ends in it
// (http_request_duration_seconds for seconds), because parsers refuse a UNIT line that does not fit
// the name. Info and StateSet have no units.
func NewFamily(name, help, unit string, typ Type, bounds []float64) *Family {
	return newFamily(name, help, unit, typ, bounds, typ == Counter && base(name, "_total") == name)
}

// NewUnknownCounter renders a family of counters that OpenMetrics shows as type unknown, under its
// whole name and without exemplars and creation times. It is for a counter x_total beside another
// family x, because OpenMetrics would call both families x. The other formats show it as
// [NewFamily] does.
func NewUnknownCounter(name, help, unit string) *Family {
	return newFamily(name, help, unit, Counter, nil, true)
}

func newFamily(name, help, unit string, typ Type, bounds []float64, unknown bool) *Family {
	f := &Family{
		name: name, help: labeltext.Repair(help), unit: unit, typ: typ, unknown: unknown,
		bounds: slices.Clone(bounds), escaping: NoEscaping,
	}
	if typ == Histogram && (len(bounds) == 0 || !math.IsInf(bounds[len(bounds)-1], 1)) {
		f.bounds = append(f.bounds, math.Inf(1))
	}
	if typ == Info || typ == StateSet {
		f.unit = ""
	}
	f.renderAll()
	return f
}

// renderAll renders everything that does not depend on series.
func (f *Family) renderAll() {
	sample, family := f.name, f.name
	switch {
	case f.typ == Info:
		family = base(f.name, "_info")
		sample = family + "_info"
	case f.typ == Counter && !f.unknown:
		family = base(f.name, "_total")
	}
	f.text[Text] = f.render(sample, sample, Text)
	f.headers[Text] = f.textHeader(sample, "", Text)
	f.headers[Protobuf] = f.protoHeader(sample)
	f.text[OpenMetrics] = f.render(family, sample, OpenMetrics)
	f.headers[OpenMetrics] = f.textHeader(family, f.unit, OpenMetrics)
}

// Name returns the name of the family, which [Family.Escaped] may have escaped.
func (f *Family) Name() string { return f.name }

// Samples returns the names that series of the family have in any of the formats, and the name of
// the family. Two families may be on one page if they have none of these names in common. The slice
// must not be changed. For a family that [Family.Escaped] returned, Samples allocates nothing.
func (f *Family) Samples() []string {
	if f.samples != nil {
		return f.samples
	}
	return f.sampleNames()
}

func (f *Family) sampleNames() []string {
	names := []string{f.name}
	switch f.typ {
	case Counter:
		if b := base(f.name, "_total"); b != f.name {
			names = append(names, b+"_created")
		}
	case Histogram:
		names = append(names, f.name+"_bucket", f.name+"_sum", f.name+"_count", f.name+"_created")
	case Summary:
		names = append(names, f.name+"_sum", f.name+"_count", f.name+"_created")
	case Info:
		b := base(f.name, "_info")
		names = append(names, b+"_info", b)
	}
	return names
}

// base returns name without the suffix, or name itself if nothing else would be left.
func base(name, suffix string) string {
	if b := strings.TrimSuffix(name, suffix); b != "" {
		return b
	}
	return name
}

// Begin opens a family: its series follow, then [Family.End]. In the text formats it appends the
// header. In protobuf it also leaves room for the length of the message, so the family's bytes must
// stay in dst until End has set it.
func (f *Family) Begin(dst []byte, format Format) []byte {
	if format == Protobuf {
		dst = append(dst, make([]byte, lengthRoom)...)
	}
	return append(dst, f.headers[format]...)
}

// Continue opens the next piece of a family that End has closed to keep the buffer small. The text
// formats go on with the next series, because a second header would be an error. Protobuf begins
// another message with the same header: a message is parsed by itself, and Prometheus adds up
// several messages of one name.
//
// Some readers of protobuf, such as a Pushgateway, keep families in a map by name, and so keep only
// the last message of each name. For such a reader a family must be one piece.
func (f *Family) Continue(dst []byte, format Format) []byte {
	if format == Protobuf {
		return f.Begin(dst, format)
	}
	return dst
}

// End closes a family that [Family.Begin] or [Family.Continue] opened; start is the length that dst
// had before. In the text formats it does nothing. In protobuf it sets the length of the message as
// the shortest varint, and moves the bytes of the message if the varint does not have the size of
// the room that was left for it. It removes a message without series, which would say nothing.
func (f *Family) End(dst []byte, start int, format Format) []byte {
	if format != Protobuf {
		return dst
	}
	if len(dst)-start == lengthRoom+len(f.headers[Protobuf]) {
		return dst[:start]
	}
	return closeFamily(dst, start)
}
