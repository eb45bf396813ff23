// SPDX-License-Identifier: Apache-2.0

package encode

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNumbersAreSpelledForPrometheus(t *testing.T) {
	tenth := 0.1 // a variable, because constants are added exactly
	for _, c := range []struct {
		v    float64
		want string
	}{
		{0, "0"}, {math.Copysign(0, -1), "-0"}, {1, "1"}, {-1, "-1"}, {9, "9"}, {10, "10"}, {1e6, "1000000"},
		{-99999999, "-99999999"}, {1e8, "100000000"}, {1e15, "1000000000000000"},
		{1<<53 - 1, "9007199254740991"}, {1 << 53, "9.007199254740992e+15"}, {1<<53 + 2, "9.007199254740994e+15"},
		{-(1<<53 - 1), "-9007199254740991"}, {math.MaxUint64, "1.8446744073709552e+19"},
		{0.5, "0.5"}, {-0.5, "-0.5"}, {0.1, "0.1"}, {0.57, "0.57"}, {1.1, "1.1"}, {tenth + 0.2, "0.30000000000000004"},
		{1234567.25, "1234567.25"}, {12345678.125, "12345678.125"}, {1700000000.123, "1700000000.123"},
		{0.0001, "0.0001"}, {0.00001, "1e-05"}, {0.12345678, "0.12345678"}, {0.123456789, "0.123456789"},
		{9999999.99999999, "9999999.99999999"}, {999999999999.999, "999999999999.999"},
		{5e-324, "5e-324"}, {math.MaxFloat64, "1.7976931348623157e+308"}, {1e300, "1e+300"},
		{math.NaN(), "NaN"}, {math.Inf(1), "+Inf"}, {math.Inf(-1), "-Inf"},
	} {
		require.Equal(t, c.want, string(appendFloat(nil, c.v)))
		require.Equal(t, c.want, string(appendFloat(make([]byte, 0, 64), c.v)))
	}
}

func TestBoundsAreSpelledAsOtherClientsDo(t *testing.T) {
	for _, c := range []struct {
		v                 float64
		text, openmetrics string
	}{
		{0.005, "0.005", "0.005"}, {1, "1", "1.0"}, {10, "10", "10.0"}, {0, "0", "0.0"}, {-5, "-5", "-5.0"},
		{2.5, "2.5", "2.5"}, {1e6, "1e+06", "1e+06"}, {123456, "123456", "123456.0"}, {1e-9, "1e-09", "1e-09"},
		{math.Inf(1), "+Inf", "+Inf"}, {math.Inf(-1), "-Inf", "-Inf"},
	} {
		require.Equal(t, c.text, string(appendBound(nil, c.v, Text)))
		require.Equal(t, c.openmetrics, string(appendBound(nil, c.v, OpenMetrics)))
	}
}

func checkUint(t *testing.T, v uint64) {
	want := strconv.FormatUint(v, 10)
	for _, room := range []int{0, numberRoom - 1, numberRoom} {
		if got := string(AppendUint(append(make([]byte, 0, room+1), 'x'), v)); got != "x"+want {
			t.Fatalf("room %d: got %s, want x%s", room, got, want)
		}
	}
}

// checkFloat compares with strconv: the text must be strconv's shortest one, in plain digits where
// appendFloat promises them.
func checkFloat(t *testing.T, v float64) {
	got := string(appendFloat(make([]byte, 0, 64), v))
	if slow := string(appendFloat(nil, v)); slow != got {
		t.Fatalf("%b: %s with room, %s without", v, got, slow)
	}
	if back := parse(t, got); math.Float64bits(back) != math.Float64bits(v) && v == v {
		t.Fatalf("%b: %s parses to %b", v, got, back)
	}
	plain := strconv.FormatFloat(v, 'f', -1, 64)
	short := strconv.FormatFloat(v, 'g', -1, 64)
	if got != plain && got != short {
		t.Fatalf("%b: got %s, want %s or %s", v, got, plain, short)
	}
}

func parse(t *testing.T, s string) float64 {
	v, err := strconv.ParseFloat(s, 64)
	require.NoError(t, err)
	return v
}

func TestUintsAgreeWithStrconvAroundEveryPowerOfTen(t *testing.T) {
	for p := uint64(1); ; p *= 10 {
		for _, v := range []uint64{p - 1, p, p + 1, p * 9, p*9 + 9} {
			checkUint(t, v)
		}
		if p == 1e19 {
			break
		}
	}
	for shift := range 64 {
		checkUint(t, 1<<shift)
		checkUint(t, 1<<shift-1)
	}
	for v := uint64(0); v < 1e8; v += 997 {
		checkUint(t, v)
		checkUint(t, v*1e8+v)
		checkUint(t, v*184467440737)
	}
}

func TestFloatsAgreeWithStrconv(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200_000 {
		scale := math.Pow10(r.IntN(12))
		v := float64(r.Uint64N(1<<53)>>r.IntN(50)) / scale
		checkFloat(t, v)
		checkFloat(t, -math.Nextafter(v, math.Inf(1)))
		checkFloat(t, math.Nextafter(v, 0))
		checkFloat(t, math.Float64frombits(r.Uint64()))
	}
	// The limits of the decimal path.
	for _, edge := range []float64{1e-4, 1e7, 1e12, 1 << 53} {
		v := edge
		for range 1000 {
			checkFloat(t, v)
			v = math.Nextafter(v, 0)
		}
	}
}

func TestEveryShortDecimalTakesTheFastPath(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 200_000 {
		places := r.IntN(9)
		v := float64(r.Uint64N(1e15)>>r.IntN(50)) / math.Pow10(places)
		if v == math.Trunc(v) || v < 1e-4 || v >= 1e12 || v >= 1e7 && places > 3 {
			continue
		}
		_, ok := appendDecimal(make([]byte, 0, numberRoom), v, v)
		require.True(t, ok, "%v", v)
	}
}

func FuzzFloat(f *testing.F) {
	for _, v := range []float64{0, 0.1, 0.57, 1e7, 1e12, 1 << 53, 5e-324, 1700000000.123,
		math.MaxFloat64, math.Inf(-1)} {
		f.Add(math.Float64bits(v))
	}
	f.Fuzz(func(t *testing.T, bits uint64) {
		checkFloat(t, math.Float64frombits(bits))
		checkFloat(t, float64(bits)/1e8)
		checkFloat(t, float64(bits>>14)/1e3)
		checkUint(t, bits)
	})
}
