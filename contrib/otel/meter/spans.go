// SPDX-License-Identifier: Apache-2.0

package meter

import (
	"context"
	"math/rand/v2"
	"sync/atomic"

	"go.opentelemetry.io/otel/trace"
)

// spans knows whether the program has spans. Looking for one in a context costs as much as finding
// the series, or several times that in a deep context. So a program that has had none looks in one
// of 16 measurements only, and in all of them once it has found one, sampled or not. That may miss
// the exemplars of the first few measurements.
type spans struct{ found atomic.Bool }

const lookOdds = 16

// sampled reports whether a measurement belongs to a span that is recorded, and may be an exemplar.
func (s *spans) sampled(ctx context.Context) bool {
	found := s.found.Load()
	if !found && rand.Uint32()%lookOdds != 0 {
		return false
	}
	span := trace.SpanContextFromContext(ctx)
	if !found && span.IsValid() {
		s.found.Store(true)
	}
	return span.IsSampled()
}
