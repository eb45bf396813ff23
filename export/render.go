// SPDX-License-Identifier: Apache-2.0

package export

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/quipu-metrics/quipu/engine"
)

// Render writes one page of the registry's metrics to w and returns its Content-Type. The format is
// the one that a [Handler] with these options chooses for the Accept header accept, whose lines are
// joined by commas; if it is empty, that is text 0.0.4. Frameworks without net/http build their
// handlers on Render. It sets no deadlines and does not compress. It writes chunks of about 64 KiB
// and stops at the first error of w, which it returns together with the content type. It may be
// called concurrently.
//
// Render returns an error, and writes nothing, if reg or an option is nil, or if an option is one
// that only a handler can follow: [WithWriteTimeout] and [WithMaxConcurrent].
//
// In protobuf a family of more than 64 KiB consists of several messages of one name, which
// Prometheus merges. Servers that keep one message for each name, as a Pushgateway does, need a
// page of [engine.Registry.Expose] with WholeFamilies.
//
// HTTP sends the Content-Type before the body. Call [ContentType] beforehand, or render into a
// buffer.
func Render(w io.Writer, reg *engine.Registry, accept string, opts ...Option) (contentType string, err error) {
	start := time.Now()
	c, err := configOf(opts)
	chosen := choose(c.offers, []string{accept})
	contentType = chosen.contentType()
	switch {
	case err != nil:
		return contentType, fmt.Errorf("quipu: Render: %w", err)
	case c.handlerOnly != "":
		return contentType, fmt.Errorf("quipu: Render: %s is for handlers: Render writes one page, and its caller "+
			"sets deadlines", c.handlerOnly)
	case reg == nil:
		return contentType, errors.New("quipu: Render needs a registry")
	}
	e := engine.Exposition{Format: chosen.format, Escaping: chosen.escaping, NoSelf: c.noSelf, Created: c.created}
	if c.scrapeTimeout > 0 {
		e.Deadline = start.Add(callbackBudget(c.scrapeTimeout))
		w = &timedWriter{w, start.Add(c.scrapeTimeout)}
	}
	_, err = reg.Expose(w, e)
	return contentType, err
}

// ContentType returns the Content-Type of the page that [Render] and [Handler] write for these
// arguments. It may be called concurrently. It panics if reg or an option is nil.
func ContentType(reg *engine.Registry, accept string, opts ...Option) string {
	c, err := configOf(opts)
	switch {
	case err != nil:
		panic("quipu: ContentType: " + err.Error())
	case reg == nil:
		panic("quipu: ContentType needs a registry")
	}
	return choose(c.offers, []string{accept}).contentType()
}

// timedWriter refuses chunks once the time of a page is over.
type timedWriter struct {
	w   io.Writer
	end time.Time
}

// Write implements [io.Writer].
func (t *timedWriter) Write(chunk []byte) (int, error) {
	if !time.Now().Before(t.end) {
		return 0, errScrapeTimeout
	}
	return t.w.Write(chunk)
}
