// SPDX-License-Identifier: Apache-2.0

package encode

import "github.com/quipu-metrics/quipu/internal/labeltext"

// AppendLabel appends name="value" to the label text of a series, with the value escaped, and a
// comma before it when dst is not empty. The Append methods of [Family] take the result, which has
// no braces, as labels.
//
// The name must be valid by [ValidUTF8Name]. If it is not valid by [ValidLabelName], it stands
// between quotes, as in "my.label"="value". Each run of bytes in value that are not UTF-8 becomes
// one U+FFFD.
func AppendLabel(dst []byte, name, value string) []byte {
	return labeltext.Append(dst, name, labeltext.Repair(value))
}
