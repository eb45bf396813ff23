// SPDX-License-Identifier: Apache-2.0

package otlpform

import "encoding/hex"

// DecodeID reads an id from hexadecimal digits, and reports whether it is one: of the right length,
// and not zero, which stands for no id.
func DecodeID(id []byte, text string) bool {
	if len(text) != hex.EncodedLen(len(id)) {
		return false
	}
	if _, err := hex.Decode(id, []byte(text)); err != nil {
		return false
	}
	for _, b := range id {
		if b != 0 {
			return true
		}
	}
	return false
}
