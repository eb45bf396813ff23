// SPDX-License-Identifier: Apache-2.0

package labeltext

import (
	"strings"
	"unicode/utf8"
)

// MaxValue is the most bytes that a label value may have.
const MaxValue = 1024

// IsClean reports whether a label value can be used as it is: valid UTF-8 of at most [MaxValue]
// bytes.
func IsClean(value string) bool { return len(value) <= MaxValue && utf8.ValidString(value) }

// Clean makes a label value usable: valid UTF-8 of at most [MaxValue] bytes. It cuts before it
// repairs, which keeps the work small, and after it, because repairing can make a value longer.
func Clean(value string) string { return Limit(Repair(Limit(value))) }

// Limit shortens a value to [MaxValue] bytes, or up to three fewer so that it ends between
// characters.
func Limit(value string) string {
	if len(value) <= MaxValue {
		return value
	}
	end := MaxValue
	for end > MaxValue-utf8.UTFMax && !utf8.RuneStart(value[end]) {
		end--
	}
	return value[:end]
}

// Repair returns s with every run of invalid bytes replaced by one U+FFFD. It allocates only if
// there is one.
func Repair(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// ValidName reports whether s matches [a-zA-Z_][a-zA-Z0-9_]*. Names that begin with two underscores
// match, though Prometheus reserves them.
func ValidName(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_':
		case c >= '0' && c <= '9' && i > 0:
		default:
			return false
		}
	}
	return s != ""
}
