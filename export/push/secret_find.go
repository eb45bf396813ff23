// SPDX-License-Identifier: Apache-2.0

package push

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// maxEscapes is how many layers of escapes are taken off: JSON in HTML in a quoted string is three.
	maxEscapes = 6

	// minPiece is the shortest piece of a long secret that is taken for the secret: half of it, but not less than this.
	minPiece = 8
)

// finder finds secrets in texts in which they may be escaped, encoded, in another case, broken into lines, or cut short. It
// finds too much rather than too little.
type finder struct {
	needles []string                    // in lower case, without blanks
	pieces  map[int]map[string]struct{} // of secrets of at least twice minPiece, by length
}

func newFinder(secrets []string) *finder {
	f := &finder{pieces: map[int]map[string]struct{}{}}
	for _, s := range secrets {
		f.add(s)
		f.add(strings.ReplaceAll(s, " ", "+"))
		f.add(hex.EncodeToString([]byte(s)))
		if len(s) > 1 {
			f.add(strings.Trim(fmt.Sprint([]byte(s)), "[]"))
		}
		f.addBase64(s)
		plain := folded(s)
		if size := max(len(plain)/2, minPiece); len(plain) >= 2*minPiece {
			if f.pieces[size] == nil {
				f.pieces[size] = map[string]struct{}{}
			}
			for i := range len(plain) - size + 1 {
				f.pieces[size][plain[i:i+size]] = struct{}{}
			}
		}
	}
	return f
}

func (f *finder) add(form string) {
	if form = folded(form); form != "" {
		f.needles = append(f.needles, form)
	}
}

// addBase64 adds the characters that the secret alone determines, wherever it stands in what was encoded.
func (f *finder) addBase64(s string) {
	for before, unsure := range []int{0, 2, 3} { // characters that the bytes before it take part in
		coded := base64.RawStdEncoding.EncodeToString(append(make([]byte, before, before+len(s)), s...))
		if sure := coded[:(before+len(s))*8/6]; len(sure) >= unsure+4 {
			f.add(sure[unsure:])
			f.add(strings.NewReplacer("+", "-", "/", "_").Replace(sure[unsure:]))
		}
	}
}

func (f *finder) finds(text string) bool {
	for range maxEscapes {
		if f.has(folded(text)) {
			return true
		}
		plain := unescaped(text)
		if plain == text {
			return false
		}
		text = plain
	}
	return true // nobody escapes that often who has nothing to hide
}

func (f *finder) has(text string) bool {
	for _, n := range f.needles {
		if strings.Contains(text, n) {
			return true
		}
	}
	for size, pieces := range f.pieces {
		for i := range len(text) - size + 1 {
			if _, ok := pieces[text[i:i+size]]; ok {
				return true
			}
		}
	}
	return false
}

// folded is a text in lower case and without blanks.
func folded(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, s)
}

// unescaped takes one layer of escapes off a text, of HTML, URLs, and the strings of JSON, Go, C and JavaScript.
func unescaped(s string) string {
	s = html.UnescapeString(s)
	if !strings.ContainsAny(s, `%\`) {
		return s
	}
	plain := make([]byte, 0, len(s))
	for s != "" {
		switch s[0] {
		case '%':
			if b, rest, ok := digits(s[1:], 2, 2, 16); ok {
				plain, s = append(plain, byte(b)), rest
				continue
			}
		case '\\':
			more, rest := unescapedBackslash(s[1:])
			plain, s = append(plain, more...), rest
			continue
		}
		plain, s = append(plain, s[0]), s[1:]
	}
	return string(plain)
}

// unescapedBackslash reads what follows a backslash.
func unescapedBackslash(s string) (plain []byte, rest string) {
	if s == "" {
		return nil, ""
	}
	if b, rest, ok := digits(s, 3, 3, 8); ok {
		return []byte{byte(b)}, rest
	}
	switch c, after := s[0], s[1:]; c {
	case 'x':
		if b, rest, ok := digits(after, 2, 2, 16); ok {
			return []byte{byte(b)}, rest
		}
	case 'u':
		if braced, ok := strings.CutPrefix(after, "{"); ok {
			if r, rest, ok := digits(braced, 1, 6, 16); ok && strings.HasPrefix(rest, "}") {
				return utf8.AppendRune(nil, rune(r)), rest[1:]
			}
		}
		if r, rest, ok := digits(after, 4, 4, 16); ok {
			return utf8.AppendRune(nil, rune(r)), rest
		}
	case 'U':
		if r, rest, ok := digits(after, 8, 8, 16); ok {
			return utf8.AppendRune(nil, rune(r)), rest
		}
	case 'a', 'b', 'f', 'n', 'r', 't', 'v':
		return []byte{"\a\b\f\n\r\t\v"[strings.IndexByte("abfnrtv", c)]}, after
	}
	return []byte{s[0]}, s[1:]
}

// digits reads a number of at least and at most so many digits.
func digits(s string, least, most, base int) (n uint64, rest string, ok bool) {
	for most = min(most, len(s)); most >= least; most-- {
		if n, err := strconv.ParseUint(s[:most], base, 32); err == nil {
			return n, s[most:], true
		}
	}
	return 0, s, false
}
