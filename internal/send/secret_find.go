// SPDX-License-Identifier: Apache-2.0

package send

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
	// maxEscapes bounds the layers of escapes that are removed. JSON in HTML in a quoted string has
	// three layers.
	maxEscapes = 6

	// minPiece is the least length of a piece of a secret that counts as the secret. Such a piece
	// is half as long as the secret, or longer.
	minPiece = 8
)

// finder finds secrets in a text, even if they are escaped, encoded, in another case, broken into
// lines, or cut. It prefers false alarms to missed secrets.
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

// addBase64 adds the base64 characters that the secret alone determines, for each of its three
// possible offsets in the encoded text.
func (f *finder) addBase64(s string) {
	// unsure is the number of first characters that depend on the bytes before the secret.
	for before, unsure := range []int{0, 2, 3} {
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
	return true // a harmless text is not escaped that often
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

// folded returns a text in lower case and without blanks.
func folded(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, s)
}

// unescaped removes one layer of escapes from a text: those of HTML, of URLs, and of strings in
// JSON, Go, C and JavaScript.
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

// unescapedBackslash decodes the text after a backslash.
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

// digits reads a number that has from least to most digits.
func digits(s string, least, most, base int) (n uint64, rest string, ok bool) {
	for most = min(most, len(s)); most >= least; most-- {
		if n, err := strconv.ParseUint(s[:most], base, 32); err == nil {
			return n, s[most:], true
		}
	}
	return 0, s, false
}
