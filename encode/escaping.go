// SPDX-License-Identifier: Apache-2.0

package encode

import "github.com/quipu-metrics/quipu/internal/labeltext"

// Escaping is a way to write names that are not valid by [ValidMetricName] or [ValidLabelName].
// Prometheus 3 reads such names, and a reader says in its Accept header which way it wants. The
// others write a name of letters, digits and underscores in its place, because older servers refuse
// the page otherwise. Valid names are never changed.
type Escaping uint8

const (
	// UnderscoresEscaping replaces every other character by an underscore. It is the default of
	// readers that do not say what they want. Names that differ may become equal.
	UnderscoresEscaping Escaping = iota
	// DotsEscaping replaces a dot by _dot_, and an underscore and every other character by two
	// underscores. Names that differ may become equal.
	DotsEscaping
	// ValuesEscaping writes U__, and in the place of every other character its code point in
	// hexadecimal between underscores. The name can be found again.
	ValuesEscaping
	// NoEscaping writes names as they are. In the text formats such names stand between quotes, as
	// in {"my.name","my.label"="value"}, and the page is text 1.0.0 rather than 0.0.4.
	NoEscaping
)

// String returns the value of the parameter escaping in Accept and Content-Type headers.
func (e Escaping) String() string {
	switch e {
	case UnderscoresEscaping:
		return "underscores"
	case DotsEscaping:
		return "dots"
	case ValuesEscaping:
		return "values"
	case NoEscaping:
		return "allow-utf-8"
	default:
		return "unknown"
	}
}

// MetricName returns the name of a metric as a page with this escaping shows it.
func (e Escaping) MetricName(name string) string {
	if e == NoEscaping || labeltext.ValidMetricName(name) {
		return name
	}
	return string(labeltext.AppendEscapedName(nil, name, labeltext.Escaping(e), true))
}

// LabelName returns the name of a label as a page with this escaping shows it. Unlike that of a
// metric it has no colons.
func (e Escaping) LabelName(name string) string {
	if e == NoEscaping || labeltext.ValidName(name) {
		return name
	}
	return string(labeltext.AppendEscapedName(nil, name, labeltext.Escaping(e), false))
}
