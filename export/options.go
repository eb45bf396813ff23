// SPDX-License-Identifier: Apache-2.0

package export

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/quipu-metrics/quipu/encode"
)

// Defaults of the options, and bounds that no option changes.
const (
	defaultWriteTimeout  = 10 * time.Second // slower links than 64 KiB in this time are slower than modems
	defaultScrapeTimeout = time.Minute      // for requests that do not state one
	minScrapeTimeout     = time.Second
	maxScrapeTimeout     = 2 * time.Minute
	defaultMaxConcurrent = 8
)

// Option configures a [Handler], the handler of a [Service], or one page of [Render]. Options that
// only a handler can follow say so.
type Option func(*handlerConfig)

type handlerConfig struct {
	offers        []offer
	writeTimeout  time.Duration
	scrapeTimeout time.Duration // 0: none given
	maxConcurrent int
	encodings     []encoding // of WithEncoding, in the order of the server's preference
	noCompression bool
	noSelf        bool
	created       bool
	handlerOnly   string // an option that only a handler can follow, if there is one
}

func newHandlerConfig(opts []Option) handlerConfig {
	c, err := configOf(opts)
	if err != nil {
		panic("quipu: Handler: " + err.Error())
	}
	return c
}

// configOf applies options to the defaults.
func configOf(opts []Option) (handlerConfig, error) {
	c := handlerConfig{
		offers:        defaultOffers,
		writeTimeout:  defaultWriteTimeout,
		maxConcurrent: defaultMaxConcurrent,
	}
	for i, opt := range opts {
		if opt == nil {
			return c, fmt.Errorf("option %d of %d is nil", i+1, len(opts))
		}
		opt(&c)
	}
	if c.noCompression && len(c.encodings) > 0 {
		return c, fmt.Errorf("WithoutCompression and WithEncoding(%q) exclude each other", c.encodings[0].name)
	}
	for i, e := range c.encodings {
		if slices.ContainsFunc(c.encodings[:i], func(other encoding) bool { return other.name == e.name }) {
			return c, fmt.Errorf("WithEncoding(%q) is there twice", e.name)
		}
	}
	if len(c.encodings) >= maxEncodings {
		return c, fmt.Errorf("there are %d encodings, at most %d are supported", len(c.encodings), maxEncodings-1)
	}
	return c, nil
}

// WithWriteTimeout bounds the time that the client may take to receive one chunk of a page, which
// is 64 KiB, or 32 KiB under gzip. The default is 10 seconds. The deadline moves ahead before every
// chunk, so it limits how slow a reader may be, but not how large a page may be;
// [WithScrapeTimeout] limits the whole page. While a page is written, this deadline replaces that
// of http.Server.WriteTimeout. WithWriteTimeout panics if d is not positive. [Render] returns an
// error for it, because it sets no deadlines.
func WithWriteTimeout(d time.Duration) Option {
	mustBePositive("WithWriteTimeout", d)
	return func(c *handlerConfig) { c.writeTimeout, c.handlerOnly = d, "WithWriteTimeout" }
}

// WithScrapeTimeout bounds the time of a scrape, from the request to the last byte. A page that is
// not complete by then is cut off. Without this option the limit is the one that the scraper states
// in X-Prometheus-Scrape-Timeout-Seconds, within 1 second and 2 minutes, or 1 minute if the scraper
// states none. With this option the limit is d, or less if the scraper states less.
// WithScrapeTimeout panics if d is not positive.
//
// [Render] has no limit without this option. With it, a page that is not complete after d is an
// error, although a write that is under way then is not interrupted.
func WithScrapeTimeout(d time.Duration) Option {
	mustBePositive("WithScrapeTimeout", d)
	return func(c *handlerConfig) { c.scrapeTimeout = d }
}

// WithMaxConcurrent bounds the number of concurrent scrapes. The default is 8. One remote address
// (for IPv6, one /64 network) has at most three quarters of the slots, and one HTTP/2 connection
// half of them. A scrape beyond these bounds waits for up to a second and then gets 503 with
// Retry-After. WithMaxConcurrent panics if n is less than 1. [Render] returns an error for it,
// because it writes one page.
//
// Stalled readers do not keep other scrapers out. While a scrape waits, the handler cuts off the
// page of a reader that has held up one write for 200 ms, or all writes of its page for 2 seconds,
// and gives the slot to the waiting scrape. When many scrapes wait, it does so sooner.
//
// A scrape holds a chunk of 64 KiB, and under gzip a compressor of 330 KiB. A page that was cut
// off holds them until its write returns. If a wrapper around the handler has neither
// SetWriteDeadline nor Unwrap, the write cannot be interrupted, and returns when the client reads
// or disconnects. As long as there are n such pages, further pages are not compressed.
func WithMaxConcurrent(n int) Option {
	if n < 1 {
		panic(fmt.Sprintf("quipu: WithMaxConcurrent(%d): at least one scrape must be possible", n))
	}
	return func(c *handlerConfig) { c.maxConcurrent, c.handlerOnly = n, "WithMaxConcurrent" }
}

// WithFormats limits the formats to the given ones, in the order of the server's preference, which
// counts if the client has none. A client that accepts none of them gets the first. The default is
// text, OpenMetrics, protobuf. WithFormats panics if there is no format, or if one is unknown or
// named twice.
func WithFormats(formats ...encode.Format) Option {
	if len(formats) == 0 {
		panic("quipu: WithFormats() without a format: name at least one, such as encode.Text")
	}
	offers := make([]offer, 0, offerCount)
	for _, f := range formats {
		more := offersOf(f)
		if len(more) == 0 {
			panic(fmt.Sprintf("quipu: WithFormats: unknown format %d", f))
		}
		for _, taken := range offers {
			if taken.format == f {
				panic(fmt.Sprintf("quipu: WithFormats: %v is named twice", f))
			}
		}
		offers = append(offers, more...)
	}
	return func(c *handlerConfig) { c.offers = offers }
}

// offersOf returns the offers of a format: text has two versions.
func offersOf(f encode.Format) (offers []offer) {
	for _, o := range defaultOffers {
		if o.format == f {
			offers = append(offers, o)
		}
	}
	return offers
}

// WithoutCompression turns compression off, for servers behind a proxy that compresses, or where
// CPU time is more expensive than the network. [Render] never compresses, with or without this
// option. [Handler] panics if there is a [WithEncoding] too.
func WithoutCompression() Option {
	return func(c *handlerConfig) { c.noCompression = true }
}

// WithEncoding adds a content encoding, such as zstd, to the handler. Several may be added.
// newEncoder makes an encoder that writes to w; it is called when the pool of encoders is empty,
// and may be called concurrently. An encoding called gzip takes the place of the handler's own.
//
//	export.WithEncoding("zstd", func(w io.Writer) export.Encoder {
//		e, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
//		return engine.Must(e, err)
//	})
//
// The weights in the client's Accept-Encoding decide first. Among encodings of the same weight, and
// for those that "*" stands for, the order of the options decides, and the handler's own gzip comes
// last. A page is sent as it is if the client names identity with a higher weight, or if it accepts
// none of the encodings.
//
// Content-Encoding shows the name in lower case. WithEncoding panics if newEncoder is nil, or if
// the name cannot be that of an encoding. [Handler] panics if an encoding is there twice, and if
// newEncoder returns nil. [Render] returns an error for this option, because it does not compress.
func WithEncoding(name string, newEncoder func(w io.Writer) Encoder) Option {
	e := encoding{name: strings.ToLower(name), newEncoder: newEncoder}
	if !isEncodingName(e.name) {
		panic(fmt.Sprintf("quipu: WithEncoding(%q): want the name of a content encoding, such as zstd", name))
	}
	if newEncoder == nil {
		panic(fmt.Sprintf("quipu: WithEncoding(%q): the function is nil", name))
	}
	return func(c *handlerConfig) {
		c.encodings = append(c.encodings, e)
		c.handlerOnly = "WithEncoding"
	}
}

// WithoutSelfMetrics leaves the metrics of the registry itself (quipu_*) out of the pages.
func WithoutSelfMetrics() Option {
	return func(c *handlerConfig) { c.noSelf = true }
}

// WithCreatedTimes adds the creation times of series to OpenMetrics pages. Each counter, histogram
// and summary gets one more series, with the suffix _created, which Prometheus stores like any
// other. In protobuf the times are always there, and cost no series.
func WithCreatedTimes() Option {
	return func(c *handlerConfig) { c.created = true }
}

func mustBePositive(option string, d time.Duration) {
	if d <= 0 {
		panic(fmt.Sprintf("quipu: %s(%v): the duration must be positive", option, d))
	}
}
