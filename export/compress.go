// SPDX-License-Identifier: Apache-2.0

package export

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/quipu-metrics/quipu/internal/pagezip"
)

const (
	// encodedChunk is the size of the buffer behind an encoder. Each write to the response sets a
	// deadline, and compress/gzip hands out 240 bytes at a time. The handler's own gzip writes
	// pieces of this size, which bypass the buffer.
	encodedChunk = 32 << 10

	// maxEncodings bounds the encodings of a handler, so that their weights fit on the stack.
	maxEncodings = 8
)

// Encoder compresses pages: see [WithEncoding]. The writers of compress/gzip and of most packages
// that compress are Encoders. The handler keeps them in a pool and uses one for many pages, one
// after another.
type Encoder interface {
	// Write compresses a part of the page. Close writes the end of the page, after which the
	// encoder writes nothing more. It does not close the writer behind the encoder.
	io.WriteCloser

	// Reset begins another page, which is written to w. It also ends a page that was not closed:
	// after Reset has returned, the encoder must not use the writer of that page any more.
	Reset(w io.Writer)
}

// encoding is a content encoding that a handler offers.
type encoding struct {
	name       string // in lower case
	newEncoder func(io.Writer) Encoder
}

// ownGzip is the encoding that a handler has without options. Compression is most of the CPU time
// of a large scrape, so it is done by a compressor for pages (BenchmarkWriter of internal/pagezip).
var ownGzip = encoding{"gzip", func(w io.Writer) Encoder { return pagezip.NewWriter(w) }}

// isEncodingName reports whether name, in lower case, can be that of an encoding. The name x-gzip
// stands for gzip.
func isEncodingName(name string) bool {
	return name != "" && name != "identity" && name != "x-gzip" &&
		strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.+") == ""
}

// offeredEncoding is an encoding with its compressors.
type offeredEncoding struct {
	encoding
	header []string  // the value of Content-Encoding
	pool   sync.Pool // of *compressor
}

// offeredEncodings returns the encodings of a handler in the order of its preference.
func (c *handlerConfig) offeredEncodings() []*offeredEncoding {
	if c.noCompression {
		return nil
	}
	all, hasGzip := append([]encoding(nil), c.encodings...), false
	for _, e := range all {
		hasGzip = hasGzip || e.name == ownGzip.name
	}
	if !hasGzip {
		all = append(all, ownGzip)
	}
	offered := make([]*offeredEncoding, len(all))
	for i, e := range all {
		o := &offeredEncoding{encoding: e, header: []string{e.name}}
		o.pool.New = func() any { return newCompressor(e) }
		if i < len(c.encodings) {
			o.pool.Put(newCompressor(e)) // if it cannot make encoders, it panics now and not in a scrape
		}
		offered[i] = o
	}
	return offered
}

// compressor is an encoder with a buffer behind it. Compressors are pooled, because a new one takes
// a third of a megabyte with the handler's own gzip, and more with others.
type compressor struct {
	enc Encoder
	out *bufio.Writer
}

func newCompressor(e encoding) *compressor {
	out := bufio.NewWriterSize(io.Discard, encodedChunk)
	enc := e.newEncoder(out)
	if enc == nil {
		panic(fmt.Sprintf("quipu: WithEncoding(%q): the function has returned nil", e.name))
	}
	return &compressor{enc: enc, out: out}
}

func (c *compressor) start(w io.Writer) {
	c.out.Reset(w)
	c.enc.Reset(c.out)
}

// finish writes the rest of the stream. Without it the stream has no end, which the client notices.
func (c *compressor) finish() error {
	if err := c.enc.Close(); err != nil {
		return err
	}
	return c.out.Flush()
}

// release drops the reference to the response. An encoder that compresses in the background may
// still write to the buffer if its page was not finished; a Reset ends that.
func (c *compressor) release(finished bool) {
	if !finished {
		c.enc.Reset(io.Discard)
	}
	c.out.Reset(io.Discard)
}

// chooseEncoding returns the encoding that the lines of an Accept-Encoding header prefer, by RFC
// 9110, section 12.5.3, or nil for none. An encoding needs a weight above 0, by name (x-gzip is the
// old name of gzip) or by "*", and identity must not have a higher one. Without the header the
// answer is none: the client may understand gzip, but it has not asked for it.
func chooseEncoding(offered []*offeredEncoding, lines []string) *offeredEncoding {
	const unstated = -1
	var weights [maxEncodings]int
	for i := range weights {
		weights[i] = unstated
	}
	star, identity := unstated, unstated
	eachElement(lines, func(e element) {
		switch {
		case e.value == "*":
			star = max(star, e.weight)
			return
		case strings.EqualFold(e.value, "identity"):
			identity = max(identity, e.weight)
			return
		case strings.EqualFold(e.value, "x-gzip"):
			e.value = ownGzip.name
		}
		for i, o := range offered {
			if strings.EqualFold(e.value, o.name) {
				weights[i] = max(weights[i], e.weight)
			}
		}
	})
	var chosen *offeredEncoding
	best := max(0, identity-1) // a weight above it is at least that of identity
	for i, o := range offered {
		weight := weights[i]
		if weight == unstated {
			weight = star
		}
		if weight > best {
			chosen, best = o, weight
		}
	}
	return chosen
}
