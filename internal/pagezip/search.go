// SPDX-License-Identifier: Apache-2.0

package pagezip

import "math/bits"

const (
	maxSearch  = 128 // bytes in which to search for a delimiter
	longSearch = 20  // more bytes than that are also looked up
)

// search looks for the next match at p or after it, up to limit: behind the next delimiter that the
// text and its reference at distance d have in common, or wherever the tables know one. If it finds
// none it returns a later place to look from.
func (m *matcher) search(w *window, literal, p, d, limit int) (begin, distance int, found bool) {
	near := min(p+maxSearch, limit)
	stride := 1 + (p-literal)>>6 // incompressible text takes longer and longer strides
	at := near
	if d > 0 {
		var reference int
		at, reference = sameDelimiter(w, p, near, p-d, min(p-d+maxSearch, p))
		if at < near && at-p <= longSearch {
			if at-reference <= historySize {
				d = at - reference
			}
			if w.load32(at) == w.load32(at-d) {
				for at > literal && at > d && w[at-1] == w[at-1-d] {
					at--
				}
				return at, d, true
			}
			p = at - 1 // the delimiter is looked up, not the value before it
		}
	}
	for p < at {
		p += stride
		if p > limit {
			break
		}
		if c := m.lookUp(w, p, w.load64(p)); c > 0 {
			return p, c, true
		}
	}
	return p + 1, d, false
}

// sameDelimiter returns the indexes of the next delimiter that two texts have in common. The texts
// are those from i to iEnd and from j to jEnd. If there is none it returns their ends.
func sameDelimiter(w *window, i, iEnd, j, jEnd int) (int, int) {
	i, j = nextDelimiter(w, i, iEnd), nextDelimiter(w, j, jEnd)
	for i < iEnd && j < jEnd && w[i] != w[j] {
		if weight(w[i]) < weight(w[j]) {
			i = nextDelimiter(w, i+1, iEnd)
		} else {
			j = nextDelimiter(w, j+1, jEnd)
		}
	}
	if i >= iEnd || j >= jEnd {
		return iEnd, jEnd
	}
	return i, j
}

// weight orders delimiters. If two texts have different ones next, the text with the lighter one
// goes on to its next: spaces stand inside of quotes, and quotes inside of lines.
func weight(c byte) int {
	switch c {
	case '\n':
		return 2
	case '"':
		return 1
	}
	return 0
}

// nextDelimiter returns the index of the next byte from i to end that is a delimiter: a quote, a
// space, a line end, or another byte below a quote. It returns end if there is none.
func nextDelimiter(w *window, i, end int) int {
	const each, high = 0x0101010101010101, 0x8080808080808080
	for ; i < end; i += 8 {
		v := w.load64(i)
		if x := (v - ('"'+1)*each) &^ v & high; x != 0 { // only the lowest bit is sure to be right
			return min(i+bits.TrailingZeros64(x)>>3, end)
		}
	}
	return end
}
