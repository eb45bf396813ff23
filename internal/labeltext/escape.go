// SPDX-License-Identifier: Apache-2.0

package labeltext

import (
	"bytes"
	"strconv"
)

// Escaping is a way to write a name with letters, digits and underscores only.
type Escaping uint8

// The ways to escape a name. They are those of Prometheus, and so are their numbers in package
// encode.
const (
	Underscores Escaping = iota // every other character becomes an underscore
	Dots                        // a dot becomes _dot_, an underscore and every other character two underscores
	Values                      // U__ and then the code points of other characters between underscores
	Escapings                   // how many there are
)

// AppendEscapedName appends a name that is not valid without quotes. metric says whether it is that
// of a metric, which may have colons.
func AppendEscapedName(dst []byte, name string, e Escaping, metric bool) []byte {
	if e == Values {
		dst = append(dst, "U__"...)
	}
	for i, r := range name {
		class := uint8(never)
		if r < 0x80 {
			class = classes[r]
		}
		switch {
		case r == '_' && e != Underscores:
			dst = append(dst, "__"...)
		case class == letter, class == digit && i > 0, class == colon && metric:
			dst = append(dst, byte(r))
		case e == Underscores:
			dst = append(dst, '_')
		case e == Values:
			dst = append(dst, '_')
			dst = strconv.AppendInt(dst, int64(r), 16)
			dst = append(dst, '_')
		case r == '.':
			dst = append(dst, "_dot_"...)
		default:
			dst = append(dst, "__"...)
		}
	}
	return dst
}

// appendEscapedLabelName appends the name of a label, escaped if it needs that.
func appendEscapedLabelName(dst []byte, name string, e Escaping) []byte {
	if ValidName(name) {
		return append(dst, name...)
	}
	return AppendEscapedName(dst, name, e, false)
}

// nameLabel is the label that holds the name of the metric in Prometheus.
const nameLabel = "__name__"

// AppendEscapedNames appends label text whose names are escaped. It leaves out a label whose name
// becomes that of an earlier one, or the name that Prometheus has for the name of the metric: see
// [Alike].
func AppendEscapedNames(dst []byte, text string, e Escaping) []byte {
	begin := len(dst)
	for rest := text; rest != ""; {
		name, value, _, next, ok := Next(rest)
		if !ok {
			break
		}
		rest = next
		from := len(dst)
		if from > begin {
			dst = append(dst, ',')
		}
		at := len(dst)
		dst = appendEscapedLabelName(dst, name, e)
		if string(dst[at:]) == nameLabel || hasName(dst[begin:from], dst[at:]) {
			dst = dst[:from]
			continue
		}
		dst = append(dst, '=', '"')
		dst = append(dst, value...)
		dst = append(dst, '"')
	}
	return dst
}

// hasName reports whether label text without quoted names has a label of this name.
func hasName(text, name []byte) bool {
	for len(text) > 0 {
		eq := bytes.IndexByte(text, '=')
		if bytes.Equal(text[:eq], name) {
			return true
		}
		text = text[eq+len(`="`):]
		end := 0
		for ; text[end] != '"'; end++ {
			if text[end] == '\\' {
				end++
			}
		}
		text = bytes.TrimPrefix(text[end+1:], []byte(","))
	}
	return false
}

// Alike reports how the names of label text can be escaped so that two of them become one name, or
// one becomes __name__, the name that Prometheus has for the name of the metric. The result has the
// bit 1<<e for escaping e. Next to nothing is done for text without quoted names.
func Alike(text string) (escapings uint8) {
	if !HasQuotedNames(text) {
		return 0
	}
	var room [256]byte // on the stack
	for e := range Escapings {
		names := room[:0] // one after another, each after a comma
		for rest := text; rest != ""; {
			name, _, _, next, ok := Next(rest)
			if !ok {
				break
			}
			rest = next
			from := len(names)
			names = append(names, ',')
			names = appendEscapedLabelName(names, name, e)
			one := names[from+1:]
			if string(one) == nameLabel || listed(names[:from], one) {
				escapings |= 1 << e
				break
			}
		}
	}
	return escapings
}

// listed reports whether a name is in a list, in which a comma precedes each name.
func listed(names, name []byte) bool {
	for len(names) > 0 {
		names = names[1:]
		end := bytes.IndexByte(names, ',')
		if end < 0 {
			end = len(names)
		}
		if bytes.Equal(names[:end], name) {
			return true
		}
		names = names[end:]
	}
	return false
}

// AlikeNames is [Alike] for the names of labels.
func AlikeNames(names ...[]string) uint8 {
	var text []byte
	for _, list := range names {
		for _, name := range list {
			text = Append(text, name, "")
		}
	}
	return Alike(string(text))
}
