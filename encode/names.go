// SPDX-License-Identifier: Apache-2.0

package encode

import "github.com/quipu-metrics/quipu/internal/labeltext"

// ValidMetricName reports whether s matches [a-zA-Z_:][a-zA-Z0-9_:]*.
func ValidMetricName(s string) bool { return labeltext.ValidMetricName(s) }

// ValidLabelName reports whether s matches [a-zA-Z_][a-zA-Z0-9_]*. Names that begin with two
// underscores match, although Prometheus reserves them.
func ValidLabelName(s string) bool { return labeltext.ValidName(s) }

// ValidUTF8Name reports whether s can be the name of a metric or a label where names may have any
// characters: see [Escaping]. It is not empty, is valid UTF-8, and has no NUL, which Prometheus'
// parsers of text take for the end of the page.
func ValidUTF8Name(s string) bool { return labeltext.ValidUTF8Name(s) }
