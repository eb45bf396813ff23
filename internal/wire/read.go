// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"
	"errors"
	"iter"
)

// Field is a field of a message.
type Field struct {
	Number uint64
	Value  uint64 // of an integer, or of 4 or 8 bytes
	Bytes  []byte // of a string, bytes or a message; part of what was read
}

// ErrMessage is the error of bytes that are no message.
var ErrMessage = errors.New("not a protobuf message")

// Fields walks the fields of a message, which may be anything: if it is not one, the last step has
// [ErrMessage]. A field may occur several times, and the last one of a single field counts.
func Fields(message []byte) iter.Seq2[Field, error] {
	return func(yield func(Field, error) bool) {
		for len(message) > 0 {
			f, rest, ok := next(message)
			if !ok {
				yield(Field{}, ErrMessage)
				return
			}
			if message = rest; !yield(f, nil) {
				return
			}
		}
	}
}

// next splits the first field off.
func next(message []byte) (f Field, rest []byte, ok bool) {
	tag, n := binary.Uvarint(message)
	if n <= 0 || tag>>3 == 0 || tag>>3 > maxField {
		return f, nil, false
	}
	f.Number, message = tag>>3, message[n:]
	switch tag & 7 {
	case typeVarint:
		f.Value, n = binary.Uvarint(message)
		if n <= 0 {
			return f, nil, false
		}
		return f, message[n:], true
	case typeEight:
		if len(message) < 8 {
			return f, nil, false
		}
		f.Value = binary.LittleEndian.Uint64(message)
		return f, message[8:], true
	case typeFour:
		if len(message) < 4 {
			return f, nil, false
		}
		f.Value = uint64(binary.LittleEndian.Uint32(message))
		return f, message[4:], true
	case typeBytes:
		length, n := binary.Uvarint(message)
		if n <= 0 || length > uint64(len(message)-n) {
			return f, nil, false
		}
		message = message[n:]
		f.Bytes = message[:length:length]
		return f, message[length:], true
	}
	return f, nil, false // a group, which nobody writes
}
