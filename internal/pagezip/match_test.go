// SPDX-License-Identifier: Apache-2.0

package pagezip

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// lines returns a page of histograms, in which every kind of match occurs.
func lines(n int) string {
	r := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	for i := range n {
		count := r.IntN(100)
		pool := []string{"a", "b", "main"}[i%3]
		for _, le := range []string{"0.005", "0.01", "0.025", "0.1", "2.5", "10", "+Inf"} {
			fmt.Fprintf(&b, "x_bucket{pool=%q,path=\"/%x\",le=%q} %d\n", pool, i*i, le, count)
			count += r.IntN(3)
		}
		fmt.Fprintf(&b, "x_sum{pool=%q,path=\"/%x\"} %v\n", pool, i*i, r.Float64())
	}
	return b.String()
}

func TestStepsCoverTheInputAndAreCountedRight(t *testing.T) {
	w, m := new(window), new(matcher)
	r := rand.New(rand.NewPCG(3, 4))
	noise := make([]byte, 50_000)
	for i := range noise {
		noise[i] = "ab\""[r.IntN(3)]
	}
	for _, input := range []string{"", "x", lines(1), lines(150), string(noise), strings.Repeat("z", 100_000)} {
		m.reset()
		end := copy(w[:blockSize], input)
		for from := 0; ; {
			to := m.match(w, from, end)
			var symbols [numSymbols]uint32
			var lengths [256]uint32
			var distances [32]uint32
			p := from
			for _, s := range m.steps[:m.n] {
				for range s.literals() {
					symbols[w[p]]++
					p++
				}
				require.LessOrEqual(t, s.distance(), p)
				require.LessOrEqual(t, s.distance(), historySize)
				d := s.distance()
				require.Equal(t, string(w[p-d:p-d+s.length()]), string(w[p:p+s.length()]))
				require.Equal(t, distanceSymbol(d), int(s.symbol()))
				lengths[s.lengthIndex()]++
				distances[s.symbol()]++
				p += s.length()
			}
			for range m.literals {
				symbols[w[p]]++
				p++
			}
			require.Equal(t, to, p)
			require.Equal(t, symbols, m.symbols)
			require.Equal(t, lengths, m.lengths)
			require.Equal(t, distances, m.distances)
			if from = to; to == end {
				break
			}
		}
	}
}

// In a page of histograms the matcher needs two matches for most lines: up to the bound it is the
// line before, and from there on the series before.
func TestALineOfAHistogramIsTwoMatches(t *testing.T) {
	w, m := new(window), new(matcher)
	text := lines(1000)
	n := copy(w[:blockSize], text)
	to := m.match(w, 0, n)
	require.Less(t, m.n, strings.Count(text[:to], "\n")*5/2)
}
