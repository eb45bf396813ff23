// SPDX-License-Identifier: Apache-2.0

package encode

import (
	"strings"

	"github.com/quipu-metrics/quipu/internal/labeltext"
)

// ValidMetricName reports whether s matches [a-zA-Z_:][a-zA-Z0-9_:]*.
func ValidMetricName(s string) bool {
	// A colon counts as a letter, as an underscore does.
	return labeltext.ValidName(strings.ReplaceAll(s, ":", "_"))
}

// ValidLabelName reports whether s matches [a-zA-Z_][a-zA-Z0-9_]*. Names that begin with two
// underscores match, although Prometheus reserves them.
func ValidLabelName(s string) bool { return labeltext.ValidName(s) }
