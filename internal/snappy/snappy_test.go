// SPDX-License-Identifier: Apache-2.0

package snappy

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var errBlock = errors.New("not a block")

// decode is the format read by its description, byte by byte. The decoder of golang/snappy is the
// oracle in internal/parsers.
func decode(block []byte) ([]byte, error) {
	size, n := binary.Uvarint(block)
	if n <= 0 {
		return nil, errBlock
	}
	block = block[n:]
	text := make([]byte, 0, size)
	for len(block) > 0 {
		tag := block[0]
		length, distance, head := 0, 0, 1
		switch tag & 3 {
		case tagLiteral:
			length = int(tag>>2) + 1
			if length > 60 {
				head += length - 60
				length = 0
				for i := head - 1; i > 0; i-- {
					length = length<<8 | int(block[i])
				}
				length++
			}
			text = append(text, block[head:head+length]...)
			block = block[head+length:]
			continue
		case tagCopy1:
			length, distance, head = int(tag>>2&7)+4, int(tag>>5)<<8|int(block[1]), 2
		case tagCopy2:
			length, distance, head = int(tag>>2)+1, int(block[1])|int(block[2])<<8, 3
		default:
			return nil, errBlock
		}
		if distance == 0 || distance > len(text) {
			return nil, errBlock
		}
		for range length {
			text = append(text, text[len(text)-distance])
		}
		block = block[head:]
	}
	if uint64(len(text)) != size {
		return nil, errBlock
	}
	return text, nil
}

// texts are texts of all kinds and lengths.
func texts() map[string][]byte {
	random := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 200_000)
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	var lines strings.Builder
	for i := range 5_000 {
		fmt.Fprintf(&lines, "http_requests_total{method=\"GET\",path=\"/%d\",code=\"200\"} %d\n", i, random.IntN(1e6))
	}
	all := map[string][]byte{
		"nothing": nil, "zeros": make([]byte, 300_000), "noise": noise, "lines": []byte(lines.String()),
		"noise twice": append(bytes.Clone(noise[:1000]), noise[:1000]...),
		"far":         append(append(bytes.Clone(noise[:64]), noise[1000:60_000]...), noise[:64]...),
	}
	for n := range 80 {
		all[fmt.Sprintf("noise of %d bytes", n)] = noise[:n]
		all[fmt.Sprintf("%d times a", n)] = bytes.Repeat([]byte("a"), n)
		all[fmt.Sprintf("a period of %d", n+1)] = bytes.Repeat(noise[:n+1], 50)
		all[fmt.Sprintf("%d bytes around a piece", n)] = all["lines"][:pieceSize-40+n]
	}
	return all
}

func TestABlockIsItsTextAgain(t *testing.T) {
	var e Encoder
	for name, text := range texts() {
		block := e.Append([]byte("before"), text)
		require.LessOrEqual(t, len(block)-6, MaxLen(len(text)), name)
		require.Equal(t, "before", string(block[:6]))
		got, err := decode(block[6:])
		require.NoError(t, err, name)
		require.True(t, bytes.Equal(text, got), name)
	}
}

func TestLinesShrinkAndNoiseHardlyGrows(t *testing.T) {
	var e Encoder
	all := texts()
	require.Less(t, len(e.Append(nil, all["lines"])), len(all["lines"])/3)
	require.Less(t, len(e.Append(nil, all["zeros"])), len(all["zeros"])/20)
	require.Less(t, len(e.Append(nil, all["noise"])), len(all["noise"])+100)
}

func TestAnEncoderAllocatesNothing(t *testing.T) {
	e, text := new(Encoder), texts()["lines"]
	dst := make([]byte, 0, MaxLen(len(text)))
	require.Zero(t, testing.AllocsPerRun(5, func() { dst = e.Append(dst[:0], text) }))
}

func FuzzAppend(f *testing.F) {
	for _, text := range texts() {
		if len(text) < 1000 {
			f.Add(text, uint16(3))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte, times uint16) {
		text = bytes.Repeat(text, int(times)%100+1)
		got, err := decode(new(Encoder).Append(nil, text))
		require.NoError(t, err)
		require.True(t, bytes.Equal(text, got))
	})
}

func BenchmarkAppend(b *testing.B) {
	for _, name := range []string{"lines", "noise"} {
		b.Run(name, func(b *testing.B) {
			e, text := new(Encoder), texts()[name]
			dst := make([]byte, 0, MaxLen(len(text)))
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				dst = e.Append(dst[:0], text)
			}
			b.ReportMetric(float64(len(dst))/float64(len(text)), "size")
		})
	}
}
