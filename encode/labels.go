// SPDX-License-Identifier: Apache-2.0

package encode

import (
	"strings"

	"github.com/quipu-metrics/quipu/internal/labeltext"
)

// AppendLabel appends name="value" to the label text of a series, with the value escaped, and a comma before it when
// dst is not empty. The result, without braces, is what the Append methods of [Family] take as labels. The name must be
// a valid label name and the value valid UTF-8: see [ValidLabelName] and [RepairUTF8].
func AppendLabel(dst []byte, name, value string) []byte { return labeltext.Append(dst, name, value) }

// appendHelp appends help text as a HELP line of this format wants it: backslash and newline escaped, in OpenMetrics the
// quote as well.
func appendHelp(dst []byte, help string, fm Format) []byte {
	return labeltext.AppendEscaped(dst, help, fm == OpenMetrics)
}

// RepairUTF8 returns s with every run of invalid bytes replaced by one U+FFFD. It allocates only if there is one.
func RepairUTF8(s string) string { return labeltext.Repair(s) }

// ValidMetricName reports whether s matches [a-zA-Z_:][a-zA-Z0-9_:]*.
func ValidMetricName(s string) bool {
	// A colon is a letter here. In its place an underscore is one too.
	return labeltext.ValidName(strings.ReplaceAll(s, ":", "_"))
}

// ValidLabelName reports whether s matches [a-zA-Z_][a-zA-Z0-9_]*. Names that begin with two underscores match, though
// Prometheus keeps them for itself.
func ValidLabelName(s string) bool { return labeltext.ValidName(s) }

// LabelRunes counts the characters of all names and values in a label text that [AppendLabel] made, as the limit on
// exemplars counts them: see [MaxExemplarRunes].
func LabelRunes(labels string) int { return labeltext.Runes(labels) }
