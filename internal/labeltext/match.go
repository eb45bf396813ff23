// SPDX-License-Identifier: Apache-2.0

package labeltext

import "strings"

// The functions of this file compare wanted labels with the text that a series keeps, so that the
// series needs no second copy of its labels.
//
// Text without escapes and without quoted names has exactly two quotes for each label. A comparison
// that takes two quotes for each label, from left to right, therefore takes all of them in order,
// and no wanted value can match across the end of another. Other text is compared label by label,
// each up to its closing quote.

// Label is a label with its unescaped value.
type Label struct{ Name, Value string }

// Name is a declared label name, prepared for [MatchValues].
type Name struct {
	Text string
	Seed uint64 // for the caller's hash; here, because a lookup reads the name anyway

	skip   int32 // from the closing quote of the label before to the value
	quoted bool  // the name stands between quotes
}

// NewNames prepares the label names of a family, in the order in which its texts have them.
func NewNames(names []string) []Name {
	prepared := make([]Name, len(names))
	for i, before := range Before(names) {
		prepared[i] = Name{Text: names[i], skip: int32(len(before)), quoted: !ValidName(names[i])}
	}
	return prepared
}

// Before returns, for each of a text's label names, the text between the value before and its own.
func Before(names []string) []string {
	before := make([]string, len(names))
	for i, name := range names {
		before[i] = string(AppendName(nil, name)) + `="`
		if i > 0 {
			before[i] = `",` + before[i]
		}
	}
	return before
}

// MatchValues reports whether text has these values, one for each name. escaped says whether text
// has escape sequences or quoted names, which need the slower comparison: see [HasEscapes].
//
// It does not compare the names themselves: text must begin with exactly these names, in this
// order.
func MatchValues(text string, escaped bool, names []Name, values []string) bool {
	if escaped {
		return matchEscaped(text, names, values)
	}
	pos := 0
	for i, value := range values {
		pos += int(names[i].skip)
		end := pos + len(value)
		if end >= len(text) || text[pos-1] != '"' || text[end] != '"' {
			return false
		}
		// Most values are short. Comparing them here takes less time than a call that compares
		// strings of any length (BenchmarkMatchValues).
		switch n := len(value); {
		case n > 16:
			if text[pos:end] != value {
				return false
			}
		case n >= 8:
			if Load64(text[pos:]) != Load64(value) || Load64(text[end-8:]) != Load64(value[n-8:]) {
				return false
			}
		case n >= 4:
			if Load32(text[pos:]) != Load32(value) || Load32(text[end-4:]) != Load32(value[n-4:]) {
				return false
			}
		case n > 0:
			if text[pos] != value[0] || text[pos+n/2] != value[n/2] || text[end-1] != value[n-1] {
				return false
			}
		}
		pos = end
	}
	return true
}

// MatchBetween reports whether text has exactly these values, each after the text that stands
// before it: see [Before]. text must have no escapes and no quoted names.
func MatchBetween(text string, before, values []string) bool {
	for i, value := range values {
		name := before[i]
		begin, end := len(name), len(name)+len(value)
		if len(text) <= end || text[:begin] != name || text[begin:end] != value {
			return false
		}
		// The value ends at the first quote, as in MatchLabels.
		if strings.IndexByte(text[begin:], '"') != len(value) {
			return false
		}
		text = text[end:]
	}
	return text == `"`
}

func matchEscaped(text string, names []Name, values []string) bool {
	for i, value := range values {
		skip := int(names[i].skip)
		if i > 0 {
			skip -= len(`"`) // the last value has taken it
		}
		rest, ok := cutValue(text[skip:], value)
		if !ok {
			return false
		}
		text = rest
	}
	return true
}

// cutValue compares the escaped value at the start of text, up to its closing quote, with value. It
// returns the text after the quote.
func cutValue(text, value string) (rest string, equal bool) {
	if !needsEscapes(value) {
		// It stands in the text as it is, and the quote after it is not escaped.
		if len(text) <= len(value) || text[len(value)] != '"' || text[:len(value)] != value {
			return "", false
		}
		return text[len(value)+len(`"`):], true
	}
	for {
		if len(text) == 0 {
			return "", false
		}
		c := text[0]
		text = text[1:]
		switch c {
		case '"':
			return text, value == ""
		case '\\':
			c, text = unescaped(text[0]), text[1:]
		}
		if value == "" || value[0] != c {
			return "", false
		}
		value = value[1:]
	}
}

func needsEscapes(value string) bool {
	for i := 0; i < len(value); i++ {
		if c := value[i]; c == '"' || c == '\\' || c == '\n' {
			return true
		}
	}
	return false
}

// MatchSet reports whether the labels of text are exactly the n labels of set that have a value.
func MatchSet(text string, escaped bool, set map[string]string, n int) bool {
	for ; len(text) > 0; n-- {
		name, rest, _ := cutName(text)
		value, ok := set[name]
		if !ok {
			return false
		}
		text = rest[len(`"`):]
		if escaped {
			if text, ok = cutValue(text, value); !ok {
				return false
			}
		} else {
			// Up to the first quote, not to the length of value, which could match across labels.
			end := strings.IndexByte(text, '"')
			if text[:end] != value {
				return false
			}
			text = text[end+len(`"`):]
		}
		text = strings.TrimPrefix(text, ",")
	}
	return n == 0
}

// MatchLabels reports whether the labels of text are exactly these, in any order. text must have no
// escapes and no quoted names.
func MatchLabels(text string, labels []Label) bool {
	left := len(labels)
next:
	for ; len(text) > 0; left-- {
		for i := range labels {
			l := &labels[i]
			begin := len(l.Name) + len(`="`)
			end := begin + len(l.Value)
			if len(text) <= end || text[len(l.Name)] != '=' ||
				text[:len(l.Name)] != l.Name || text[begin:end] != l.Value {
				continue
			}
			// The value ends at the first quote. A wanted value with quotes in it could match
			// across labels.
			if strings.IndexByte(text[begin:], '"') != len(l.Value) {
				return false
			}
			text = strings.TrimPrefix(text[end+len(`"`):], ",")
			continue next
		}
		return false
	}
	return left == 0
}

// HasLabels reports whether text has all labels of set. A label without a value is one that text
// lacks, or has without a value.
func HasLabels(text string, set map[string]string) bool {
	left := 0
	for _, value := range set {
		if value != "" {
			left++
		}
	}
	for name, value := range All(text) {
		if want, ok := set[name]; ok && want != value {
			return false
		} else if ok && value != "" {
			left--
		}
	}
	return left == 0
}
