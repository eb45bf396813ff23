// SPDX-License-Identifier: Apache-2.0

package encode

import (
	"strings"
	"unicode/utf8"
)

// AppendLabel appends name="value" to the label text of a series, with the value escaped, and a comma before it when
// dst is not empty. The result, without braces, is what the Append methods of [Family] take as labels. The name must be
// a valid label name and the value valid UTF-8: see [ValidLabelName] and [RepairUTF8].
func AppendLabel(dst []byte, name, value string) []byte {
	if len(dst) > 0 {
		dst = append(dst, ',')
	}
	dst = append(dst, name...)
	dst = append(dst, '=', '"')
	dst = AppendLabelValue(dst, value)
	return append(dst, '"')
}

// AppendLabelValue appends value with backslash, newline and quote escaped.
func AppendLabelValue(dst []byte, value string) []byte { return appendEscaped(dst, value, true) }

// AppendHelp appends help text as a HELP line of this format wants it: backslash and newline escaped, in OpenMetrics the
// quote as well.
func AppendHelp(dst []byte, help string, fm Format) []byte {
	return appendEscaped(dst, help, fm == OpenMetrics)
}

func appendEscaped(dst []byte, s string, quote bool) []byte {
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

// RepairUTF8 returns s with every run of invalid bytes replaced by one U+FFFD. It allocates only if there is one.
func RepairUTF8(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// ValidMetricName reports whether s matches [a-zA-Z_:][a-zA-Z0-9_:]*.
func ValidMetricName(s string) bool { return validName(s, true) }

// ValidLabelName reports whether s matches [a-zA-Z_][a-zA-Z0-9_]*. Names that begin with two underscores match, though
// Prometheus keeps them for itself.
func ValidLabelName(s string) bool { return validName(s, false) }

func validName(s string, colon bool) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_':
		case c >= '0' && c <= '9' && i > 0:
		case c == ':' && colon:
		default:
			return false
		}
	}
	return s != ""
}

// nextLabel splits the first label off a label text. value is still escaped; size is its length without the escapes.
// Text that AppendLabel did not make yields ok = false at the first thing amiss.
func nextLabel(labels string) (name, value string, size int, rest string, ok bool) {
	eq := strings.IndexByte(labels, '=')
	if eq < 0 || eq+1 >= len(labels) || labels[eq+1] != '"' {
		return "", "", 0, "", false
	}
	name, labels = labels[:eq], labels[eq+2:]
	// A plain loop: values are short, and it finds the end and the escapes in one go.
	end := 0
	for ; end < len(labels) && labels[end] != '"'; end++ {
		if labels[end] == '\\' {
			end++
		}
		size++
	}
	if end >= len(labels) {
		return "", "", 0, "", false
	}
	value, rest = labels[:end], labels[end+1:]
	if rest != "" {
		if rest[0] != ',' {
			return "", "", 0, "", false
		}
		rest = rest[1:]
	}
	return name, value, size, rest, true
}

// appendUnescaped undoes AppendLabelValue.
func appendUnescaped(dst []byte, value string) []byte {
	for {
		i := strings.IndexByte(value, '\\')
		if i < 0 || i+1 >= len(value) {
			return append(dst, value...)
		}
		dst = append(dst, value[:i]...)
		c := value[i+1]
		if c == 'n' {
			c = '\n'
		}
		dst = append(dst, c)
		value = value[i+2:]
	}
}

// LabelRunes counts the characters of all names and values in a label text that [AppendLabel] made, as the limit on
// exemplars counts them: see [MaxExemplarRunes].
func LabelRunes(labels string) int {
	n := 0
	for labels != "" {
		name, value, size, rest, ok := nextLabel(labels)
		if !ok {
			break
		}
		// An escape is two characters for one.
		n += len(name) + utf8.RuneCountInString(value) - (len(value) - size)
		labels = rest
	}
	return n
}
