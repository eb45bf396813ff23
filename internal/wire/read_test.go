// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func fieldsOf(message []byte) (all []Field, err error) {
	for f, e := range Fields(message) {
		if err = e; err == nil {
			all = append(all, f)
		}
	}
	return all, err
}

func TestFieldsReadBackAsTheyStandInTheFormat(t *testing.T) {
	message := []byte{
		0x08, 0x96, 0x01, // 1: 150
		0x11, 1, 0, 0, 0, 0, 0, 0, 2, // 2: 8 bytes
		0x1d, 3, 0, 0, 4, // 3: 4 bytes
		0x22, 2, 'h', 'i', // 4: a string
		0x2a, 0, // 5: an empty one
		0x88, 0x01, 1, // 17
	}
	all, err := fieldsOf(message)
	require.NoError(t, err)
	require.Equal(t, []Field{
		{Number: 1, Value: 150}, {Number: 2, Value: 2<<56 | 1}, {Number: 3, Value: 4<<24 | 3},
		{Number: 4, Bytes: []byte("hi")}, {Number: 5, Bytes: []byte{}}, {Number: 17, Value: 1},
	}, all)
	for range Fields(message) {
		break
	}
}

func TestBytesThatAreNoMessageAreErrors(t *testing.T) {
	for name, message := range map[string][]byte{
		"no value":           {0x08},
		"endless number":     {0x08, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1},
		"endless tag":        {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1},
		"short eight bytes":  {0x11, 1, 2, 3},
		"short four bytes":   {0x1d, 1, 2, 3},
		"short string":       {0x22, 3, 'h', 'i'},
		"no length":          {0x22},
		"length of 64 bits":  {0x22, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1, 0},
		"field 0":            {0x02, 0},
		"field beyond all":   {0x80, 0x80, 0x80, 0x80, 0x10, 0},
		"a group":            {0x0b, 0x0c},
		"text":               []byte("<html>"),
		"a field and a stub": {0x08, 1, 0x22},
	} {
		_, err := fieldsOf(message)
		require.ErrorIs(t, err, ErrMessage, name)
	}
}

// FuzzFields reads any bytes: fields that were read are written as they were, or shorter.
func FuzzFields(f *testing.F) {
	f.Add([]byte{0x08, 0x96, 0x01, 0x22, 2, 'h', 'i', 0x11, 1, 2, 3, 4, 5, 6, 7, 8})
	f.Fuzz(func(t *testing.T, message []byte) {
		all, err := fieldsOf(message)
		if err != nil {
			require.Equal(t, ErrMessage, err)
			return
		}
		var again []byte
		for _, field := range all {
			if field.Bytes != nil {
				again = AppendPresentString(again, field.Number, field.Bytes)
			} else {
				again = AppendPresentUint(again, field.Number, field.Value)
			}
		}
		back, err := fieldsOf(again)
		require.NoError(t, err)
		require.Equal(t, all, back)
	})
}
