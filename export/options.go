// SPDX-License-Identifier: Apache-2.0

package export

import (
	"fmt"
	"time"

	"github.com/quipu-metrics/quipu/encode"
)

// Defaults of the options, and bounds that are not options.
const (
	defaultWriteTimeout  = 10 * time.Second // a link that needs longer for 64 KiB is slower than a modem
	defaultScrapeTimeout = time.Minute      // for requests that do not state one
	minScrapeTimeout     = time.Second
	maxScrapeTimeout     = 2 * time.Minute
	defaultMaxConcurrent = 8
)

// Option configures a [Handler], and the handler inside a [Service].
type Option func(*handlerConfig)

type handlerConfig struct {
	offers        []offer
	writeTimeout  time.Duration
	scrapeTimeout time.Duration // 0: none given
	maxConcurrent int
	noGzip        bool
	noSelf        bool
	created       bool
}

func newHandlerConfig(opts []Option) handlerConfig {
	c := handlerConfig{
		offers:        defaultOffers,
		writeTimeout:  defaultWriteTimeout,
		maxConcurrent: defaultMaxConcurrent,
	}
	for i, opt := range opts {
		if opt == nil {
			panic(fmt.Sprintf("quipu: Handler: option %d of %d is nil", i+1, len(opts)))
		}
		opt(&c)
	}
	return c
}

// WithWriteTimeout bounds how long one chunk of a page (64 KiB; 32 KiB under gzip) may take to reach the client: 10 seconds
// by default. The deadline is set anew before every chunk, so it limits how slow a reader may be, not how large a page
// may be; [WithScrapeTimeout] limits the whole. It replaces http.Server.WriteTimeout while a page is written. It panics on
// a duration that is not positive.
func WithWriteTimeout(d time.Duration) Option {
	mustBePositive("WithWriteTimeout", d)
	return func(c *handlerConfig) { c.writeTimeout = d }
}

// WithScrapeTimeout is the longest time that one scrape may take, from request to last byte; what is not written by then
// is cut off. By default it is what the scraper says in X-Prometheus-Scrape-Timeout-Seconds, from 1 second to 2
// minutes, and 1 minute for those that say nothing. With this option it is at most d for both. It panics on a duration
// that is not positive.
func WithScrapeTimeout(d time.Duration) Option {
	mustBePositive("WithScrapeTimeout", d)
	return func(c *handlerConfig) { c.scrapeTimeout = d }
}

// WithMaxConcurrent is how many scrapes may be at work at once: 8 by default. One remote address (an IPv6 /64) gets three
// quarters of them at most, one HTTP/2 connection half. A scrape beyond that waits for up to a second and then gets 503
// with Retry-After. While it waits, the page of a reader that has held up a write for a fifth of a second, or its whole
// page for two seconds, is cut, and the slot passes on; sooner when many wait. So readers that stall keep
// nobody out. Each scrape at work holds a chunk of 64 KiB, and under gzip a compressor of about 1 MiB. A page that was cut
// and cannot be interrupted, because a wrapper around the handler has neither SetWriteDeadline nor Unwrap, holds them
// until its client reads or goes away; when there are n of these, further pages are not compressed. It panics if n is
// less than 1.
func WithMaxConcurrent(n int) Option {
	if n < 1 {
		panic(fmt.Sprintf("quipu: WithMaxConcurrent(%d): at least one scrape must be possible", n))
	}
	return func(c *handlerConfig) { c.maxConcurrent = n }
}

// WithFormats limits the formats that are offered, in the order of preference for clients that have none: the first one is
// also the answer to those that accept none of them. The default is text, OpenMetrics, protobuf. It panics without
// formats, and on one that is unknown or named twice.
func WithFormats(formats ...encode.Format) Option {
	if len(formats) == 0 {
		panic("quipu: WithFormats() without a format: name at least one, such as encode.Text")
	}
	offers := make([]offer, 0, formatCount)
	for _, f := range formats {
		o, ok := offerOf(f)
		if !ok {
			panic(fmt.Sprintf("quipu: WithFormats: unknown format %d", f))
		}
		for _, taken := range offers {
			if taken.format == f {
				panic(fmt.Sprintf("quipu: WithFormats: %v is named twice", f))
			}
		}
		offers = append(offers, o)
	}
	return func(c *handlerConfig) { c.offers = offers }
}

func offerOf(f encode.Format) (offer, bool) {
	for _, o := range defaultOffers {
		if o.format == f {
			return o, true
		}
	}
	return offer{}, false
}

// WithoutCompression never compresses, for instances behind a proxy that does it, or where CPU is dearer than the network.
func WithoutCompression() Option {
	return func(c *handlerConfig) { c.noGzip = true }
}

// WithoutSelfMetrics leaves the engine's own families (quipu_*) out of the pages.
func WithoutSelfMetrics() Option {
	return func(c *handlerConfig) { c.noSelf = true }
}

// WithCreatedTimes shows in OpenMetrics when series were created: one more series, with the suffix _created, for each
// counter, histogram and summary, which Prometheus stores as it does others. Protobuf carries these times without it, and
// not as series.
func WithCreatedTimes() Option {
	return func(c *handlerConfig) { c.created = true }
}

func mustBePositive(option string, d time.Duration) {
	if d <= 0 {
		panic(fmt.Sprintf("quipu: %s(%v): the duration must be positive", option, d))
	}
}
