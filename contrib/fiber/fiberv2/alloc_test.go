// SPDX-License-Identifier: Apache-2.0

//go:build !race

package fiberv2

import (
	"testing"

	"github.com/quipu-metrics/quipu/contrib/fiber/internal/fibertest"
)

func TestTheMiddlewareAllocatesNothing(t *testing.T) {
	fibertest.Allocations(t, version)
}
