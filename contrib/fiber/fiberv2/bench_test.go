// SPDX-License-Identifier: Apache-2.0

package fiberv2

import (
	"testing"

	"github.com/quipu-metrics/quipu/contrib/fiber/internal/fibertest"
)

// BenchmarkMiddleware measures a request through an application, in memory, without and with
// Middleware.
func BenchmarkMiddleware(b *testing.B) {
	fibertest.BenchmarkMiddleware(b, version)
}
