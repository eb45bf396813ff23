// SPDX-License-Identifier: Apache-2.0

package pagezip_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
	"maps"
	"os/exec"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/internal/pagezip"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// readMembers reads gzip members with zlib, each behind its length, and prints the length and CRC
// of what they hold. It fails if anything is left behind the end of a member.
const readMembers = `
import struct, sys, zlib
while size := sys.stdin.buffer.read(4):
    member = sys.stdin.buffer.read(struct.unpack("<I", size)[0])
    z = zlib.decompressobj(31)
    text = z.decompress(member) + z.flush()
    assert z.eof and not z.unused_data
    sys.stdout.buffer.write(struct.pack("<II", len(text), zlib.crc32(text)))
`

// zlib is the reader that most programs use, and stricter than that of Go about codes.
func TestZlibReadsWhatIsWritten(t *testing.T) {
	python := testkit.Require(t, "python3")
	texts := inputs()
	for f, name := range formatNames {
		for _, k := range kinds {
			texts[name+"/"+k.name] = pageOf(t, f, k.name, 2000)
			texts[name+"/"+k.name+"/short"] = pageOf(t, f, k.name, 3)
		}
	}
	texts["long page"] = pageOf(t, encode.Text, "histograms", 20_000)
	names := slices.Collect(maps.Keys(texts))
	z := pagezip.NewWriter(io.Discard)
	var members []byte
	for _, name := range names {
		member := compress(t, z, texts[name], []int{5000})
		members = binary.LittleEndian.AppendUint32(members, uint32(len(member)))
		members = append(members, member...)
	}
	cmd := exec.Command(python, "-c", readMembers)
	cmd.Stdin = bytes.NewReader(members)
	sums, err := cmd.Output()
	require.NoError(t, err)
	require.Len(t, sums, 8*len(names))
	for i, name := range names {
		text := texts[name]
		require.EqualValues(t, len(text), binary.LittleEndian.Uint32(sums[8*i:]), name)
		require.Equal(t, crc32.ChecksumIEEE(text), binary.LittleEndian.Uint32(sums[8*i+4:]), name)
	}
}
