// SPDX-License-Identifier: Apache-2.0

package live

import (
	"encoding/json"
	"math"
	"strconv"
)

// object is a JSON object under construction. The numbers of large registries are written without
// reflection, everything else with package json.
type object []byte

func newObject(room []byte) object { return append(room[:0], '{') }

func (o *object) key(name string) {
	if (*o)[len(*o)-1] != '{' {
		*o = append(*o, ',')
	}
	*o = append(strconv.AppendQuote(*o, name), ':')
}

// set adds a field by package json.
func (o *object) set(name string, value any) {
	o.key(name)
	text, err := json.Marshal(value)
	if err != nil {
		text = []byte("null") // no value of this package is one that JSON cannot express
	}
	*o = append(*o, text...)
}

// array adds a field with n numbers, each of which item appends.
func (o *object) array(name string, n int, item func(dst []byte, i int) []byte) {
	o.key(name)
	*o = append(*o, '[')
	for i := range n {
		if i > 0 {
			*o = append(*o, ',')
		}
		*o = item(*o, i)
	}
	*o = append(*o, ']')
}

func (o object) end() []byte { return append(o, '}') }

// appendNumber appends a number, null for NaN, and a string for an infinity.
func appendNumber(dst []byte, v float64, bits int) []byte {
	switch {
	case math.IsNaN(v):
		return append(dst, "null"...)
	case math.IsInf(v, 1):
		return append(dst, `"+Inf"`...)
	case math.IsInf(v, -1):
		return append(dst, `"-Inf"`...)
	}
	return strconv.AppendFloat(dst, v, 'g', -1, bits)
}

// maxWhole is the largest integer up to which the numbers of a browser are exact.
const maxWhole = 1 << 53

// appendWhole appends an integer: as a string if a browser would round it.
func appendWhole(dst []byte, n uint64) []byte {
	if n <= maxWhole {
		return strconv.AppendUint(dst, n, 10)
	}
	dst = strconv.AppendUint(append(dst, '"'), n, 10)
	return append(dst, '"')
}
