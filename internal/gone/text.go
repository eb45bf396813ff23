// SPDX-License-Identifier: Apache-2.0

package gone

import "encoding/binary"

// AppendLabel appends a label to the text of labels: name and value, each after its length.
func AppendLabel(dst []byte, name, value string) []byte {
	return AppendPart(AppendPart(dst, name, ""), value, "")
}

// AppendPart appends a name or a value, which may consist of two pieces.
func AppendPart(dst []byte, text, suffix string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(text)+len(suffix)))
	return append(append(dst, text...), suffix...)
}

// NextLabel splits the first label off such a text.
func NextLabel(text []byte) (name, value, rest []byte) {
	name, text = nextPart(text)
	value, rest = nextPart(text)
	return name, value, rest
}

func nextPart(text []byte) (part, rest []byte) {
	n, size := binary.Uvarint(text)
	return text[size : size+int(n)], text[size+int(n):]
}
