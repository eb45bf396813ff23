// SPDX-License-Identifier: Apache-2.0

package labeltext

import (
	"iter"
	"slices"
	"strings"
	"unicode/utf8"
)

// Next splits the first label off label text. value is still escaped; size is its length in bytes
// without the escapes. The name has no quotes and no escapes; Next allocates only for a name that
// had escapes. It reports false for text that [Append] did not make.
func Next(text string) (name, value string, size int, rest string, ok bool) {
	eq := strings.IndexByte(text, '=')
	if eq < 1 || eq+1 >= len(text) || text[eq+1] != '"' || text[0] == '"' {
		if name, text, ok = cutName(text); !ok || text == "" || text[0] != '"' {
			return "", "", 0, "", false
		}
		text = text[1:]
	} else {
		name, text = text[:eq], text[eq+2:]
	}
	// A plain loop, because values are short, and it finds the end and the escapes in one pass.
	end := 0
	for ; end < len(text) && text[end] != '"'; end++ {
		if text[end] == '\\' {
			end++
		}
		size++
	}
	if end >= len(text) {
		return "", "", 0, "", false
	}
	value, rest = text[:end], text[end+1:]
	if rest != "" {
		if rest[0] != ',' {
			return "", "", 0, "", false
		}
		rest = rest[1:]
	}
	return name, value, size, rest, true
}

// Has reports whether label text has a label of this name.
func Has(text, name string) bool {
	for text != "" {
		label, _, _, rest, ok := Next(text)
		if !ok {
			return false
		}
		if label == name {
			return true
		}
		text = rest
	}
	return false
}

// All walks the unescaped names and values of label text, up to its first fault. It allocates only
// for those that had escapes.
func All(text string) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for text != "" {
			name, value, size, rest, ok := Next(text)
			if !ok {
				return
			}
			if size != len(value) {
				value = string(AppendUnescaped(make([]byte, 0, size), value))
			}
			if !yield(name, value) {
				return
			}
			text = rest
		}
	}
}

// AppendUnescaped appends an escaped value without its escapes.
func AppendUnescaped(dst []byte, value string) []byte {
	for {
		i := strings.IndexByte(value, '\\')
		if i < 0 || i+1 >= len(value) {
			return append(dst, value...)
		}
		dst = append(dst, value[:i]...)
		dst = append(dst, unescaped(value[i+1]))
		value = value[i+2:]
	}
}

// unescaped returns the byte that an escape sequence ending in c stands for.
func unescaped(c byte) byte {
	if c == 'n' {
		return '\n'
	}
	return c
}

// Unescaped returns an escaped value without its escapes. It allocates only if there are some.
func Unescaped(value string) string {
	if strings.IndexByte(value, '\\') < 0 {
		return value
	}
	return string(AppendUnescaped(nil, value))
}

// HasEscapes reports whether label text has escape sequences in it.
func HasEscapes(text string) bool { return strings.IndexByte(text, '\\') >= 0 }

// AnyQuoted reports whether one of the names stands between quotes.
func AnyQuoted(names []Name) bool {
	return slices.ContainsFunc(names, func(n Name) bool { return n.quoted })
}

// Runes counts the characters of all names and unescaped values in label text, as the limit on
// exemplars counts them.
func Runes(text string) int {
	n := 0
	for text != "" {
		name, value, size, rest, ok := Next(text)
		if !ok {
			break
		}
		// An escape sequence is two characters that stand for one.
		n += utf8.RuneCountInString(name) + utf8.RuneCountInString(value) - (len(value) - size)
		text = rest
	}
	return n
}
