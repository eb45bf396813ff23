// SPDX-License-Identifier: Apache-2.0

package labeltext

import (
	"strings"
	"unicode/utf8"
)

// MaxValue is the largest number of bytes in a label value, unless the user chooses another one.
const MaxValue = 1024

// IsClean reports whether a label value is valid UTF-8 of at most so many bytes, and so can be used
// unchanged.
func IsClean(value string, most int) bool { return len(value) <= most && utf8.ValidString(value) }

// Clean returns a label value that is valid UTF-8 of at most so many bytes. It cuts the value
// before it repairs it, which keeps the work small, and again after that, because a repair can make
// a value longer.
func Clean(value string, most int) string { return Limit(Repair(Limit(value, most)), most) }

// Limit shortens a value to so many bytes, or to up to three bytes fewer so that it ends between
// characters.
func Limit(value string, most int) string {
	if len(value) <= most {
		return value
	}
	end := most
	for end > most-utf8.UTFMax && !utf8.RuneStart(value[end]) {
		end--
	}
	return value[:end]
}

// Repair returns s with every run of invalid bytes replaced by one U+FFFD. It allocates only if
// there is such a run.
func Repair(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
