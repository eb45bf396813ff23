// SPDX-License-Identifier: Apache-2.0

package pagezip

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDelimitersAreFound(t *testing.T) {
	for _, c := range []struct {
		text string
		want int
	}{
		{`abc"`, 3}, {`abcdefgh"`, 8}, {`abcdefghijkl` + "\n", 12}, {" x", 0}, {"#$%&'()*+,-./}~", 15},
		{"\x80\xff\xa2\x22", 3}, {"!", 0}, {"\x00", 0}, {"\x23\x22", 1}, {"", 0},
	} {
		w := new(window)
		copy(w[:], c.text+"________________")
		require.Equal(t, c.want, nextDelimiter(w, 0, len(c.text)), "%q", c.text)
	}
}
