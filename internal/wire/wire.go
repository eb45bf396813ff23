// SPDX-License-Identifier: Apache-2.0

// Package wire appends the fields of protobuf messages, and reads short ones. Package encode has
// functions of its own that append its messages, where they are tuned together with what they
// write.
//
// Functions that append take a slice of the caller, and are pure. A field with the default value of
// its type is left out, as official libraries do, except by functions that say otherwise.
package wire

import (
	"encoding/binary"
	"math"
)

// The types of fields on the wire.
const (
	typeVarint = 0
	typeEight  = 1
	typeBytes  = 2
	typeFour   = 5
)

// maxField is the highest number of a field.
const maxField = 1<<29 - 1

func appendTag(dst []byte, field, typ uint64) []byte { return binary.AppendUvarint(dst, field<<3|typ) }

// AppendUint appends an unsigned integer, an enum or a boolean.
func AppendUint(dst []byte, field, v uint64) []byte {
	if v == 0 {
		return dst
	}
	return AppendPresentUint(dst, field, v)
}

// AppendPresentUint is AppendUint for a field that is there also when it is 0: one of a oneof.
func AppendPresentUint(dst []byte, field, v uint64) []byte {
	return binary.AppendUvarint(appendTag(dst, field, typeVarint), v)
}

// AppendInt appends an int64, which is not zigzag encoded.
func AppendInt(dst []byte, field uint64, v int64) []byte { return AppendUint(dst, field, uint64(v)) }

// AppendSint appends an sint32 or an sint64, which are zigzag encoded.
func AppendSint(dst []byte, field uint64, v int64) []byte { return AppendUint(dst, field, Zigzag(v)) }

// Zigzag returns the encoding of an sint64 in which small numbers of both signs are short.
func Zigzag(v int64) uint64 { return uint64(v<<1) ^ uint64(v>>63) }

// AppendDouble appends a double. Negative zero is not the default.
func AppendDouble(dst []byte, field uint64, v float64) []byte {
	if math.Float64bits(v) == 0 {
		return dst
	}
	return AppendPresentDouble(dst, field, v)
}

// AppendPresentDouble is AppendDouble for a field that is there also when it is 0.
func AppendPresentDouble(dst []byte, field uint64, v float64) []byte {
	return binary.LittleEndian.AppendUint64(appendTag(dst, field, typeEight), math.Float64bits(v))
}

// AppendFixed appends a fixed64. It is there also when it is 0.
func AppendFixed(dst []byte, field, v uint64) []byte {
	return binary.LittleEndian.AppendUint64(appendTag(dst, field, typeEight), v)
}

// AppendString appends a string or bytes.
func AppendString[T string | []byte](dst []byte, field uint64, s T) []byte {
	if len(s) == 0 {
		return dst
	}
	return AppendPresentString(dst, field, s)
}

// AppendPresentString is AppendString for an element of a repeated field, which may be empty.
func AppendPresentString[T string | []byte](dst []byte, field uint64, s T) []byte {
	dst = binary.AppendUvarint(appendTag(dst, field, typeBytes), uint64(len(s)))
	return append(dst, s...)
}

// Open begins a message, or a packed field, and returns where its content begins. Close ends it.
// There is room for a length of one byte, because most messages are short.
func Open(dst []byte, field uint64) (_ []byte, begin int) {
	dst = append(appendTag(dst, field, typeBytes), 0)
	return dst, len(dst)
}

// Close sets the length of the message that begins there. A message whose length takes more than a
// byte is moved.
func Close(dst []byte, begin int) []byte {
	n := uint64(len(dst) - begin)
	if n < 0x80 {
		dst[begin-1] = byte(n)
		return dst
	}
	var length [binary.MaxVarintLen64]byte
	more := binary.PutUvarint(length[:], n) - 1
	dst = append(dst, length[:more]...) // any bytes
	copy(dst[begin+more:], dst[begin:])
	copy(dst[begin-1:], length[:more+1])
	return dst
}
