// SPDX-License-Identifier: Apache-2.0

package export

import (
	"bufio"
	"compress/gzip"
	"io"
	"strings"
)

const (
	// gzipLevel compresses a page of 100 000 two-label counters (7.4 MB) in 13 ms to 1/14. The default level takes 53 ms
	// for 4 % less, levels 2 to 4 take 20 to 25, and Huffman codes alone 23 for ten times as much (BenchmarkGzipLevels).
	// Encoding that page takes 4 ms, so compression is most of a scrape's CPU.
	gzipLevel = gzip.BestSpeed

	// gzipChunk gathers compressed bytes: the compressor hands out 240 at a time, and each write sets a deadline.
	gzipChunk = 32 << 10
)

// compressor is a gzip stream with a buffer behind it. It is pooled: a new one costs about a megabyte.
type compressor struct {
	gz  *gzip.Writer
	out *bufio.Writer
}

func newCompressor() *compressor {
	out := bufio.NewWriterSize(io.Discard, gzipChunk)
	gz, err := gzip.NewWriterLevel(out, gzipLevel)
	if err != nil {
		panic(err) // the level is a constant
	}
	return &compressor{gz: gz, out: out}
}

func (c *compressor) start(w io.Writer) {
	c.out.Reset(w)
	c.gz.Reset(c.out)
}

// finish writes what is left. Without it the stream has no end, and the client sees that.
func (c *compressor) finish() error {
	if err := c.gz.Close(); err != nil {
		return err
	}
	return c.out.Flush()
}

// release lets go of the response.
func (c *compressor) release() { c.out.Reset(io.Discard) }

// acceptsGzip reports whether a client asks for gzip, by RFC 9110, section 12.5.3: with a weight above 0, by name
// (x-gzip is its old name) or through "*", and not below an identity that it names itself. Without the header the
// answer is no: the client may understand gzip, but has not asked for it.
func acceptsGzip(lines []string) bool {
	const unstated = -1
	gzip, star, identity := unstated, unstated, unstated
	eachElement(lines, func(e element) {
		switch {
		case strings.EqualFold(e.value, "gzip"), strings.EqualFold(e.value, "x-gzip"):
			gzip = max(gzip, e.weight)
		case e.value == "*":
			star = max(star, e.weight)
		case strings.EqualFold(e.value, "identity"):
			identity = max(identity, e.weight)
		}
	})
	if gzip == unstated {
		gzip = star
	}
	return gzip > 0 && gzip >= identity
}
