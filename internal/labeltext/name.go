// SPDX-License-Identifier: Apache-2.0

package labeltext

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
