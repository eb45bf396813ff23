// SPDX-License-Identifier: Apache-2.0

package live

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNumbersOfAnyKindAreJSON(t *testing.T) {
	for want, v := range map[string]float64{
		"null": math.NaN(), `"+Inf"`: math.Inf(1), `"-Inf"`: math.Inf(-1),
		"0": 0, "-0.5": -0.5, "1e+300": 1e300, "5e-324": 5e-324,
	} {
		text := appendNumber(nil, v, 64)
		require.Equal(t, want, string(text))
		require.True(t, json.Valid(text))
	}
	require.Equal(t, "0.1", string(appendNumber(nil, float64(float32(0.1)), 32)))
	require.Equal(t, "9007199254740992", string(appendWhole(nil, 1<<53)))
	require.Equal(t, `"9007199254740993"`, string(appendWhole(nil, 1<<53+1)), "a browser would round the number")
}

func TestObjectsAreJSON(t *testing.T) {
	o := newObject([]byte("what was in the room before"))
	o.set("text", "</script>\u2028\"")
	o.array("list", 3, func(dst []byte, i int) []byte { return appendWhole(dst, uint64(i)) })
	o.array("none", 0, nil)
	o.set("flag", true)
	var got map[string]any
	require.NoError(t, json.Unmarshal(o.end(), &got))
	require.Equal(t, map[string]any{
		"text": "</script>\u2028\"", "list": []any{0.0, 1.0, 2.0}, "none": []any{}, "flag": true,
	}, got)
	require.Equal(t, "{}", string(newObject(nil).end()))
}
