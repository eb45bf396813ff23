// SPDX-License-Identifier: Apache-2.0

package parsers

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
)

func TestParseRefusesWhatIsWrong(t *testing.T) {
	om, text := encode.OpenMetrics.ContentType(), encode.Text.ContentType()
	for _, c := range []struct{ name, page, contentType, want string }{
		{"a series twice", "a{x=\"1\",y=\"2\"} 1\na{y=\"2\",x=\"1\"} 2\n", text, "duplicate series a"},
		{"a type twice", "# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\n# TYPE a gauge\na{x=\"1\"} 1\n",
			text, "begins twice"},
		{"a label twice", "a{x=\"1\",x=\"2\"} 1\n", text, "label name twice"},
		{"a sample of another family", "# TYPE a gauge\nb 1\n", text, "in the family"},
		{"no end", "a 1\n", om, "EOF"},
		{"a unit that does not fit", "# TYPE a gauge\n# UNIT a seconds\na 1\n# EOF\n", om, "unit"},
		{"a raw newline", "a{x=\"1\n2\"} 1\n# EOF\n", om, "textparse"},
		{"a comment", "# note\na 1\n", text, "comment"},
		{"no content type", "a 1\n", "", "Content-Type"},
		{"a cut message", "\x20abc", encode.Protobuf.ContentType(), "textparse"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse([]byte(c.page), c.contentType)
			require.ErrorContains(t, err, c.want)
		})
	}
}
