// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"iter"
	"strings"
)

// A series keeps its labels in one form only: the text that goes onto the page, `method="GET",code="200"`, escaped, the
// variable labels first. Comparing wanted values with that text needs no second copy of them.

// label is what a Map knows of a declared label.
type label struct {
	name string
	seed uint64 // nameSeed(name)
	skip int    // how far behind the end of the label before (its quote) the value begins
}

// newLabels precomputes the labels of a Map.
func newLabels(names []string) []label {
	labels := make([]label, len(names))
	for i, name := range names {
		skip := len(name) + len(`="`)
		if i > 0 {
			skip += len(`",`)
		}
		labels[i] = label{name, nameSeed(name), skip}
	}
	return labels
}

// matchValues reports whether text, the variable labels of a series, has these values. escaped says that text contains
// escape sequences, which takes the slow comparison.
//
// Names need no comparison: all texts of a family have the same ones in the same places. Without escapes every quote in
// text begins or ends a value, so there are two for each label, and a match takes two for each label, from left to right.
// It takes all of them then, in order, and no wanted value can have matched across one.
func matchValues(text string, escaped bool, labels []label, values []string) bool {
	if escaped {
		return matchEscaped(text, labels, values)
	}
	pos := 0
	for i, value := range values {
		pos += labels[i].skip
		end := pos + len(value)
		if end >= len(text) || text[pos-1] != '"' || text[end] != '"' || text[pos:end] != value {
			return false
		}
		pos = end
	}
	return true
}

func matchEscaped(text string, labels []label, values []string) bool {
	for i, value := range values {
		text = text[len(labels[i].name)+len(`="`):]
		rest, ok := cutValue(text, value)
		if !ok {
			return false
		}
		text = strings.TrimPrefix(rest, ",")
	}
	return true
}

// cutValue compares the escaped value at the start of text, up to its closing quote, with value. It returns what comes
// after the quote.
func cutValue(text, value string) (rest string, equal bool) {
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
			c, text = text[0], text[1:]
			if c == 'n' {
				c = '\n'
			}
		}
		if value == "" || value[0] != c {
			return "", false
		}
		value = value[1:]
	}
}

// matchSet reports whether the labels of text are exactly the n labels of set that have a value.
func matchSet(text string, escaped bool, set map[string]string, n int) bool {
	for ; len(text) > 0; n-- {
		eq := strings.IndexByte(text, '=')
		value, ok := set[text[:eq]]
		if !ok {
			return false
		}
		text = text[eq+len(`="`):]
		if escaped {
			if text, ok = cutValue(text, value); !ok {
				return false
			}
		} else {
			// Up to the first quote, not to the length of value: it could match across labels.
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

// each walks the names and the unescaped values of the labels in text. Only escaped values are allocated.
func each(text string) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for len(text) > 0 {
			eq := strings.IndexByte(text, '=')
			name := text[:eq]
			text = text[eq+len(`="`):]
			end := 0
			for text[end] != '"' {
				if text[end] == '\\' {
					end++
				}
				end++
			}
			value := text[:end]
			if strings.IndexByte(value, '\\') >= 0 {
				value = unescaper.Replace(value)
			}
			if !yield(name, value) {
				return
			}
			text = strings.TrimPrefix(text[end+1:], ",")
		}
	}
}

var unescaper = strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\n`, "\n")
