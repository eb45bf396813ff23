// SPDX-License-Identifier: Apache-2.0

package export

import (
	"strings"

	"github.com/quipu-metrics/quipu/encode"
)

// Bounds on the parsing of one list header (Accept, Accept-Encoding). Prometheus 3 sends five
// elements in 300 bytes, and browsers send eight. A header beyond these bounds is abuse; the rest
// of it is ignored, which leads to the default answer.
const (
	maxElements  = 64
	maxLineBytes = 4096
)

// element is one element of a list header: a value and its parameters, as in
// `text/plain;version=0.0.4;q=0.5`.
type element struct {
	value  string
	params string // the text after the first semicolon, the weight included
	weight int    // the parameter q, in thousandths

	// escaping is the parameter of that name. It is not stated without a known one.
	escaping encode.Escaping
	stated   bool
}

// eachElement calls visit for the elements of a list header, in order. The header may have several
// lines. Empty elements are skipped, and so are elements with a malformed weight, because a garbled
// preference is none. The strings are slices of the header, and visit does not escape, so nothing
// is allocated.
func eachElement(lines []string, visit func(element)) {
	budget := maxElements
	for _, line := range lines {
		if len(line) > maxLineBytes {
			continue
		}
		for line != "" {
			if budget == 0 {
				return
			}
			budget--
			var field string
			field, line = cutUnquoted(line, ',')
			e := element{weight: 1000}
			e.value, e.params = cutUnquoted(field, ';')
			if e.parse() && e.value != "" {
				visit(e)
			}
		}
	}
}

// cutUnquoted splits s at the first sep outside of double quotes and trims both parts. An unclosed
// quote reaches to the end.
func cutUnquoted(s string, sep byte) (before, after string) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case c == sep && !quoted:
			return strings.Trim(s[:i], " \t"), strings.Trim(s[i+1:], " \t")
		}
	}
	return strings.Trim(s, " \t"), ""
}

// nextParam splits the first parameter off params. It drops quotes around the value and leaves
// escapes inside alone, because no value that is compared with it contains any.
func nextParam(params string) (name, value, rest string) {
	field, rest := cutUnquoted(params, ';')
	name, value, _ = strings.Cut(field, "=")
	name, value = strings.TrimRight(name, " \t"), strings.TrimLeft(value, " \t")
	if len(value) >= 2 && value[0] == '"' && value[len(value)-1] == '"' {
		value = value[1 : len(value)-1]
	}
	return name, value, rest
}

// parse sets the weight and the escaping by the parameters. It reports false if the weight is
// malformed.
func (e *element) parse() (ok bool) {
	ok = true
	for params := e.params; params != ""; {
		var name, value string
		name, value, params = nextParam(params)
		switch {
		case strings.EqualFold(name, "q"):
			e.weight, ok = parseWeight(value)
		case strings.EqualFold(name, "escaping"):
			for escaping := range encode.NoEscaping + 1 {
				if value == escaping.String() {
					e.escaping, e.stated = escaping, true
				}
			}
		}
	}
	return ok
}

// parseWeight reads a qvalue of RFC 9110, section 12.4.2, which is 0 to 1 with up to three
// decimals. It accepts the deviations of real clients (Java sends "q=.2") and ignores digits after
// the third.
func parseWeight(s string) (thousandths int, ok bool) {
	whole, fraction, _ := strings.Cut(s, ".")
	switch {
	case whole == "1":
		thousandths = 1000
	case whole == "0", whole == "" && fraction != "":
	default:
		return 0, false
	}
	unit := 100
	for i := 0; i < len(fraction); i++ {
		if fraction[i] < '0' || fraction[i] > '9' {
			return 0, false
		}
		thousandths += unit * int(fraction[i]-'0')
		unit /= 10
	}
	if thousandths > 1000 {
		return 0, false
	}
	return thousandths, true
}
