// SPDX-License-Identifier: Apache-2.0

package export

import (
	"errors"
	"io"

	"github.com/quipu-metrics/quipu/engine"
)

// Render writes one page of the registry's metrics to w and returns its Content-Type. The format is
// the one that [Negotiate] chooses for the given lines of an Accept header; without any it is text
// 0.0.4. Frameworks without net/http build their handlers on Render. It sets no deadlines and does
// not compress. It writes chunks of about 64 KiB and stops at the first error of w, which it
// returns together with the content type. It may be called concurrently.
//
// In protobuf a family of more than 64 KiB consists of several messages of one name, which
// Prometheus merges. Servers that keep one message for each name, as a Pushgateway does, need a
// page of [engine.Registry.Expose] with WholeFamilies.
//
// HTTP sends the Content-Type before the body. Call Negotiate(accept...).ContentType() beforehand,
// or render into a buffer.
func Render(w io.Writer, reg *engine.Registry, accept ...string) (contentType string, err error) {
	format := Negotiate(accept...)
	if reg == nil {
		return format.ContentType(), errors.New("quipu: Render needs a registry")
	}
	_, err = reg.Expose(w, engine.Exposition{Format: format})
	return format.ContentType(), err
}
