// SPDX-License-Identifier: Apache-2.0

package percpu

// groupMap records which words of a group belong to rows. Neighbouring rows that are given back
// become one run of free words, from which a row of any length can be taken. In the zero value all
// words are free.
type groupMap struct {
	taken [groupWords / 64]uint64
	// lost is groupWords less the length of the longest run of free words, so one comparison tells
	// whether a row fits.
	lost uint16
}

// mayHold reports whether the group has a run of n free words.
func (m *groupMap) mayHold(n int) bool { return groupWords-int(m.lost) >= n }

// take reserves the first n free words that follow each other, and returns the offset of the first
// of them. The group must have such a run: see mayHold.
func (m *groupMap) take(n int) int {
	at := m.firstRun(n)
	for i := at; i < at+n; i++ {
		m.taken[i/64] |= 1 << (i % 64)
	}
	m.measure()
	return at
}

// give makes n words free, from an offset on.
func (m *groupMap) give(at, n int) {
	for i := at; i < at+n; i++ {
		m.taken[i/64] &^= 1 << (i % 64)
	}
	m.measure()
}

// firstRun returns the offset of the first run of at least n free words.
func (m *groupMap) firstRun(n int) int {
	length := 0
	for i := range groupWords {
		if m.taken[i/64]>>(i%64)&1 != 0 {
			length = 0
		} else if length++; length == n {
			return i + 1 - n
		}
	}
	panic("percpu: no run of free words")
}

// measure sets lost.
func (m *groupMap) measure() {
	longest, length := 0, 0
	for _, word := range m.taken {
		if word == 0 {
			length += 64
			longest = max(longest, length)
			continue
		}
		for range 64 {
			if word&1 != 0 {
				length = 0
			} else if length++; length > longest {
				longest = length
			}
			word >>= 1
		}
	}
	m.lost = uint16(groupWords - longest)
}
