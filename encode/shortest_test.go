// SPDX-License-Identifier: Apache-2.0

package encode

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// checkShortest compares appendShortest with strconv, and reports whether it took the value.
func checkShortest(t *testing.T, v float64) bool {
	got, ok := appendShortest(make([]byte, 0, numberRoom), v, math.Abs(v))
	if want := strconv.FormatFloat(v, 'g', -1, 64); ok && string(got) != want {
		t.Fatalf("%b: got %s, want %s", v, got, want)
	}
	return ok
}

// inRange reports whether appendShortest may be asked for the value.
func inRange(v float64) bool { return v >= 1e-3 && v < 1<<52 && v != math.Trunc(v) }

// Doubles of every size in its range, with all their bits and with few of them, near decimals and
// near powers of ten and of two.
func TestTheShortestDecimalIsThatOfStrconv(t *testing.T) {
	rounds := 400_000
	if testing.Short() {
		rounds /= 10
	}
	r := rand.New(rand.NewPCG(5, 6))
	check := func(v float64) {
		if inRange(v) {
			_, exponent := math.Frexp(v)
			taken := v != math.Ldexp(1, exponent-1)
			require.True(t, taken == checkShortest(t, v) && taken == checkShortest(t, -v), "%b", v)
		}
	}
	lowest, highest := math.Float64bits(1e-3), math.Float64bits(1<<52)
	for range rounds {
		word := lowest + r.Uint64N(highest-lowest)
		check(math.Float64frombits(word))
		check(math.Float64frombits(word &^ (1<<r.IntN(52) - 1)))
		// The doubles around a decimal of any number of digits.
		digits := r.IntN(18)
		v := float64(r.Uint64N(uint64(math.Pow10(digits)))) / math.Pow10(r.IntN(19))
		for range 4 {
			check(v)
			v = math.Nextafter(v, float64(r.IntN(2))*math.MaxFloat64)
		}
		// What observations add up to.
		sum := 0.0
		for range 1 + r.IntN(20) {
			sum += float64(r.IntN(1000)) / 1000
		}
		check(sum)
	}
	for exponent := -10; exponent < 52; exponent++ {
		for _, edge := range []float64{math.Ldexp(1, exponent), math.Pow10(exponent/3 - 3)} {
			v := edge
			for range 100 {
				check(v)
				v = math.Nextafter(v, 0)
			}
		}
	}
}

func TestPowersOfTwoAreLeftToStrconv(t *testing.T) {
	require.False(t, checkShortest(t, 0.5))
	require.False(t, checkShortest(t, 1.0/512))
	require.True(t, checkShortest(t, math.Nextafter(0.5, 1)))
	require.True(t, checkShortest(t, math.Nextafter(0.5, 0)))
}

func FuzzShortest(f *testing.F) {
	f.Add(math.Float64bits(0.1) + 1)
	f.Add(math.Float64bits(123456.789) - 3)
	f.Add(math.Float64bits(1e15) + 1)
	f.Fuzz(func(t *testing.T, word uint64) {
		lowest, highest := math.Float64bits(1e-3), math.Float64bits(1<<52)
		if v := math.Float64frombits(lowest + word%(highest-lowest)); inRange(v) {
			checkShortest(t, v)
		}
	})
}
