// SPDX-License-Identifier: Apache-2.0

package labeltext

import (
	"strings"
	"unicode/utf8"
)

// MaxValue is the largest number of bytes in a label value.
const MaxValue = 1024

// IsClean reports whether a label value is valid UTF-8 of at most [MaxValue] bytes, and so can be
// used unchanged.
func IsClean(value string) bool { return len(value) <= MaxValue && utf8.ValidString(value) }

// Clean returns a label value that is valid UTF-8 of at most [MaxValue] bytes. It cuts the value
// before it repairs it, which keeps the work small, and again after that, because a repair can make
// a value longer.
func Clean(value string) string { return Limit(Repair(Limit(value))) }

// Limit shortens a value to [MaxValue] bytes, or to up to three bytes fewer so that it ends between
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
// there is such a run.
func Repair(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
