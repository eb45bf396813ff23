// SPDX-License-Identifier: Apache-2.0

package labeltext

import (
	"maps"
	"slices"
)

// Append appends name="value" to label text, with the value escaped, and a comma before it when dst
// is not empty. The name must be valid, and the value valid UTF-8: see [ValidUTF8Name] and [Clean].
// A name that is not a [ValidName] stands between quotes: "my.name"="value".
func Append(dst []byte, name, value string) []byte {
	if len(dst) > 0 {
		dst = append(dst, ',')
	}
	return appendValue(AppendName(dst, name), value)
}

// Append is [Append] for this name.
func (n *Name) Append(dst []byte, value string) []byte {
	if len(dst) > 0 {
		dst = append(dst, ',')
	}
	if n.quoted {
		dst = AppendQuoted(dst, n.Text)
	} else {
		dst = append(dst, n.Text...)
	}
	return appendValue(dst, value)
}

func appendValue(dst []byte, value string) []byte {
	dst = append(dst, '=', '"')
	dst = AppendEscaped(dst, value, true)
	return append(dst, '"')
}

// AppendSet appends the labels of set in the order of their names. It leaves out labels without a
// value, which Prometheus takes for absent, unless empty is set.
func AppendSet(dst []byte, set map[string]string, empty bool) []byte {
	for _, name := range slices.Sorted(maps.Keys(set)) {
		if value := set[name]; value != "" || empty {
			dst = Append(dst, name, value)
		}
	}
	return dst
}

// AppendText appends label text to label text, with a comma between them when neither is empty.
func AppendText(dst []byte, text string) []byte {
	if len(dst) > 0 && text != "" {
		dst = append(dst, ',')
	}
	return append(dst, text...)
}

// Tail returns the number of bytes that [AppendText] adds for text after other labels.
func Tail(text string) int {
	if text == "" {
		return 0
	}
	return len(",") + len(text)
}

// AppendEscaped appends s with backslash and newline escaped. If quote is set, it escapes the
// double quote too, as label values need it.
func AppendEscaped(dst []byte, s string, quote bool) []byte {
	from := 0
	for i := 0; i < len(s); i++ {
		var c byte
		switch s[i] {
		case '\\':
			c = '\\'
		case '\n':
			c = 'n'
		case '"':
			if !quote {
				continue
			}
			c = '"'
		default:
			continue
		}
		dst = append(dst, s[from:i]...)
		dst = append(dst, '\\', c)
		from = i + 1
	}
	return append(dst, s[from:]...)
}
