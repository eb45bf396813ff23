// SPDX-License-Identifier: Apache-2.0

package export

import (
	"bufio"
	"compress/gzip"
	"io"
	"strings"
)

const (
	// gzipLevel is the fastest level. It compresses a page of 100 000 counters with two labels to
	// 1/14. The default level takes four times as long for 4 % less, levels 2 to 4 take nearly
	// twice as long, and Huffman codes alone take longer too for ten times the bytes
	// (BenchmarkGzipLevels). Compression is most of a scrape's CPU time, so the level matters.
	gzipLevel = gzip.BestSpeed

	// gzipChunk is the size of the buffer behind the compressor, which hands out 240 bytes at a
	// time. Each write to the response sets a deadline.
	gzipChunk = 32 << 10
)

// compressor is a gzip stream with a buffer behind it. Compressors are pooled, because a new one
// takes about a megabyte.
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

// finish writes the rest of the stream. Without it the stream has no end, which the client notices.
func (c *compressor) finish() error {
	if err := c.gz.Close(); err != nil {
		return err
	}
	return c.out.Flush()
}

// release drops the reference to the response.
func (c *compressor) release() { c.out.Reset(io.Discard) }

// acceptsGzip reports whether the lines of an Accept-Encoding header ask for gzip, by RFC 9110,
// section 12.5.3. They do so with a weight above 0, by name (x-gzip is the old name) or by "*",
// unless they name identity with a higher weight. Without the header the answer is no: the client
// may understand gzip, but it has not asked for it.
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
