// SPDX-License-Identifier: Apache-2.0

package export

import (
	"errors"
	"io"

	"github.com/quipu-metrics/quipu/engine"
)

// Render writes one page of the registry's metrics to w, in the format that [Negotiate] chooses for the Accept header
// lines given (none: text 0.0.4), and returns its Content-Type. It is the part of a handler that frameworks without
// net/http need; it knows no deadlines and does not compress. It writes in chunks of about 64 KiB and returns the first
// error of w; the content type is returned in any case. It may be called concurrently.
//
// In protobuf a family of more than 64 KiB is several messages of one name, which Prometheus adds up.
// What keeps one message for each name, as a Pushgateway does, needs a page of [engine.Registry.Expose]
// with WholeFamilies.
//
// HTTP wants Content-Type before the body. Render into a buffer first, or ask Negotiate(accept...).ContentType()
// beforehand.
func Render(w io.Writer, reg *engine.Registry, accept ...string) (contentType string, err error) {
	format := Negotiate(accept...)
	if reg == nil {
		return format.ContentType(), errors.New("quipu: Render needs a registry")
	}
	_, err = reg.Expose(w, engine.Exposition{Format: format})
	return format.ContentType(), err
}
