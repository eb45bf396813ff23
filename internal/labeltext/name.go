// SPDX-License-Identifier: Apache-2.0

package labeltext

import (
	"strings"
	"unicode/utf8"
)

// The classes of the bytes of names: see [ValidName].
const (
	never  = iota
	letter // or an underscore
	digit  // not at the beginning
	colon  // in names of metrics only
)

// classes are the classes of bytes.
var classes = func() (c [256]uint8) {
	for b := range c {
		switch {
		case b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z', b == '_':
			c[b] = letter
		case b >= '0' && b <= '9':
			c[b] = digit
		case b == ':':
			c[b] = colon
		}
	}
	return c
}()

// ValidName reports whether s matches [a-zA-Z_][a-zA-Z0-9_]*, so that it needs no quotes in label
// text. Names that begin with two underscores match, though Prometheus reserves them.
func ValidName(s string) bool {
	if s == "" || classes[s[0]] != letter {
		return false
	}
	for i := 1; i < len(s); i++ {
		if c := classes[s[i]]; c != letter && c != digit {
			return false
		}
	}
	return true
}

// ValidMetricName reports whether s matches [a-zA-Z_:][a-zA-Z0-9_:]*. A colon counts as a letter.
func ValidMetricName(s string) bool {
	if s == "" || classes[s[0]] == digit {
		return false
	}
	for i := 0; i < len(s); i++ {
		if classes[s[i]] == never {
			return false
		}
	}
	return true
}

// ValidUTF8Name reports whether s can be the name of a metric or a label where all of UTF-8 is
// allowed. It is not empty and has no NUL, which the parsers of Prometheus take for the end of the
// page.
func ValidUTF8Name(s string) bool {
	return s != "" && utf8.ValidString(s) && strings.IndexByte(s, 0) < 0
}

// AppendName appends the name of a label as label text has it: names that need it are escaped, and
// stand between quotes. The text is also that of a metric's name between the braces of a sample.
func AppendName(dst []byte, name string) []byte {
	if ValidName(name) {
		return append(dst, name...)
	}
	return AppendQuoted(dst, name)
}

// AppendQuoted appends s, escaped, between quotes.
func AppendQuoted(dst []byte, s string) []byte {
	dst = append(dst, '"')
	dst = AppendEscaped(dst, s, true)
	return append(dst, '"')
}

// cutName splits the name of the first label off label text, up to its equals sign. It allocates
// only for a name that has escape sequences.
func cutName(text string) (name, rest string, ok bool) {
	if text == "" || text[0] != '"' {
		return strings.Cut(text, "=")
	}
	text = text[1:]
	end := closingQuote(text)
	if end+1 >= len(text) || text[end+1] != '=' {
		return "", "", false
	}
	return Unescaped(text[:end]), text[end+2:], true
}

// closingQuote returns the index of the first quote that is not escaped, or len(s).
func closingQuote(s string) int {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return len(s)
}

// HasQuotedNames reports whether label text has a name between quotes. It may also report true for
// some texts that have none.
func HasQuotedNames(text string) bool {
	// Within a value a quote is escaped, so it follows a comma only where a value ends in one.
	return text != "" && (text[0] == '"' || strings.Contains(text, `,"`))
}
