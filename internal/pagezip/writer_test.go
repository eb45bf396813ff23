// SPDX-License-Identifier: Apache-2.0

package pagezip_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/internal/pagezip"
)

// compress writes the input in chunks, whose sizes it takes from sizes over and over; nil for one
// chunk.
func compress(tb testing.TB, z *pagezip.Writer, input []byte, sizes []int) []byte {
	tb.Helper()
	var out bytes.Buffer
	z.Reset(&out)
	for i := 0; len(input) > 0; i++ {
		size := len(input)
		if len(sizes) > 0 {
			size = min(size, sizes[i%len(sizes)])
		}
		n, err := z.Write(input[:size])
		require.NoError(tb, err)
		require.Equal(tb, size, n)
		input = input[size:]
	}
	require.NoError(tb, z.Close())
	return out.Bytes()
}

// decompress reads exactly one gzip member.
func decompress(tb testing.TB, zipped []byte) []byte {
	tb.Helper()
	in := bytes.NewReader(zipped)
	r, err := gzip.NewReader(in)
	require.NoError(tb, err)
	r.Multistream(false)
	text, err := io.ReadAll(r)
	require.NoError(tb, err)
	require.Zero(tb, in.Len(), "bytes behind the member")
	return text
}

// worst is the most that n bytes may grow to: by ten bytes for every 96 KiB, which are two stored
// blocks, with the frame of the member, and a byte that may be begun.
func worst(n int) int { return n + 10*max(1, (n+(96<<10-1))/(96<<10)) + 18 + 1 }

// check compresses and compares.
func check(tb testing.TB, z *pagezip.Writer, input []byte, sizes []int) []byte {
	tb.Helper()
	zipped := compress(tb, z, input, sizes)
	require.LessOrEqual(tb, len(zipped), worst(len(input)))
	if !bytes.Equal(input, decompress(tb, zipped)) { // Equal would print megabytes
		tb.Fatalf("%d bytes came back differently", len(input))
	}
	return zipped
}

var formatNames = map[encode.Format]string{
	encode.Text: "text", encode.OpenMetrics: "openmetrics", encode.Protobuf: "protobuf",
}

func TestPagesOfEveryFormatComeBack(t *testing.T) {
	z := pagezip.NewWriter(io.Discard)
	for f, name := range formatNames {
		for _, k := range kinds {
			t.Run(name+"/"+k.name, func(t *testing.T) {
				for _, n := range []int{0, 1, 2, 30, 3000} {
					text := pageOf(t, f, k.name, n)
					zipped := check(t, z, text, nil)
					require.Equal(t, zipped, check(t, z, text, []int{1, 7, 4096, 64 << 10}), "chunks must not matter")
				}
			})
		}
	}
}

// The package is worth having because pages become smaller than with level 1 of compress/gzip.
func TestPagesAreSmallerThanAtLevelOne(t *testing.T) {
	z := pagezip.NewWriter(io.Discard)
	for _, k := range kinds {
		if k.name == "gauges" {
			continue // their labels and values are random: digits of which nothing can be made
		}
		kind := k.name
		text := pageOf(t, encode.Text, kind, 5000)
		var level1 bytes.Buffer
		w, err := gzip.NewWriterLevel(&level1, 1)
		require.NoError(t, err)
		w.Write(text)
		require.NoError(t, w.Close())
		require.Less(t, len(compress(t, z, text, nil)), level1.Len(), kind)
	}
}

// inputs are texts that are no pages.
func inputs() map[string][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	random := make([]byte, 400_000)
	for i := range random {
		random[i] = byte(r.Uint32())
	}
	some := func(n int, alphabet string) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = alphabet[r.IntN(len(alphabet))]
		}
		return b
	}
	far := bytes.Clone(random[:100_000])
	copy(far[40_000:], far[40_000-32_768:][:300]) // as far back as a match may reach
	copy(far[90_000:], far[90_000-32_769:][:300]) // and farther
	pieces := []byte{}
	for len(pieces) < 300_000 {
		at := r.IntN(1000)
		pieces = append(pieces, random[at:at+4+r.IntN(4)]...)
	}
	skewed := []byte{} // a code for this is deeper than 15
	for c, n, m := byte(0), 1, 1; len(skewed) < 250_000; c, n, m = c+1, m, n+m {
		skewed = append(skewed, bytes.Repeat([]byte{c}, n)...)
	}
	r.Shuffle(len(skewed), func(i, j int) { skewed[i], skewed[j] = skewed[j], skewed[i] })
	mixed := append(bytes.Repeat([]byte("a line of a page 1\n"), 5000), random[:200_000]...)
	mixed = append(mixed, bytes.Repeat([]byte("a line of a page 2\n"), 5000)...)
	return map[string][]byte{
		"nothing": nil, "a byte": {'x'}, "zeros": make([]byte, 500_000), "random": random,
		"digits": some(300_000, "0123456789"), "two letters": some(300_000, "ab"),
		"quotes": some(300_000, "\" \n"), "letters and quotes": some(300_000, "abcdefghijklmno\" \n"),
		"one line": []byte(strings.Repeat("x", 200_000)), "short lines": bytes.Repeat([]byte{'\n'}, 200_000),
		"far matches": far, "small pieces": pieces, "skewed": skewed, "mixed": mixed,
		"long period": bytes.Repeat(random[:32_768], 5), "longer period": bytes.Repeat(random[:32_769], 5),
	}
}

func TestAnyBytesComeBackAndHardlyGrow(t *testing.T) {
	z := pagezip.NewWriter(io.Discard)
	for name, input := range inputs() {
		t.Run(name, func(t *testing.T) {
			sizes := []int{0, 1, 2, 3, 4, 7, 8, 9, 12, 16, 100, 258, 259, 300, 65535, 65536, 98_304, 98_305, 1e9}
			for _, n := range sizes {
				check(t, z, input[:min(n, len(input))], nil)
			}
			check(t, z, input, []int{1000, 1, 70_000, 3})
		})
	}
}

func TestPeriodsOfEveryLengthComeBack(t *testing.T) {
	z := pagezip.NewWriter(io.Discard)
	r := rand.New(rand.NewPCG(3, 4))
	unit := make([]byte, 300)
	for i := range unit {
		unit[i] = byte(r.Uint32())
	}
	for period := 1; period <= len(unit); period++ {
		zipped := check(t, z, bytes.Repeat(unit[:period], 3000/period+2), nil)
		require.Less(t, len(zipped), period+period/8+150)
	}
}

func TestWhatDoesNotShrinkIsStored(t *testing.T) {
	random := inputs()["random"]
	z := pagezip.NewWriter(io.Discard)
	for _, n := range []int{1000, 65535, 65536, 98_304, 98_305, 400_000} {
		require.LessOrEqual(t, len(check(t, z, random[:n], nil)), worst(n)-1)
	}
}

func TestAnEmptyPageIsAMember(t *testing.T) {
	z := pagezip.NewWriter(io.Discard)
	require.Len(t, check(t, z, nil, nil), 20)
	n, err := z.Write(nil)
	require.Zero(t, n)
	require.Error(t, err, "it is closed")
}

// limited fails from the write on that would exceed its bytes.
type limited struct {
	left   int
	short  bool // the failing write reports no error
	failed bool
	late   int // bytes that were written after it had failed
}

var errBroken = errors.New("broken pipe")

func (l *limited) Write(p []byte) (int, error) {
	if l.failed {
		l.late += len(p)
		return 0, errBroken
	}
	if len(p) > l.left {
		l.failed = true
		if l.short {
			return l.left, nil
		}
		return l.left, errBroken
	}
	l.left -= len(p)
	return len(p), nil
}

func TestAnErrorOfTheWriterIsReturnedAndNothingIsWrittenAfterIt(t *testing.T) {
	random := inputs()["random"]
	for _, short := range []bool{false, true} {
		want := errBroken
		if short {
			want = io.ErrShortWrite
		}
		for _, left := range []int{0, 5, 40_000, 200_000, 399_999} {
			l := &limited{left: left, short: short}
			z := pagezip.NewWriter(l)
			written := 0
			var err error
			for rest := random; len(rest) > 0 && err == nil; {
				var n int
				n, err = z.Write(rest[:min(len(rest), 10_000)])
				rest = rest[n:]
				written += n
			}
			require.True(t, err != nil || left > 250_000, "Write reports it as soon as a block is full")
			if err != nil {
				require.ErrorIs(t, err, want)
				require.Less(t, written, len(random))
			}
			require.ErrorIs(t, z.Close(), want)
			n, err := z.Write([]byte("more"))
			require.Zero(t, n)
			require.ErrorIs(t, err, want)
			require.ErrorIs(t, z.Close(), want)
			require.Zero(t, l.late)

			check(t, z, random[:50_000], nil) // a Reset mends it
		}
	}
}

func TestCloseTwiceWritesOneEnd(t *testing.T) {
	var out bytes.Buffer
	z := pagezip.NewWriter(&out)
	z.Write([]byte("page"))
	require.NoError(t, z.Close())
	n := out.Len()
	require.NoError(t, z.Close())
	require.Equal(t, n, out.Len())
	_, err := z.Write([]byte("more"))
	require.Error(t, err)
	require.NoError(t, z.Close())
	require.Equal(t, n, out.Len())
	require.Equal(t, "page", string(decompress(t, out.Bytes())))
}

func TestAPageThatIsGivenUpLeavesNoTrace(t *testing.T) {
	text := pageOf(t, encode.Text, "histograms", 3000)
	want := compress(t, pagezip.NewWriter(io.Discard), text, nil)
	z := pagezip.NewWriter(io.Discard)
	for _, n := range []int{1, 1000, 140_000, len(text)} {
		var given bytes.Buffer
		z.Reset(&given)
		z.Write(bytes.ToUpper(text[:n]))
		before := given.Len()
		require.True(t, bytes.Equal(want, compress(t, z, text, nil)), "the page depends on the one before")
		require.Equal(t, before, given.Len())
	}
}

func TestWritesAreLarge(t *testing.T) {
	var sizes []int
	z := pagezip.NewWriter(writerFunc(func(p []byte) (int, error) {
		sizes = append(sizes, len(p))
		return len(p), nil
	}))
	z.Write(pageOf(t, encode.Text, "gauges", 30_000))
	require.NoError(t, z.Close())
	require.Greater(t, len(sizes), 3)
	for _, n := range sizes[:len(sizes)-1] {
		require.Greater(t, n, 31<<10, fmt.Sprint(sizes))
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
