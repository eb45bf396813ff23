// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFieldsStandAsTheFormatHasThem(t *testing.T) {
	most := []byte{255, 255, 255, 255, 255, 255, 255, 255, 255, 1} // 64 ones
	for name, c := range map[string]struct{ got, want []byte }{
		"uint":             {AppendUint(nil, 1, 150), []byte{0x08, 0x96, 0x01}},
		"no uint":          {AppendUint(nil, 1, 0), nil},
		"present uint":     {AppendPresentUint(nil, 1, 0), []byte{0x08, 0}},
		"int below zero":   {AppendInt(nil, 1, -1), append([]byte{0x08}, most...)},
		"sint below zero":  {AppendSint(nil, 1, -1), []byte{0x08, 1}},
		"sint":             {AppendSint(nil, 1, 1), []byte{0x08, 2}},
		"least sint":       {AppendSint(nil, 1, math.MinInt64), append([]byte{0x08}, most...)},
		"double":           {AppendDouble(nil, 2, 1), []byte{0x11, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f}},
		"no double":        {AppendDouble(nil, 2, 0), nil},
		"negative zero":    {AppendDouble(nil, 2, math.Copysign(0, -1)), []byte{0x11, 0, 0, 0, 0, 0, 0, 0, 0x80}},
		"present double":   {AppendPresentDouble(nil, 2, 0), []byte{0x11, 0, 0, 0, 0, 0, 0, 0, 0}},
		"fixed":            {AppendFixed(nil, 2, 1), []byte{0x11, 1, 0, 0, 0, 0, 0, 0, 0}},
		"string":           {AppendString(nil, 2, "testing"), []byte{0x12, 7, 't', 'e', 's', 't', 'i', 'n', 'g'}},
		"no string":        {AppendString(nil, 2, ""), nil},
		"present string":   {AppendPresentString(nil, 2, []byte{}), []byte{0x12, 0}},
		"field of 2 bytes": {AppendUint(nil, 17, 1), []byte{0x88, 0x01, 1}},
	} {
		require.Equal(t, c.want, c.got, name)
	}
}

func TestMessagesOfEveryLengthHaveTheShortestLength(t *testing.T) {
	for _, n := range []int{0, 1, 127, 128, 129, 16383, 16384, 1 << 21} {
		content := bytes.Repeat([]byte{7}, n)
		dst, begin := Open([]byte("before"), 3)
		dst = Close(append(dst, content...), begin)
		require.Equal(t, AppendPresentString([]byte("before"), 3, content), dst)
	}
}

func TestMessagesInMessages(t *testing.T) {
	dst, outer := Open(nil, 1)
	dst, inner := Open(dst, 2)
	dst = Close(append(dst, make([]byte, 200)...), inner)
	dst = Close(dst, outer)
	require.Equal(t, AppendPresentString(nil, 1, AppendPresentString(nil, 2, make([]byte, 200))), dst)
}
